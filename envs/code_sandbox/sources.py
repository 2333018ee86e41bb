"""The two task sources: the generator with a mix of levels, and a given list of tasks."""

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256

from agentrl.envs.code_sandbox.families import Family, Program, Step, Vocabulary
from agentrl.envs.code_sandbox.generator import TaskGenerator, composition, draw_cases, held_out
from agentrl.envs.code_sandbox.tasks import CodeTask, DrawnTask
from agentrl.errors import ConfigError

LEVELS = (1, 2, 3)
SPLITS = ("train", "test")
_CASE_DRAWS = 5


class GeneratedTasks:
    """Tasks from the generator; the level is drawn by weight unless it is asked for."""

    def __init__(
        self, levels: Sequence[int] | Mapping[int, float], kinds: Sequence[str], vocabulary: Vocabulary = "small"
    ) -> None:
        """`levels`: equally often, or level -> weight. Raises ConfigError for levels, weights, kinds or a vocabulary
        that it does not know, and where a level has no task in one of the splits.
        """
        # A configuration read from JSON has strings for keys.
        weights = (
            {int(key): float(levels[key]) for key in levels}
            if isinstance(levels, Mapping)
            else dict.fromkeys(levels, 1.0)
        )
        if not set(weights) <= set(LEVELS) or min(weights.values(), default=-1.0) < 0 or not sum(weights.values()) > 0:
            raise ConfigError(
                f"env_args.levels is {levels!r}; it must be some of 1, 2, 3, or map them to weights >= 0, not all 0"
            )
        self._levels, self._weights = tuple(weights), tuple(weights.values())
        self._generator = TaskGenerator(kinds, vocabulary)
        for level in (level for level, weight in weights.items() if weight):
            for split in SPLITS:
                if not has_tasks(self._generator.families, split, level):
                    raise ConfigError(
                        f"env_args.kinds is {tuple(kinds)!r}, whose {vocabulary} vocabulary has no task of level "
                        f"{level} in split {split!r}; leave that level out of env_args.levels, or name more kinds"
                    )

    def draw(self, rng: random.Random, split: str, level: int | None) -> DrawnTask:
        """See `TaskSource`. Raises ValueError for a level that is not 1, 2 or 3."""
        if level is not None and level not in LEVELS:
            raise ValueError(f"options['level'] is {level!r}; it must be 1, 2 or 3")
        return self._generator.draw(rng, split, level or rng.choices(self._levels, self._weights)[0])


class GivenTasks:
    """A list of tasks. Those without a `split` of their own are split by a stable hash: the last fifth is held out.

    Where all tasks say their split, one of the two may be empty: such tasks are for evaluation alone, or training.
    """

    def __init__(self, tasks: Sequence[CodeTask]) -> None:
        """Raises ConfigError when two tasks share a task_id, or there are too few to fill both splits."""
        if len({task.task_id for task in tasks}) < len(tasks):
            raise ConfigError("two tasks have the same task_id; every task needs its own")
        self._by_split = split_tasks(tasks)
        empty = [split for split in SPLITS if not self._by_split[split]]
        if empty and any(task.split is None for task in tasks):
            raise ConfigError(
                f"{len(tasks)} tasks are too few to split: {' and '.join(map(repr, empty))} would hold none. "
                "Give at least 3 tasks, or set the 'split' of each"
            )

    def draw(self, rng: random.Random, split: str, level: int | None) -> DrawnTask:
        """See `TaskSource`. Raises ValueError when a level is asked for, or the split has no task."""
        if level is not None:
            raise ValueError("options['level'] is for generated tasks; these tasks come from a file or a list")
        if not self._by_split[split]:
            raise ValueError(f"there is no task in split {split!r}; give more tasks or set their 'split'")
        return DrawnTask(rng.choice(self._by_split[split]))


@cache
def has_tasks(families: tuple[Family, ...], split: str, level: int) -> bool:
    """Whether some composition of the families that belongs to the split has tests that tell it from simpler ones."""
    rng = random.Random(0)
    return any(
        draw_cases(program, rng) is not None
        for program in _programs(families, level)
        if held_out(composition(program)) == (split == "test")
        for _ in range(_CASE_DRAWS)
    )


def _programs(families: Sequence[Family], level: int, start: Program = ()) -> Iterator[Program]:
    """Every chain of `level` different families whose types fit, with every choice of their constants."""
    if len(start) == level:
        yield start
        return
    for family in families:
        if any(family.name == step.family.name for step in start):
            continue
        if not start or start[-1].family.target is family.source:
            for k in family.choices:
                yield from _programs(families, level, (*start, Step(family, k)))


def split_tasks(tasks: Sequence[CodeTask]) -> dict[str, list[CodeTask]]:
    """Tasks by split. Of those that do not say, ordered by a hash of `task_id`, the last fifth (rounded) is "test"."""
    by_split: dict[str, list[CodeTask]] = {"train": [], "test": []}
    unsaid = sorted(
        (task for task in tasks if task.split is None), key=lambda task: sha256(task.task_id.encode()).digest()
    )
    held_out = round(len(unsaid) / 5)
    for place, task in enumerate(unsaid):
        by_split["test" if place >= len(unsaid) - held_out else "train"].append(task)
    for task in tasks:
        if task.split is not None:
            by_split[task.split].append(task)
    return by_split
