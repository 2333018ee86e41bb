"""Scripted episodes are played in one thread each: quicker, and otherwise the same."""

from dataclasses import replace
from typing import Any

import pytest
from rollout_envs import Auction, Echo, Flaky, Slow, Tag

from agentrl.envs.registry import resolve
from agentrl.rollout.opening import open_game
from agentrl.rollout.play import Job, play_now
from agentrl.rollout.scripts import expert_seat, noop_seat

JOBS = [Job(f"g{i}", i, i) for i in range(20)]


@pytest.mark.parametrize("cls", [Echo, Auction, Tag])
def test_the_episodes_are_the_same(collector: Any, cls: Any) -> None:
    make_seat = expert_seat if hasattr(cls, "expert") else noop_seat
    assert collector(cls, {"scripted": True}).collect(JOBS, make_seat) == collector(cls).collect(JOBS, make_seat)


def test_what_breaks_is_played_again(collector: Any) -> None:
    box: list[str] = []
    (episode,) = collector(Flaky, {"scripted": True}, box=box, times=1).collect(JOBS[:1], expert_seat)
    assert not episode.failed
    assert box.count("made") == 2


def test_what_hangs_is_failed(collector: Any) -> None:
    settings = {"scripted": True, "timeout": 0.1, "max_retries": 0}
    one = collector(Slow, settings, ended=[], slow_task=3, seconds=1.0)
    episodes = one.collect(JOBS[:5], expert_seat)
    assert [episode.failed for episode in episodes] == [False, False, False, True, False]
    assert "took longer than 0.1 s" in episodes[3].failure
    assert (episodes[3].seed, episodes[3].group) == (3, "g3")


@pytest.mark.filterwarnings("ignore:coroutine")
def test_a_policy_s_seat_is_refused(seats: Any) -> None:
    game = open_game(resolve(Echo), {})
    with pytest.raises(RuntimeError):
        play_now(game, "echo", replace(JOBS[0]), seats())
