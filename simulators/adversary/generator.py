"""The generator of adversarial tasks: proposes, proves, remembers what the present policy is learning from."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agentrl.errors import UserError, nearest
from agentrl.simulators.adversary.archive import Aim, Archive, worth
from agentrl.simulators.adversary.bandit import Bandit
from agentrl.simulators.adversary.gate import EXPERT, SEEDS, Rejection, is_refusal, prove
from agentrl.simulators.adversary.operator import MAX_DEPTH
from agentrl.simulators.adversary.registry import OPERATORS, applicable, apply
from agentrl.simulators.adversary.world import Play, World
from agentrl.simulators.models import UserTask
from agentrl.simulators.users import seeded

TRIES: Final = 40
"""How many candidates one proposal may cost."""
FROM_ELITE: Final = 0.4
"""How many proposals begin with an elite and not with a plain task."""

Base = Callable[[random.Random], UserTask]
"""Draws a plain task."""


class Settings(BaseModel):
    """How the adversary chooses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(0.3, ge=0, le=1)
    """How many of the tasks are adversarial; the others are plain."""
    fresh: float = Field(0.4, ge=0, le=1)
    """How many of those are new proposals; the others come from the archive."""
    renew: float = Field(0.7, ge=0, le=1)
    """How many of the archive's are made anew: the same operators on another database and goal."""
    depth: int = Field(MAX_DEPTH, ge=1, le=MAX_DEPTH)
    """The most operators for one task."""
    refusals: float = Field(0.3, ge=0, le=1)
    """The largest share of adversarial tasks in which it is right to carry out nothing."""
    operators: tuple[str, ...] = Field(tuple(OPERATORS), min_length=1)
    """Which may be used."""
    held_out: tuple[tuple[str, ...], ...] = ()
    """Combinations of operators that no task may have together."""
    aim: Aim = "learnability"
    """What the archive and the bandit look for: "regret" and "failure" hunt for faults, also in an evaluation."""
    adaptive: bool = True
    """False draws operators uniformly and never uses the archive: the baseline."""

    @field_validator("operators")
    @classmethod
    def _known(cls, operators: tuple[str, ...]) -> tuple[str, ...]:
        for name in operators:
            if name not in OPERATORS:
                raise ValueError(f"there is no operator {name!r}.{nearest(name, OPERATORS)}")
        return operators


