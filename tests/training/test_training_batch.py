"""From episodes to rows and advantages: what is left out, what counts as a step, and how ends differ."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agentrl.config.presets import PRESETS, Preset, resolve_preset
from agentrl.config.schema import TrainConfig
from agentrl.episode import End, Episode, Trajectory, Turn
from agentrl.training.batch import Batch, make_batch
from agentrl.training.credit import assign_credit

GAE = Preset("gae")


def turn(reward: float = 0.0, *, prompt: int = 2, action: int = 3, keep: int = 0, start: int = 10) -> Turn:
    """A turn of so many prompt and action ids."""
    ids = tuple(range(start, start + prompt + action))
    logprobs = tuple(-0.1 * i for i in range(action))
    return Turn(prompt=ids[:prompt], action=ids[prompt:], logprobs=logprobs, keep=keep, reward=reward)


def trajectory(rewards: list[float], end: End = End.TERMINATED, *, prompt: int = 2, action: int = 3) -> Trajectory:
    size = prompt + action
    turns = tuple(
        turn(reward, prompt=prompt, action=action, keep=size * i, start=10 * i) for i, reward in enumerate(rewards)
    )
    return Trajectory("agent", turns, end)


def episode(*trajectories: Trajectory, group: str = "g") -> Episode:
    return Episode("env", "task", 0, group, trajectories)


def test_failed_episodes_and_seats_that_do_not_learn_are_left_out() -> None:
    good = trajectory([1.0])
    batch = make_batch(
        [
            episode(good, group="a"),
            episode(good, trajectory([5.0], End.FAILED), group="b"),
            episode(replace(good, trainable=False), replace(good, agent="other"), group="c"),
            episode(Trajectory("agent", (), End.TRUNCATED), group="d"),
        ]
    )
    assert [(t.agent, group) for t, group in zip(batch.trajectories, batch.groups, strict=True)] == [
        ("agent", "a"),
        ("other", "c"),
    ]
    assert batch.rewards.tolist() == [1.0, 1.0]


def test_nothing_to_learn_from_is_an_empty_batch() -> None:
    batch = make_batch([episode(trajectory([1.0], End.FAILED))])
    assert (batch.trajectories, batch.rows, batch.sampled_tokens) == ([], [], 0)


def test_terminal_mode_moves_the_sum_of_the_rewards_to_the_last_turn() -> None:
    episodes = [episode(trajectory([0.25, 0.5, -1.0])), episode(trajectory([2.0]))]
    assert make_batch(episodes, "shaped").rewards.tolist() == [0.25, 0.5, -1.0, 2.0]
    assert make_batch(episodes, "terminal").rewards.tolist() == [0.0, 0.0, -0.25, 2.0]


def test_a_row_tells_where_its_sampled_tokens_turns_and_states_are() -> None:
    episodes = [episode(trajectory([0.0])), episode(trajectory([0.0, 1.0]))]
    batch = make_batch(episodes)
    row = batch.rows[1]
    assert row.at.tolist() == [2, 3, 4, 7, 8, 9]
    assert row.turn.tolist() == [1, 1, 1, 2, 2, 2]
    assert (row.turns.tolist(), row.states.tolist(), row.final) == ([1, 2], [1, 6], -1)
    assert row.logprobs.tolist() == pytest.approx([0, -0.1, -0.2] * 2)
    assert batch.sampled_tokens == 9 == sum(t.sampled_tokens for t in batch.trajectories)
    assert batch.turn_slices == [slice(0, 1), slice(1, 3)]


def test_a_fork_makes_a_second_row_and_no_token_is_trained_twice() -> None:
    turns = (turn(), replace(turn(1.0, start=40), keep=3))
    batch = make_batch([episode(Trajectory("agent", turns, End.TERMINATED))])
    assert [row.ids.tolist() for row in batch.rows] == [[10, 11, 12, 13, 14], [10, 11, 12, 40, 41, 42, 43, 44]]
    assert [row.at.tolist() for row in batch.rows] == [[2, 3, 4], [5, 6, 7]]
    assert [row.turns.tolist() for row in batch.rows] == [[0], [1]]


def test_a_truncated_trajectory_shows_the_critic_its_last_observation() -> None:
    base = trajectory([0.0], End.TRUNCATED)
    seen = replace(base, final_keep=5, final_prompt=(90, 91))
    row = make_batch([episode(seen)]).rows[0]
    assert (row.ids.tolist()[-2:], row.final, row.at.tolist()) == ([90, 91], 6, [2, 3, 4])
    assert make_batch([episode(base)]).rows[0].final == 4
    first, second = make_batch([episode(replace(seen, final_keep=3))]).rows
    assert (first.final, len(first.at)) == (-1, 3)
    assert (second.ids.tolist(), second.final, len(second.at)) == ([0, 1, 2, 90, 91], 4, 0)
    assert make_batch([episode(replace(seen, end=End.TERMINATED))]).rows[0].final == -1


def reference_gae(rewards: list[float], values: list[float], bootstrap: float, gamma: float, lam: float) -> list[float]:
    """Equation 16 of arXiv 1506.02438, as a sum over the future."""
    following = [*values[1:], bootstrap]
    deltas = [r + gamma * v2 - v for r, v, v2 in zip(rewards, values, following, strict=True)]
    return [
        sum((gamma * lam) ** (j - i) * delta for j, delta in enumerate(deltas) if j >= i) for i in range(len(rewards))
    ]


def whitened(values: list[float]) -> list[float]:
    array = np.array(values)
    return list((array - array.mean()) / (array.std() + 1e-6))


@pytest.mark.parametrize(("prompt", "action"), [(1, 1), (2, 3), (40, 1), (1, 50)])
def test_gamma_and_lambda_count_turns_and_not_tokens(prompt: int, action: int) -> None:
    rewards, values = [0.1, 0.0, 1.0], [0.3, 0.5, 0.2]
    batch = make_batch([episode(trajectory(rewards, prompt=prompt, action=action))])
    credit = assign_credit(batch, GAE, gamma=0.9, lam=0.8, values=np.array(values), final_values=np.array([7.0]))
    expected = reference_gae(rewards, values, 0.0, 0.9, 0.8)
    np.testing.assert_allclose(credit.advantages, whitened(expected), atol=1e-6)
    assert credit.returns is not None
    np.testing.assert_allclose(credit.returns, np.array(expected) + values, atol=1e-12)


def test_truncated_trajectories_are_bootstrapped_and_terminated_ones_are_not() -> None:
    rewards, values = [0.1, 1.0], [0.3, 0.5]

    def returns(end: End, final: float) -> list[float]:
        batch = make_batch([episode(trajectory(rewards, end))])
        credit = assign_credit(batch, GAE, gamma=0.9, lam=1.0, values=np.array(values), final_values=np.array([final]))
        assert credit.returns is not None
        return credit.returns.tolist()

    assert returns(End.TERMINATED, 2.0) == pytest.approx([0.1 + 0.9, 1.0]) == returns(End.TERMINATED, -5.0)
    assert returns(End.TRUNCATED, 2.0) == pytest.approx([0.1 + 0.9 * (1.0 + 0.9 * 2.0), 1.0 + 0.9 * 2.0])


def test_gae_without_a_critic_is_an_error() -> None:
    batch = make_batch([episode(trajectory([1.0]))])
    with pytest.raises(ValueError, match="critic"):
        assign_credit(batch, GAE, gamma=1.0, lam=1.0)


def two_groups() -> Batch:
    rewards = [("a", 1.0), ("a", 0.0), ("a", 0.0), ("b", 3.0), ("b", 1.0)]
    return make_batch([episode(trajectory([0.0, reward]), group=group) for group, reward in rewards])


def test_group_credit_gives_each_turn_of_a_trajectory_its_comparison() -> None:
    batch = two_groups()
    relative = assign_credit(batch, PRESETS["grpo"], gamma=1.0, lam=1.0).advantages.reshape(-1, 2)
    mean = assign_credit(batch, PRESETS["dr_grpo"], gamma=1.0, lam=1.0).advantages.reshape(-1, 2)
    others = assign_credit(batch, PRESETS["rloo"], gamma=1.0, lam=1.0).advantages.reshape(-1, 2)
    assert (relative[:, 0] == relative[:, 1]).all()
    np.testing.assert_allclose(relative[:, 0], [2**0.5, -(0.5**0.5), -(0.5**0.5), 1, -1], atol=1e-5)
    np.testing.assert_allclose(mean[:, 0], [2 / 3, -1 / 3, -1 / 3, 1, -1])
    np.testing.assert_allclose(others[:, 0], [1, -0.5, -0.5, 2, -2])


def test_gamma_discounts_a_trajectorys_score_per_turn() -> None:
    late, early = trajectory([0.0, 0.0, 1.0]), trajectory([1.0, 0.0, 0.0])
    batch = make_batch([episode(late), episode(early)])
    advantages = assign_credit(batch, PRESETS["dr_grpo"], gamma=0.5, lam=1.0).advantages
    np.testing.assert_allclose(advantages, [-0.375] * 3 + [0.375] * 3)


def test_seats_are_compared_with_their_like_only() -> None:
    buyer, seller = trajectory([0.0]), replace(trajectory([10.0]), agent="seller")
    better = replace(trajectory([1.0]), agent="agent")
    batch = make_batch([episode(buyer, seller), episode(better, seller)])
    advantages = assign_credit(batch, PRESETS["dr_grpo"], gamma=1.0, lam=1.0).advantages
    np.testing.assert_allclose(advantages, [-0.5, 0, 0.5, 0])


def documented() -> dict[str, list[str]]:
    text = (Path(__file__).parents[2] / "docs" / "algorithms.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if re.match(r"\| `\w+` \| `", line)]
    cells = [[cell.strip("` |") for cell in row] for row in rows]
    return {row[0]: row[1:] for row in cells if row[0] != "algo"}


def test_the_documentation_shows_the_presets_as_they_are() -> None:
    table = documented()
    assert table.keys() == PRESETS.keys()
    for name, preset in PRESETS.items():
        advantage, ratio, loss, clips, aggregate, *rest = table[name]
        assert (advantage, ratio, loss, aggregate) == (
            preset.advantage,
            preset.ratio_level,
            preset.loss,
            preset.aggregate,
        ), name
        said = [re.sub(r" \(.*\)", "", clip).replace("none", "inf") for clip in clips.split(" / ")]
        assert [float(clip) for clip in said] == [preset.clip_range, preset.clip_range_high], name
        assert ("dynamic_sampling" in rest[0]) == preset.dynamic_sampling, name
        assert ("a critic" in rest[0]) == preset.critic, name


def test_each_key_replaces_its_part_of_a_preset() -> None:
    assert resolve_preset(TrainConfig(algo="dapo")) == PRESETS["dapo"]
    changed = resolve_preset(
        TrainConfig(algo="dapo", aggregate="constant", clip_range=0.1, ratio_level="sequence", dynamic_sampling=False)
    )
    assert changed == Preset(
        "group_relative", "clip", "sequence", clip_range=0.1, clip_range_high=0.28, aggregate="constant"
    )
    symmetric = resolve_preset(TrainConfig(algo="grpo", clip_range=0.1))
    assert (symmetric.clip_range, symmetric.clip_range_high) == (0.1, 0.1)
    higher = resolve_preset(TrainConfig(algo="grpo", clip_range_high=0.3))
    assert (higher.clip_range, higher.clip_range_high) == (0.2, 0.3)
    assert resolve_preset(TrainConfig(algo="grpo", advantage="gae")).critic
