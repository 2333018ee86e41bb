"""One loop for Gymnasium and for both kinds of PettingZoo: who acted when, and whose reward it is."""

from typing import Any

import pytest
from pettingzoo.test import api_test, parallel_api_test
from rollout_envs import Auction, Echo, Tag

from agentrl.episode import End, Episode, Stop
from agentrl.errors import ConfigError
from agentrl.rollout.play import Job
from agentrl.rollout.scripts import expert_seat, noop_seat
from agentrl.training.batch import make_batch

JOB = Job("g", 7, 3)


def seat(episode: Episode, agent: str) -> Any:
    return next(t for t in episode.trajectories if t.agent == agent)


def rewards(episode: Episode, agent: str) -> list[float]:
    return [turn.reward for turn in seat(episode, agent).turns]


def test_the_parallel_environment_of_these_tests_is_one() -> None:
    parallel_api_test(Auction(), num_cycles=20)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_turn_based_environment_of_these_tests_is_one() -> None:
    api_test(Tag(), num_cycles=20)


def test_gymnasium_is_a_game_with_one_seat(collector: Any) -> None:
    (episode,) = collector(Echo).collect([JOB], expert_seat)
    assert episode.order == ("agent", "agent")
    assert rewards(episode, "agent") == [1.0, 1.0]
    assert seat(episode, "agent").rewards == {"right": 2.0}
    assert seat(episode, "agent").end is End.TERMINATED
    assert (episode.success, episode.category, episode.task_id) == (True, "echo", "d")
    assert seat(episode, "agent").final_observation == "d 2"


def test_parallel_seats_act_together_and_each_gets_its_own_reward(collector: Any) -> None:
    (episode,) = collector(Auction).collect([JOB], expert_seat)
    assert episode.order == ("left", "right", "right")
    assert rewards(episode, "left") == [-1.0]
    assert rewards(episode, "right") == [10.0, 20.0]
    assert seat(episode, "right").rewards == {"points": 30.0}
    assert [turn.text for turn in seat(episode, "right").turns] == ["right bids"] * 2
    assert seat(episode, "left").final_observation == "left heard ['left', 'right']"


def test_each_seat_has_its_own_system_prompt(collector: Any) -> None:
    (episode,) = collector(Auction).collect([JOB], noop_seat)
    assert seat(episode, "left").system_prompt == "You are left."
    assert seat(episode, "right").system_prompt == "You are right."


def test_what_seats_were_told_and_the_global_state_are_kept(collector: Any) -> None:
    (episode,) = collector(Auction).collect([JOB], expert_seat)
    assert episode.task_id == "lot 7"
    assert episode.info["seats"]["left"]["success"] is False
    assert episode.states == ([0.0], [1.0])
    assert Episode.from_json(episode.to_json()) == episode


def test_turn_based_seats_alternate(collector: Any) -> None:
    (episode,) = collector(Tag).collect([JOB], expert_seat)
    assert episode.order == ("a", "b", "a", "b")
    assert [turn.text for turn in seat(episode, "b").turns] == ["b1", "b3"]
    assert seat(episode, "a").end is seat(episode, "b").end is End.TERMINATED


def test_what_another_seat_earns_us_belongs_to_our_last_action(collector: Any) -> None:
    (episode,) = collector(Tag).collect([JOB], expert_seat)
    # b's first 5 came before it had done anything, so it is credited to no action
    assert rewards(episode, "a") == [1.0 + 5.0, 1.0 + 5.0]
    assert rewards(episode, "b") == [1.0 + 5.0, 1.0]


def test_one_policy_plays_all_seats_with_its_own_random_numbers(collector: Any, seats: Any) -> None:
    (episode,) = collector(Auction).collect([JOB], seats())
    left, right = seat(episode, "left").turns[0], seat(episode, "right").turns[0]
    assert left.action != right.action
    assert len(left.logprobs) == len(left.action) > 0


