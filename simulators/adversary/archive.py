"""The best task found in every cell of task space (MAP-Elites), and which cell to play next."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentrl.simulators.models import UserTask

Cell = tuple[str, str, str, int]
"""Operator categories, first intent, locale, number of subgoals: `UserTask.cell`."""
Aim = Literal["learnability", "regret", "failure"]
"""What makes a task worth playing: that the policy is learning from it (training), that it solves it sometimes and
fails it mostly, or that it fails it (evaluation)."""


def worth(aim: Aim, success: float, solved: bool) -> float:
    """What a task is worth, in [0, 1], at this success; `solved` says whether the policy has ever solved one like it.

    Learnability is 4p(1-p), failure 1-p. Regret is what the policy has reached at best, 1 or 0, minus p (the MaxMC
    estimate of Jiang et al. 2021, arXiv 2110.02439). Against the expert, who always reaches 1, regret is failure.
    """
    if aim == "learnability":
        return 4 * success * (1 - success)
    return 1 - success if aim == "failure" or solved else 0.0


@dataclass(slots=True)
class Elite:
    """A cell's task, and the present policy's results in the cell, older ones weighing less."""

    task: UserTask
    wins: float = 0.0
    losses: float = 0.0
    last: int = 0
    """The step, that is the number of reports, at which a task of the cell was played last."""

    @property
    def success(self) -> float:
        """The mean of the posterior of the chance of success, with a uniform prior."""
        return (self.wins + 1) / (self.wins + self.losses + 2)

    def score(self, aim: Aim) -> float:
        """See `worth`."""
        return worth(aim, self.success, self.wins > 0)


class Archive:
    """Elites by cell. Sampling mixes rank^(-1/temperature) of the score with staleness (PLR, Jiang et al. 2021,
    arXiv 2010.03934)."""

    def __init__(
        self, *, aim: Aim = "learnability", temperature: float = 0.3, staleness: float = 0.2, ema: float = 0.4
    ) -> None:
        self.aim, self.temperature, self.staleness, self.ema = aim, temperature, staleness, ema
        self.elites: dict[Cell, Elite] = {}
        self.step = 0

    def __len__(self) -> int:
        return len(self.elites)

    def weights(self, cells: Sequence[Cell]) -> list[float]:
        """The chance of each cell; they sum to one. Cells with the same score share their ranks' weights."""
        scores = {cell: round(self.elites[cell].score(self.aim), 9) for cell in cells}
        shared: dict[float, list[float]] = {}
        for position, score in enumerate(sorted(scores.values(), reverse=True), 1):
            shared.setdefault(score, []).append(position ** (-1 / self.temperature))
        rank = {cell: sum(shared[score]) / len(shared[score]) for cell, score in scores.items()}
        age = {cell: self.step - self.elites[cell].last + 1 for cell in cells}
        ranks, ages = sum(rank.values()), sum(age.values())
        return [(1 - self.staleness) * rank[cell] / ranks + self.staleness * age[cell] / ages for cell in cells]

    def pick(self, rng: random.Random, fits: Callable[[UserTask], bool] = lambda task: True) -> UserTask | None:
        """The task of a cell drawn by its weight, among those that fit; None when there is none."""
        cells = [cell for cell, elite in self.elites.items() if fits(elite.task)]
        if not cells:
            return None
        return self.elites[rng.choices(cells, self.weights(cells))[0]].task

    def keep(self, fits: Callable[[UserTask], bool]) -> None:
        """Forgets the cells whose tasks do not fit."""
        self.elites = {cell: elite for cell, elite in self.elites.items() if fits(elite.task)}

    def report(self, task: UserTask, successes: Sequence[bool]) -> None:
        """What the present policy made of the task: one group of episodes.

        The cell's posterior forgets a share `ema` of what it knew. Another task takes the elite's place when it was
        more to the aim than the cell was expected to be, and is not nearly the same.
        """
        if not successes:
            return
        self.step += 1
        wins = sum(map(bool, successes))
        losses = len(successes) - wins
        new = Elite(task, wins, losses, self.step)
        elite = self.elites.get(task.cell)
        if elite is None:
            self.elites[task.cell] = new
            return
        # Alone the task may never have been solved, but the cell has been.
        better = worth(self.aim, new.success, wins + elite.wins > 0) > elite.score(self.aim)
        if better and task.id != elite.task.id and not similar(task, elite.task):
            elite.task = task
        elite.wins = (1 - self.ema) * elite.wins + wins
        elite.losses = (1 - self.ema) * elite.losses + losses
        elite.last = self.step

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes, as plain values."""
        rows = [
            {"task": elite.task.model_dump_json(), "wins": elite.wins, "losses": elite.losses, "last": elite.last}
            for elite in self.elites.values()
        ]
        return {"step": self.step, "elites": rows}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self.step = int(state["step"])
        self.elites = {}
        for row in state["elites"]:
            task = UserTask.model_validate_json(row["task"])
            self.elites[task.cell] = Elite(task, float(row["wins"]), float(row["losses"]), int(row["last"]))


def similar(one: UserTask, other: UserTask, limit: float = 0.9) -> bool:
    """Whether two tasks of a cell want nearly the same: by the Jaccard similarity of goals' and operators' values."""
    left, right = _values(one), _values(other)
    return len(left & right) > limit * max(1, len(left | right))


def _values(task: UserTask) -> set[str]:
    out = {f"{name}={value}" for op in task.ops for name, value in op.args.items()}
    for subgoal in task.goal.subgoals:
        out |= {f"{subgoal.kind}.{name}={value}" for name, value in subgoal.slots.items()}
    return out | {f"{name}={value}" for name, value in task.goal.known.items()}
