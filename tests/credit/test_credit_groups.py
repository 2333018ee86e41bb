"""Group credit against plain loops and statements that hold for every batch."""

import statistics
import warnings
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from agentrl.credit import by_agent, group_relative, leave_one_out, reinforce_pp, whiten
from agentrl.errors import AgentRLWarning

Credit = Callable[[ArrayLike, Sequence[Hashable]], NDArray[np.float64]]

CREDITS: dict[str, Credit] = {
    "group_relative": group_relative,
    "group_mean": lambda rewards, groups: group_relative(rewards, groups, std=False),
    "leave_one_out": leave_one_out,
    "reinforce_pp_baseline": lambda rewards, groups: reinforce_pp(rewards, groups, group_baseline=True),
}
every_credit = pytest.mark.parametrize("credit", CREDITS.values(), ids=CREDITS.keys())

REWARDS = [1.0, 0.0, 0.5, 2.0, -1.0, 0.25, 3.0]
GROUPS = ["a", "b", "a", "b", "a", "b", "b"]  # interleaved, of unequal sizes

rewards_of_pairs = st.lists(st.floats(-100, 100), min_size=2, max_size=20).map(lambda xs: xs[: len(xs) // 2 * 2])


def peers(index: int) -> list[float]:
    return [reward for reward, group in zip(REWARDS, GROUPS, strict=True) if group == GROUPS[index]]


def test_group_relative_is_the_z_score_within_the_group() -> None:
    expected = [
        (reward - statistics.fmean(peers(i))) / (statistics.pstdev(peers(i)) + 1e-6) for i, reward in enumerate(REWARDS)
    ]
    np.testing.assert_allclose(group_relative(REWARDS, GROUPS), expected, rtol=1e-12)


def test_without_std_it_is_the_distance_from_the_group_mean() -> None:
    expected = [reward - statistics.fmean(peers(i)) for i, reward in enumerate(REWARDS)]
    np.testing.assert_allclose(group_relative(REWARDS, GROUPS, std=False), expected, rtol=1e-12)


def test_a_group_of_two_gets_one_and_minus_one() -> None:
    np.testing.assert_allclose(group_relative([0.0, 1.0], [7, 7]), [-1.0, 1.0], atol=1e-5)


def test_leave_one_out_subtracts_the_mean_of_the_others() -> None:
    expected = [reward - (sum(peers(i)) - reward) / (len(peers(i)) - 1) for i, reward in enumerate(REWARDS)]
    np.testing.assert_allclose(leave_one_out(REWARDS, GROUPS), expected, rtol=1e-12)


def test_reinforce_pp_is_the_z_score_within_the_batch() -> None:
    mean, std = statistics.fmean(REWARDS), statistics.pstdev(REWARDS)
    np.testing.assert_allclose(reinforce_pp(REWARDS), [(reward - mean) / (std + 1e-6) for reward in REWARDS])


def test_reinforce_pp_with_baseline_divides_by_the_std_of_the_differences() -> None:
    differences = [reward - statistics.fmean(peers(i)) for i, reward in enumerate(REWARDS)]
    expected = [difference / (statistics.pstdev(differences) + 1e-6) for difference in differences]
    np.testing.assert_allclose(reinforce_pp(REWARDS, GROUPS, group_baseline=True), expected)


@every_credit
@pytest.mark.filterwarnings("ignore::agentrl.errors.AgentRLWarning")
def test_a_group_of_one_gets_zero_and_changes_nobody_else(credit: Credit) -> None:
    advantages = credit([*REWARDS, 100.0], [*GROUPS, "alone"])
    assert advantages[-1] == 0.0
    np.testing.assert_array_equal(advantages[:-1], credit(REWARDS, GROUPS))


@every_credit
def test_groups_of_one_are_counted_in_one_warning(credit: Credit) -> None:
    with pytest.warns(AgentRLWarning, match=r"^2 of 3 groups hold one trajectory only") as caught:
        credit([1.0, 2.0, 3.0, 4.0], ["a", "b", "b", "c"])
    assert len(caught) == 1


@pytest.mark.parametrize("credit", [group_relative, leave_one_out], ids=["group_relative", "leave_one_out"])
def test_the_warning_points_at_the_caller(credit: Credit) -> None:
    with pytest.warns(AgentRLWarning) as caught:
        credit([1.0], ["a"])
    assert caught[0].filename == __file__


@every_credit
def test_full_groups_do_not_warn(credit: Credit) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        credit(REWARDS, GROUPS)


@every_credit
def test_equal_rewards_give_exactly_zero(credit: Credit) -> None:
    # The float mean of six times 0.1 is not 0.1.
    assert np.mean([0.1] * 6) != 0.1
    assert not credit([0.1] * 6, ["a"] * 6).any()


@every_credit
def test_the_order_of_trajectories_does_not_matter(credit: Credit) -> None:
    order = np.random.default_rng(0).permutation(len(REWARDS))
    shuffled = credit([REWARDS[i] for i in order], [GROUPS[i] for i in order])
    np.testing.assert_allclose(shuffled, credit(REWARDS, GROUPS)[order], rtol=1e-12)


@every_credit
@settings(deadline=None, derandomize=True)
@given(rewards=rewards_of_pairs)
def test_advantages_of_a_group_sum_to_zero(credit: Credit, rewards: list[float]) -> None:
    groups = [index // 2 for index in range(len(rewards))]
    sums = credit(rewards, groups).reshape(-1, 2).sum(axis=1)
    np.testing.assert_allclose(sums, 0.0, atol=1e-6)


@every_credit
@settings(deadline=None, derandomize=True)
@given(rewards=rewards_of_pairs, shift=st.floats(-100, 100))
def test_a_bonus_for_the_whole_task_changes_nothing(credit: Credit, rewards: list[float], shift: float) -> None:
    groups = [index // 2 for index in range(len(rewards))]
    rounded = np.round(np.asarray(rewards, dtype=np.float64), 3)
    bonus = np.where(np.asarray(groups) == 0, round(shift, 3), 0.0)
    np.testing.assert_allclose(credit(rounded + bonus, groups), credit(rounded, groups), atol=1e-6)


@every_credit
def test_rewards_that_are_not_finite_are_refused(credit: Credit) -> None:
    with pytest.raises(ValueError, match="2 of 3 rewards are not finite"):
        credit([1.0, float("nan"), float("inf")], ["a", "a", "a"])


@every_credit
def test_each_reward_needs_a_group(credit: Credit) -> None:
    with pytest.raises(ValueError, match="1 groups for 2 rewards"):
        credit([1.0, 2.0], ["a"])


@every_credit
def test_no_trajectories_give_no_advantages(credit: Credit) -> None:
    assert credit([], []).shape == (0,)


def test_rewards_must_be_flat() -> None:
    with pytest.raises(ValueError, match="must have shape"):
        group_relative([[1.0, 2.0]], ["a"])


def test_a_group_baseline_needs_groups() -> None:
    with pytest.raises(ValueError, match="needs groups"):
        reinforce_pp([1.0, 2.0], group_baseline=True)


SEATS = ["buyer", "seller"] * 4
TASKS = [0, 0, 0, 0, 1, 1, 1, 1]
SEAT_REWARDS = [0.1, 10.0, 0.3, 30.0, 0.2, 12.0, 0.9, 7.0]


@every_credit
def test_by_agent_gives_each_seat_what_it_would_get_alone(credit: Credit) -> None:
    advantages = by_agent(credit)(SEAT_REWARDS, TASKS, SEATS)
    np.testing.assert_array_equal(advantages[::2], credit(SEAT_REWARDS[::2], TASKS[::2]))
    np.testing.assert_array_equal(advantages[1::2], credit(SEAT_REWARDS[1::2], TASKS[1::2]))


@pytest.mark.parametrize("credit", [group_relative, leave_one_out], ids=["group_relative", "leave_one_out"])
def test_by_agent_equals_groups_keyed_by_task_and_seat(credit: Credit) -> None:
    keyed = credit(SEAT_REWARDS, list(zip(TASKS, SEATS, strict=True)))
    np.testing.assert_array_equal(by_agent(credit)(SEAT_REWARDS, TASKS, SEATS), keyed)


def test_by_agent_hands_options_on() -> None:
    advantages = by_agent(group_relative)(SEAT_REWARDS, TASKS, SEATS, std=False)
    assert advantages[3] == pytest.approx(10.0)


def test_by_agent_needs_a_seat_for_each_reward() -> None:
    with pytest.raises(ValueError, match="1 agents for 2 rewards"):
        by_agent(leave_one_out)([1.0, 2.0], ["a", "a"], ["buyer"])


def test_whitened_numbers_have_mean_zero_and_variance_one() -> None:
    whitened = whiten(np.random.default_rng(0).normal(3.0, 5.0, size=(20, 7)))
    assert whitened.mean() == pytest.approx(0.0, abs=1e-12)
    assert whitened.std() == pytest.approx(1.0, abs=1e-6)


def test_whiten_neither_reads_nor_fills_what_is_masked() -> None:
    x, mask = np.array([[1.0, np.nan, 3.0], [7.0, 5.0, np.nan]]), np.array([[1, 0, 1], [0, 1, 0]])
    expected = np.zeros((2, 3))
    expected[mask == 1] = whiten([1.0, 3.0, 5.0])
    np.testing.assert_array_equal(whiten(x, mask), expected)


def test_whiten_of_nothing_is_zero() -> None:
    assert not whiten([1.0, 2.0], [False, False]).any()


def test_whiten_refuses_a_mask_of_another_shape() -> None:
    with pytest.raises(ValueError, match="mask has shape"):
        whiten([1.0, 2.0], [True])
