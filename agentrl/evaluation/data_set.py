"""Making a data set, as `agentrl generate` does: policies play tasks, episodes are chosen, records written.

write_data_set(Playing("service_desk"), 1000, make_target("demos", ["messages"]), Selection(only_success=True))
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from agentrl.data.formats import PAIRS
from agentrl.data.selection import Selection, digest, in_turn
from agentrl.data.target import Target
from agentrl.episode import Episode
from agentrl.errors import ConfigError
from agentrl.evaluation import api
from agentrl.evaluation.players import environment_args, state_of
from agentrl.runs.sources import file_digests
from agentrl.training.progress import Display

OnTask = Callable[[int, Selection], None]
_WHO: Final = ("policy", "against", "against_args", "samples", "balance")
_HOW: Final = ("env_threads", "max_failed_share")
"""Settings that change nothing about the data."""
_DIGITS: Final = 16
"""Of a digest; enough to notice a change, and few enough to be read."""
_ENOUGH: Final = 8
"""Tasks from which on it is plain that a policy plays each in one way only."""
_ALIKE: Final = (
    "of each of the first {tasks} tasks the {samples} episodes are the same: this policy plays a task in one way only. "
    "Leave samples and best_of out, or drop the copies with dedup."
)


@dataclass(frozen=True, slots=True)
class Playing:
    """Who plays what: `policy` plays each task `samples` times, and `against`, if there is one, once.

    Both play in one environment, for which a run as `policy` gives its own arguments beneath `env_args`;
    `against_args` are put on top of them for `against` alone: its expert may be more careless. With `balance` the tasks
    are chosen among so many, one of each cell in turn. The other arguments are those of `generate_episodes`.
    """

    env: str
    policy: str = "expert"
    against: str | None = None
    against_args: Mapping[str, Any] | None = None
    samples: int = 1
    balance: int | None = None
    split: str = "train"
    seed: int = 0
    temperature: float = 1.0
    env_args: Mapping[str, Any] = field(default_factory=dict)
    template: str | None = None
    max_new_tokens: int | None = None
    max_context: int | None = None
    env_threads: int | None = None
    max_failed_share: float | None = None

    def at_home(self, display: Display) -> "Playing":
        """The same with all arguments of the environment: a run's own are said here, once."""
        return replace(self, env_args=environment_args(self.policy, self.env, self.env_args, display))

    def settings(self) -> dict[str, Any]:
        """What shapes the data, and what the files and runs that it names hold now."""
        told = self._without(_HOW)
        files = file_digests([self.env, self.env_args, self.against_args])
        found = {name: whole[:_DIGITS] for name, whole in files.items()}
        for policy in (self.policy, self.against):
            if policy is not None and (state := state_of(policy)):
                found[policy] = state[:_DIGITS]
        return told | ({"sources": found} if found else {})

    def groups(
        self, first: int, episodes: int, cell_of: Callable[[Mapping[str, Any]], str]
    ) -> Iterator[tuple[list[Episode], list[Episode]]]:
        """For each task from `first` on its episodes, and the rival's.

        Errors of the environment and the policies are raised at once.
        """
        asked = self._without(_WHO) | {"inherit": False}
        asked |= {"first": first, "episodes": episodes, "order": self._order(cell_of)}
        own = api.generate_episodes(self.policy, samples=self.samples, **asked)
        rival: Iterator[Episode] = iter(())
        if self.against is not None:
            asked["env_args"] = {**self.env_args, **(self.against_args or {})}
            rival = api.generate_episodes(self.against, samples=1, **asked)

        def groups() -> Iterator[tuple[list[Episode], list[Episode]]]:
            while group := list(itertools.islice(own, self.samples)):
                yield group, list(itertools.islice(rival, 1))

        return groups()

    def _without(self, names: Sequence[str]) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in names}

    def _order(self, cell_of: Callable[[Mapping[str, Any]], str]) -> list[int] | None:
        """The numbers of the tasks, where they are chosen by their cells."""
        if self.balance is None:
            return None
        where: dict[str, Any] = {"split": self.split, "seed": self.seed, "env_args": self.env_args}
        return in_turn(map(cell_of, api.draw_tasks(self.env, tasks=self.balance, **where)))


def write_data_set(
    playing: Playing,
    episodes: int,
    target: Target,
    selection: Selection,
    on_task: OnTask = lambda done, selection: None,
) -> int:
    """Play `episodes` tasks, less those that the folder has already, and write what is chosen. Return how many were
    played now; `selection.tally` has counted what became of their episodes.

    `on_task` gets the number of tasks that are done, at the beginning and after each. Whatever ends it, all whole tasks
    are kept. Raises ConfigError for pairs where a task has one episode, and the UserErrors of the environment, the
    policies and the target.
    """
    if PAIRS in target.kinds and playing.samples == 1 and playing.against is None:
        raise ConfigError(
            f"--format {PAIRS}: a pair needs two episodes of its task. Add --samples N, --best-of N, or a worse policy "
            "with --against."
        )
    display = Display()
    playing = playing.at_home(display)
    best_of = playing.samples if selection.best_only else None
    chosen = {name: getattr(selection, name) for name in ("only_success", "dedup", "cap_per_cell", "cell")}
    written = {"best_of": best_of, "formats": target.kinds, "shard_size": target.shard_size}
    with target.open(selection, playing.settings() | chosen | written) as data:
        if (before := data.tasks) >= episodes:
            return 0
        alike = True
        groups = playing.groups(before, episodes, selection.cell_of)
        on_task(before, selection)
        for group, rivals in groups:
            data.add(group, rivals)
            on_task(data.tasks, selection)
            played = data.tasks - before
            alike = alike and played <= _ENOUGH and _are_alike(group)
            if alike and played == min(_ENOUGH, episodes - before) > 1:
                display.say(_ALIKE.format(tasks=played, samples=playing.samples), "yellow")
    return data.tasks - before


def _are_alike(group: Sequence[Episode]) -> bool:
    """Whether there are several, and all with the same words."""
    played = [episode for episode in group if not episode.failed]
    return len(played) > 1 and len({digest(episode) for episode in played}) == 1