def test_seats_that_do_not_learn_are_the_expert_s(collector: Any, seats: Any) -> None:
    (episode,) = collector(Tag, {"trainable_seats": ["b"]}).collect([JOB], seats())
    assert [turn.text for turn in seat(episode, "a").turns] == ["a0", "a2"]
    assert not seat(episode, "a").trainable
    assert seat(episode, "b").trainable
    assert seat(episode, "b").sampled_tokens > 0
    assert episode.reward == seat(episode, "b").reward
    assert make_batch([episode]).agents == ["b"]
    (shown,) = collector(Tag, {"trainable_seats": ["b"]}).collect([JOB], expert_seat)
    assert [one.trainable for one in shown.trajectories] == [False, True]


def test_without_an_expert_the_policy_plays_them_and_does_not_learn_it(collector: Any, seats: Any) -> None:
    class Leaderless(Tag):
        expert = None
        trainable_seats = ("a",)

    (episode,) = collector(Leaderless).collect([JOB], seats())
    assert seat(episode, "b").sampled_tokens > 0
    assert make_batch([episode]).agents == ["a"]


def test_seats_that_there_are_not_are_refused(collector: Any) -> None:
    with pytest.raises(ConfigError, match="no seat 'c'; it has a, b"):
        collector(Tag, {"trainable_seats": ["c"]})
    with pytest.raises(ConfigError, match="at least one seat"):
        collector(Tag, {"trainable_seats": []})


@pytest.mark.parametrize("cls", [Auction, Tag])
def test_more_seats_than_rows_in_the_engine_take_turns(collector: Any, seats: Any, cls: type) -> None:
    jobs = [Job("g", i, i) for i in range(6)]
    crowded = collector(cls).collect(jobs, seats(slots=3))
    roomy = collector(cls).collect(jobs, seats(slots=16))
    for one, other in zip(crowded, roomy, strict=True):
        assert [t.turns[0].action for t in one.trajectories] == [t.turns[0].action for t in other.trajectories]


def test_a_policy_sees_the_exact_conversation(collector: Any, seats: Any, policy: Any) -> None:
    (episode,) = collector(Echo).collect([JOB], seats())
    trajectory = episode.trajectories[0]
    first, second = trajectory.contexts()
    assert first == policy.chat.start("Echo.", "d")
    assert second[: len(first) + len(trajectory.turns[0].action)] == first + trajectory.turns[0].action
    assert policy.tokenizer.decode(second).endswith("<|im_start|>user\nd 1<|im_end|>\n<|im_start|>assistant\n")


def test_an_action_that_ran_out_of_tokens_is_marked(collector: Any, seats: Any) -> None:
    (episode,) = collector(Echo).collect([JOB], seats(max_new_tokens=1))
    turn = episode.trajectories[0].turns[0]
    assert turn.stop is (Stop.EOS if turn.action[-1] == 2 else Stop.LENGTH)
    assert len(turn.action) == 1


def test_a_truncated_episode_ends_with_the_prompt_of_its_bootstrap_value(
    collector: Any, seats: Any, policy: Any
) -> None:
    (episode,) = collector(Echo, truncates=True).collect([JOB], seats())
    trajectory = episode.trajectories[0]
    assert trajectory.end is End.TRUNCATED
    assert policy.tokenizer.decode(trajectory.final_context()).endswith("user\nd 2<|im_end|>\n<|im_start|>assistant\n")


def test_a_terminated_episode_has_no_bootstrap_prompt(collector: Any, seats: Any) -> None:
    (episode,) = collector(Echo).collect([JOB], seats())
    assert episode.trajectories[0].final_prompt == ()


def test_a_full_context_truncates_and_keeps_what_was_played(collector: Any, seats: Any) -> None:
    (episode,) = collector(Echo, turns=50).collect([JOB], seats(max_context=160))
    trajectory = episode.trajectories[0]
    assert trajectory.end is End.TRUNCATED
    assert 0 < len(trajectory.turns) < 50
    assert len(trajectory.final_context()) <= 160
    assert not episode.failed


def test_an_observation_longer_than_the_context_truncates_before_the_first_action(collector: Any, seats: Any) -> None:
    (episode,) = collector(Echo, words=500).collect([JOB], seats(max_context=128))
    trajectory = episode.trajectories[0]
    assert (trajectory.end, trajectory.turns, episode.order) == (End.TRUNCATED, (), ())
    assert len(trajectory.final_prompt) <= 128
