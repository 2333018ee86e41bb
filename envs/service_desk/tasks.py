"""Tasks: drawn from a domain, or read from a file of `UserTask`s."""

import random
from collections.abc import Sequence
from os import PathLike
from typing import Final, Protocol

from agentrl.envs.service_desk.checking import check_task
from agentrl.envs.service_desk.domains.base import Domain, Level
from agentrl.envs.service_desk.domains.goals import draw_plan
from agentrl.envs.service_desk.domains.registry import domain_name, get_domain
from agentrl.envs.service_desk.domains.splits import split_of_seed
from agentrl.envs.service_desk.people import People, draw_persona
from agentrl.errors import TaskFileError, UserError
from agentrl.simulators.adversary import files
from agentrl.simulators.draws import Draws
from agentrl.simulators.models import UserGoal, UserTask
from agentrl.simulators.users import seeded

_DRAWS: Final = 1000
_DRAWS_PER_PLAN: Final = 50
TURNS: Final = {"tiny": 8, "easy": 16, "full": 30}
"""The most turns of the agent, by level."""


class TaskSource(Protocol):
    """Where an environment's tasks come from."""

    def draw(self, rng: random.Random, split: str) -> UserTask:
        """A task of the split, "train" or "test"."""


def sample_task(trade: str, level: Level, seed: int, split: str = "train", people: People = ()) -> UserTask:
    """The task of this number: its database, customer, goal and persona. The same in every process.

    It does not depend on how a domain's class was named, but on the `name` that the class has.
    """
    rng = seeded("task", get_domain(trade).name, level, seed, split)
    named = domain_name(trade, level)
    domain = get_domain(named)
    number, goal = _goal(domain, level, split, rng)
    persona = draw_persona(people, level, rng, str(goal.known.get(domain.naming, "")))
    name = f"{domain.name}-{level}-{split}-{number}"
    return UserTask(id=name, seed=number, domain=named, persona=persona, goal=goal, max_turns=TURNS[level])


def _goal(domain: Domain, level: Level, split: str, rng: random.Random) -> tuple[int, UserGoal]:
    """A database's seed, and a goal of one of its customers."""
    first, hopeless = rng.getrandbits(48), -1
    for draw in range(_DRAWS):
        number = 2 * rng.getrandbits(40) + (split == "test")
        # The same plan is tried on many databases, or else what most of them allow would be drawn most often.
        plan_number = draw // _DRAWS_PER_PLAN
        if plan_number == hopeless:
            continue
        drawn = Draws(first + plan_number)
        plan = draw_plan(domain, drawn, level)
        if (plan.kinds[0], plan.refused) in domain.never:
            hopeless = plan_number
        elif goal := domain.goal_by(plan, drawn, level, domain.read_state(number)):
            return number, goal
    raise UserError(
        f"the domain {domain.name!r} has no task of level {level!r} in the split {split!r}: {_DRAWS} were tried"
    )


class GeneratedTasks:
    """Tasks drawn anew, from one or more trades."""

    def __init__(self, trades: Sequence[str], level: Level, people: People = ()) -> None:
        self._trades, self._level, self._people = tuple(trades), level, people

    def draw(self, rng: random.Random, split: str) -> UserTask:
        """See `TaskSource`."""
        return sample_task(rng.choice(self._trades), self._level, rng.getrandbits(48), split, self._people)


class GivenTasks:
    """A list of tasks; a task's split follows from its seed. Where a split has none, all are played in it.

    Episodes with numbers play them in order, so that as many episodes as tasks play each of them once.
    """

    def __init__(self, tasks: Sequence[UserTask]) -> None:
        """Raises TaskFileError for an empty list."""
        if not tasks:
            raise TaskFileError("there are no tasks")
        self.tasks = tuple(tasks)
        split = {name: [task for task in tasks if split_of_seed(task.seed) == name] for name in ("train", "test")}
        self._tasks = {name: some or list(tasks) for name, some in split.items()}
        lacking = next((name for name, some in split.items() if not some), "")
        self.told = lacking and f"none of the given tasks is on a database of the split {lacking!r}: all serve for it"
        """What is worth knowing before they are played, or ""."""
        self.domains = tuple(dict.fromkeys(task.domain for task in tasks))
        """The names of their domains."""

    def draw(self, rng: random.Random, split: str) -> UserTask:
        """See `TaskSource`."""
        return rng.choice(self._tasks[split])

    def at(self, number: int, split: str, rng: random.Random) -> UserTask:
        """The task of the episode with this number, whatever the random numbers."""
        return self._tasks[split][number % len(self._tasks[split])]


def labels(task: UserTask) -> dict[str, str]:
    """Coarse names by which generated data are counted and balanced."""
    persona = task.persona
    return {
        "persona": f"{persona.locale}/{persona.disclosure}",
        "goal": "+".join(subgoal.kind for subgoal in task.goal.subgoals),
        "operator": "+".join(op.name for op in task.ops) or "plain",
        "domain": task.domain,
    }


def read_tasks(path: str | PathLike[str]) -> list[UserTask]:
    """The tasks of a JSONL file, one `UserTask` a line. Raises TaskFileError that names every broken line."""
    return files.read_tasks(path, check_task)