class Generator:
    """Draws tasks by seed and learns from reports. `world` and `play` belong to the environment."""

    def __init__(
        self,
        base: Base,
        world: Callable[[UserTask], World],
        play: Play,
        settings: Settings | None = None,
        expert: str = EXPERT,
    ) -> None:
        self.base, self.world, self.play, self.expert = base, world, play, expert
        self.settings = settings or Settings()
        self.archive = Archive(aim=self.settings.aim)
        self.bandit = Bandit()
        self.drawn: Counter[str] = Counter()
        """How many adversarial tasks were drawn ("all"), how many of them were about refusing ("refusal"), and how many
        times a plain task took the place of one that could not be made ("given up")."""
        self.proven: Counter[str] = Counter()
        self.rejected: dict[str, Counter[str]] = {}
        """By operator: how many candidates were proven, and why others were not."""

    def draw(self, seed: int) -> UserTask:
        """The task of this seed, given everything that was drawn and reported before: plain or adversarial.

        Where no adversarial one can be made, a plain one takes its place: that is no reason to end a training.
        """
        rng = seeded("adversary", seed)
        if rng.random() >= self.settings.share:
            return self.base(rng)
        try:
            return self.adversarial(rng)
        except UserError:
            self.drawn["given up"] += 1
            return self.base(rng)

    def adversarial(self, rng: random.Random) -> UserTask:
        """An adversarial task with its proof. Raises `UserError` when none of many candidates can be used."""
        over = self.drawn["refusal"] + 1 > self.settings.refusals * (self.drawn["all"] + 1)
        fits = (lambda task: not is_refusal(task)) if over else (lambda task: True)
        replayed = None
        if self.settings.adaptive and rng.random() >= self.settings.fresh:
            replayed = self.archive.pick(rng, fits)
        if replayed is not None and rng.random() < self.settings.renew:
            replayed = self._renewed(replayed, rng, fits) or replayed
        task = replayed or self.propose(rng, fits)
        self.drawn["all"] += 1
        self.drawn["refusal"] += is_refusal(task)
        self.bandit.drawn(op.name for op in task.ops)
        return task

    def propose(self, rng: random.Random, fits: Callable[[UserTask], bool] = lambda task: True) -> UserTask:
        """A new task that was proven. Raises `UserError` when none of many candidates can be."""
        reasons: Counter[str] = Counter()
        failed: set[str] = set()
        for _ in range(TRIES):
            candidate = self._candidate(rng, failed)
            # The bandit alone would name its favourite again and again.
            failed |= {op.name for op in candidate.ops} if candidate else set()
            if candidate is None:
                reasons["no operator could be applied"] += 1
            elif not fits(candidate):
                reasons["enough tasks of refusal already"] += 1
            else:
                proven = self._prove(candidate)
                if isinstance(proven, UserTask):
                    return proven
                reasons[proven.reason] += 1
        most = reasons.most_common(1)[0][0]
        raise UserError(f"the adversary: none of {TRIES} candidates could be used; mostly: {most}")

    def report(self, task: UserTask, successes: Sequence[bool]) -> None:
        """What the present policy made of a task that was drawn: the successes of its group of episodes."""
        if not task.ops or not successes:
            return
        self.archive.report(task, successes)
        p = sum(map(bool, successes)) / len(successes)
        self.bandit.update([op.name for op in task.ops], worth(self.settings.aim, p, any(successes)))

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes, as plain values: it goes with the checkpoint."""
        return {"archive": self.archive.state_dict(), "bandit": self.bandit.state_dict(), "drawn": dict(self.drawn)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self.archive.load_state_dict(state["archive"])
        self.bandit.load_state_dict(state["bandit"])
        self.drawn = Counter(state["drawn"])

    def _candidate(self, rng: random.Random, failed: set[str]) -> UserTask | None:
        """A task to prove: with the best operators that can be applied, those that failed only if no other can."""
        task: UserTask | None = None
        if self.settings.adaptive and rng.random() < FROM_ELITE:
            task = self.archive.pick(rng, lambda elite: len(elite.ops) < self.settings.depth)
        if task is None:
            task = self.base(rng)
        more = rng.randint(1, 1 if task.ops else min(2, self.settings.depth))
        for _ in range(more):
            names = [name for name in applicable(task, self.settings.operators) if self._allowed(task, name)]
            names = self.bandit.ranked(names, rng) if self.settings.adaptive else rng.sample(names, len(names))
            harder = (apply(task, [name], rng, self.world(task)) for name in sorted(names, key=failed.__contains__))
            task = next(filter(None, harder), task)
        return task if task.ops and task.proof is None else None

    def _allowed(self, task: UserTask, name: str) -> bool:
        names = {name, *(op.name for op in task.ops)}
        return not any(names.issuperset(combination) for combination in self.settings.held_out)

    def _renewed(self, elite: UserTask, rng: random.Random, fits: Callable[[UserTask], bool]) -> UserTask | None:
        """The elite's operators on other plain tasks, until one can be proven."""
        for _ in range(4):
            base = self.base(rng)
            candidate = apply(base, [op.name for op in elite.ops], rng, self.world(base))
            if candidate is not None and fits(candidate):
                proven = self._prove(candidate)
                if isinstance(proven, UserTask):
                    return proven
        return None

    def _prove(self, candidate: UserTask) -> UserTask | Rejection:
        proof = prove(candidate, self.world(candidate), self.play, SEEDS, self.expert)
        for op in candidate.ops:
            if isinstance(proof, Rejection):
                self.rejected.setdefault(op.name, Counter())[proof.reason.partition(" (user seed")[0]] += 1
            else:
                self.proven[op.name] += 1
        return proof if isinstance(proof, Rejection) else candidate.model_copy(update={"proof": proof})
