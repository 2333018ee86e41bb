"""The two task sources: the generator with a mix of levels, and a given list of tasks."""

import random
from collections.abc import Mapping, Sequence
from hashlib import sha256

from agentrl.envs.code_sandbox.families import Vocabulary
from agentrl.envs.code_sandbox.generator import TaskGenerator
from agentrl.envs.code_sandbox.tasks import CodeTask, DrawnTask
from agentrl.errors import ConfigError

LEVELS = (1, 2, 3)


class GeneratedTasks:
    """Tasks from the generator; the level is drawn by weight unless it is asked for."""

    def __init__(
        self, levels: Sequence[int] | Mapping[int, float], kinds: Sequence[str], vocabulary: Vocabulary = "small"
    ) -> None:
        """`levels`: equally often, or level -> weight. Raises ConfigError for levels, weights, kinds or a vocabulary
        that it does not know.
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

    def draw(self, rng: random.Random, split: str, level: int | None) -> DrawnTask:
        """See `TaskSource`. Raises ValueError for a level that is not 1, 2 or 3."""
        if level is not None and level not in LEVELS:
            raise ValueError(f"options['level'] is {level!r}; it must be 1, 2 or 3")
        return self._generator.draw(rng, split, level or rng.choices(self._levels, self._weights)[0])


class GivenTasks:
    """A list of tasks. Those without a `split` of their own are split by a stable hash: the last fifth is held out."""

    def __init__(self, tasks: Sequence[CodeTask]) -> None:
        """Raises ConfigError when a split is empty or two tasks share a task_id."""
        if len({task.task_id for task in tasks}) < len(tasks):
            raise ConfigError("two tasks have the same task_id; every task needs its own")
        self._by_split = split_tasks(tasks)

    def draw(self, rng: random.Random, split: str, level: int | None) -> DrawnTask:
        """See `TaskSource`. Raises ValueError when a level is asked for, or the split has no task."""
        if level is not None:
            raise ValueError("options['level'] is for generated tasks; these tasks come from a file or a list")
        if not self._by_split[split]:
            raise ValueError(f"there is no task in split {split!r}; give more tasks or set their 'split'")
        return DrawnTask(rng.choice(self._by_split[split]))


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
