"""Many episodes at once: nobody waits for a slow one, and what else runs changes nothing."""

from typing import Any

import numpy as np
import pytest
from rollout_envs import Auction, Echo, Slow, Tag

from agentrl.episode import Episode
from agentrl.rollout.play import Job
from agentrl.rollout.scripts import noop_seat


def jobs(count: int, **changes: Any) -> list[Job]:
    return [Job(f"g{i}", i, 100 + i, **changes) for i in range(count)]


def test_nobody_waits_for_a_slow_environment(collector: Any, seats: Any) -> None:
    ended: list[int] = []
    collector(Slow, ended=ended, slow_task=0, seconds=1.0).collect(jobs(8), seats())
    assert ended[-1] == 0
    assert sorted(ended) == list(range(8))


def test_episodes_come_back_in_the_order_of_the_jobs(collector: Any, seats: Any) -> None:
    slow = collector(Slow, ended=[], slow_task=2, seconds=0.2)
    told: list[int] = []
    episodes = slow.collect(jobs(6), seats(), lambda episode: told.append(episode.seed))
    assert [episode.seed for episode in episodes] == list(range(6))
    assert told[-1] == 2


@pytest.mark.parametrize("cls", [Echo, Auction])
def test_a_seed_gives_the_same_episodes_whatever_the_concurrency(collector: Any, seats: Any, cls: type) -> None:
    alone = collector(cls, {"concurrency": 1}).collect(jobs(12), seats())
    together = collector(cls, {"concurrency": 16}).collect(jobs(12), seats(slots=32))
    for one, other in zip(alone, together, strict=True):
        assert sampled(one) == sampled(other)
        np.testing.assert_allclose(logprobs(one), logprobs(other), atol=1e-5)


def test_different_sampling_seeds_give_different_episodes_of_one_task(collector: Any, seats: Any) -> None:
    group = [Job("g", 5, sampling) for sampling in range(4)]
    episodes = collector(Echo).collect(group, seats())
    assert len({episode.task_id for episode in episodes}) == 1
    assert len({sampled(episode) for episode in episodes}) == 4


def test_greedy_actions_do_not_depend_on_the_sampling_seed(collector: Any, seats: Any) -> None:
    group = [Job("g", 5, sampling, temperature=0.0) for sampling in range(3)]
    assert len({sampled(episode) for episode in collector(Echo).collect(group, seats())}) == 1


def test_the_split_reaches_the_environment(collector: Any) -> None:
    seen: list[Any] = []

    class Notes(Echo):
        def reset(self, **asked: Any) -> Any:
            seen.append((asked["seed"], asked["options"]))
            return super().reset(**asked)

    collector(Notes).collect([Job("g", 9, 0, split="test")], noop_seat)
    assert seen == [(9, {"split": "test"})]


def test_environments_are_used_again(collector: Any) -> None:
    made: list[Echo] = []

    def make() -> Echo:
        made.append(Echo())
        return made[-1]

    collector(make, {"concurrency": 2}).collect(jobs(30), noop_seat)
    assert len(made) <= 2 + 1  # one more is made to see what kind of environment the function gives


def test_who_can_play_and_how_many_is_known(collector: Any) -> None:
    assert (collector(Auction).seats, collector(Auction).has_expert) == (2, True)

    class Mute(Echo):
        expert = None  # type: ignore[assignment]

    assert (collector(Mute).seats, collector(Mute).has_expert) == (1, False)


@pytest.mark.parametrize("cls", [Echo, Auction, Tag])
def test_what_an_environment_wants_for_a_cold_start_is_known(collector: Any, cls: Any) -> None:
    class Wishful(cls):  # type: ignore[misc]
        tiny_cold_start_args = {"turns": 3}  # noqa: RUF012

    assert collector(Wishful).tiny_cold_start_args == {"turns": 3}
    assert collector(cls).tiny_cold_start_args == {}


def sampled(episode: Episode) -> tuple[tuple[int, ...], ...]:
    return tuple(turn.action for trajectory in episode.trajectories for turn in trajectory.turns)


def logprobs(episode: Episode) -> list[float]:
    return [value for t in episode.trajectories for turn in t.turns for value in turn.logprobs]
