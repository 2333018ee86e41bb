"""GAE against sums written out as in the paper, closed forms, and the usual vector-environment loop."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agentrl.credit import gae, gae_arrays, gae_trajectory

FloatArray = NDArray[np.float64]
unit = st.floats(0, 1)


def episode(seed: int, steps: int = 6) -> tuple[FloatArray, FloatArray, float]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=steps), rng.normal(size=steps), float(rng.normal())


def advantages_as_in_the_paper(
    rewards: FloatArray, values: FloatArray, final_value: float, gamma: float, lam: float
) -> list[float]:
    """A_t = sum over l of (gamma lam)^l delta_{t+l}, the sum written out (equation 16)."""
    beyond = [*values[1:], final_value]
    deltas = [r + gamma * after - v for r, after, v in zip(rewards, beyond, values, strict=True)]
    steps = len(deltas)
    return [sum((gamma * lam) ** (k - t) * deltas[k] for k in range(t, steps)) for t in range(steps)]


@settings(deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), steps=st.integers(1, 12), gamma=unit, lam=unit)
def test_a_trajectory_equals_the_sum_of_the_paper(seed: int, steps: int, gamma: float, lam: float) -> None:
    rewards, values, final_value = episode(seed, steps)
    expected = advantages_as_in_the_paper(rewards, values, final_value, gamma, lam)
    advantages, returns = gae_trajectory(rewards, values, final_value, gamma, lam)
    np.testing.assert_allclose(advantages, expected, atol=1e-9)
    np.testing.assert_allclose(returns, np.asarray(expected) + values, atol=1e-9)


def test_lambda_one_is_monte_carlo() -> None:
    rewards, values, final_value = episode(0)
    gamma = 0.9
    discounted = [
        sum(gamma ** (k - t) * rewards[k] for k in range(t, 6)) + gamma ** (6 - t) * final_value for t in range(6)
    ]
    advantages, returns = gae_trajectory(rewards, values, final_value, gamma, 1.0)
    np.testing.assert_allclose(returns, discounted, rtol=1e-12)
    np.testing.assert_allclose(advantages, np.asarray(discounted) - values, rtol=1e-12)


def test_lambda_zero_is_the_one_step_error() -> None:
    rewards, values, final_value = episode(1)
    expected = rewards + 0.9 * np.append(values[1:], final_value) - values
    np.testing.assert_allclose(gae_trajectory(rewards, values, final_value, 0.9, 0.0)[0], expected, rtol=1e-12)


def test_a_perfect_critic_leaves_no_advantage() -> None:
    rewards, gamma = [0.0, 1.0, 0.0, 2.0], 0.5
    values = [0.75, 1.5, 1.0, 2.0]
    advantages, returns = gae_trajectory(rewards, values, 0.0, gamma, 0.7)
    np.testing.assert_allclose(advantages, 0.0, atol=1e-12)
    np.testing.assert_allclose(returns, values)


def test_rows_of_a_batch_are_independent() -> None:
    episodes = [episode(seed) for seed in range(4)]
    rewards, values, final = (np.array(part).reshape(2, 2, *np.shape(part)[1:]) for part in zip(*episodes, strict=True))
    advantages, returns = gae(rewards, values, final, gamma=0.9, lam=0.8)
    for row, one in zip(np.ndindex(2, 2), episodes, strict=True):
        expected = gae_trajectory(*one, gamma=0.9, lam=0.8)
        np.testing.assert_allclose((advantages[row], returns[row]), expected, rtol=1e-12)


@settings(deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    mask=st.lists(st.booleans(), min_size=1, max_size=12),
    gamma=unit,
    lam=unit,
)
def test_skipped_steps_change_nothing_wherever_they_stand(
    seed: int, mask: list[bool], gamma: float, lam: float
) -> None:
    """Observation tokens between actions, and padding behind them, even when they hold NaN."""
    rewards, values, final_value = episode(seed, sum(mask))
    holes = np.full((2, len(mask)), np.nan)
    holes[0, mask], holes[1, mask] = rewards, values
    advantages, returns = gae(holes[0], holes[1], final_value, gamma=gamma, lam=lam, mask=mask)
    expected = gae_trajectory(rewards, values, final_value, gamma, lam)
    np.testing.assert_array_equal((advantages[mask], returns[mask]), expected)
    skipped = np.logical_not(mask)
    assert not advantages[skipped].any()
    assert not returns[skipped].any()


def vector_loop(
    rewards: FloatArray, values: FloatArray, dones: FloatArray, next_value: FloatArray, next_done: FloatArray
) -> FloatArray:
    """The loop of single-file PPO implementations (T, E): dones[t] tells that step t is the first of an episode."""
    gamma, lam = 0.99, 0.95
    advantages = np.zeros_like(rewards)
    last = np.zeros(rewards.shape[1])
    for t in reversed(range(len(rewards))):
        if t == len(rewards) - 1:
            going_on, following = 1.0 - next_done, next_value
        else:
            going_on, following = 1.0 - dones[t + 1], values[t + 1]
        delta = rewards[t] + gamma * following * going_on - values[t]
        advantages[t] = last = delta + gamma * lam * going_on * last
    return advantages


def test_one_token_turns_equal_a_plain_vector_reference() -> None:
    """A turn of one token is a step, so that the text side and the vector side are one algorithm."""
    rng = np.random.default_rng(0)
    rewards, values = rng.normal(size=(2, 32, 3))
    next_value = rng.normal(size=3)
    ends = rng.random((32, 3)) < 0.2  # ends[t]: step t ended its episode
    dones = np.vstack([np.zeros((1, 3)), ends[:-1]])
    expected = vector_loop(rewards, values, dones, next_value, ends[-1].astype(float))

    next_values = np.vstack([values[1:], next_value[None]])
    arrays, _ = gae_arrays(rewards, values, next_values, ends, np.zeros_like(ends), 0.99, 0.95)
    np.testing.assert_allclose(arrays, expected, atol=1e-12)

    for env in range(3):
        starts = [0, *(np.flatnonzero(ends[:, env]) + 1), 32]
        for start, stop in itertools.pairwise(starts):
            final = 0.0 if ends[stop - 1, env] else float(next_value[env])
            one, _ = gae_trajectory(rewards[start:stop, env], values[start:stop, env], final, 0.99, 0.95)
            np.testing.assert_allclose(one, expected[start:stop, env], atol=1e-12)


def test_truncation_bootstraps_with_the_final_observation_and_cuts_the_chain() -> None:
    """Two episodes in one column, with a third agent axis: each must equal its own trajectory."""
    rng = np.random.default_rng(0)
    rewards, values = rng.normal(size=(2, 5, 1, 2))
    next_values = np.concatenate([values[1:], rng.normal(size=(1, 1, 2))])
    next_values[2] = [[4.0, -4.0]]  # of the final observation, not of the next episode's first
    truncated = np.zeros((5, 1, 2), dtype=bool)
    truncated[2] = True
    advantages, returns = gae_arrays(rewards, values, next_values, np.zeros_like(truncated), truncated, 0.9, 0.8)
    for agent in range(2):
        for part in (slice(0, 3), slice(3, 5)):
            final = float(next_values[part][-1, 0, agent])
            expected = gae_trajectory(rewards[part, 0, agent], values[part, 0, agent], final, 0.9, 0.8)
            np.testing.assert_allclose((advantages[part, 0, agent], returns[part, 0, agent]), expected, rtol=1e-12)


@pytest.mark.parametrize("truncated", [False, True], ids=["terminated", "terminated and truncated"])
def test_termination_has_no_future(truncated: bool) -> None:
    """Not even a NaN from beyond the end, or a next episode, reaches back."""
    advantages, _ = gae_arrays(
        [1.0, 2.0, np.nan],
        [0.5, 0.25, 0.0],
        [0.25, np.nan, 0.0],
        [False, True, False],
        [False, truncated, False],
        1.0,
        1.0,
    )
    np.testing.assert_allclose(advantages[:2], [3.0 - 0.5, 2.0 - 0.25])


def test_the_end_of_the_data_bootstraps() -> None:
    advantages, returns = gae_arrays([1.0], [0.5], [10.0], [False], [False], 0.9, 0.95)
    assert advantages[0] == pytest.approx(1.0 + 9.0 - 0.5)
    assert returns[0] == pytest.approx(10.0)


def test_discounting_counts_turns() -> None:
    """A reward three turns ahead is worth gamma^3, whatever stands between the turns."""
    mask = [True, False, False, True, False, True, True]
    rewards = [0.0] * 6 + [1.0]
    advantages, _ = gae(rewards, [0.0] * 7, 0.0, gamma=0.5, lam=1.0, mask=mask)
    assert advantages[0] == pytest.approx(0.5**3)


@pytest.mark.parametrize(
    ("rewards", "values", "bootstrap", "mask"),
    [
        ([1.0], [1.0, 2.0], 0.0, None),
        ([1.0, 2.0], [1.0, 2.0], [0.0], None),
        ([[1.0, 2.0]], [[1.0, 2.0]], 0.0, None),
        ([1.0, 2.0], [1.0, 2.0], 0.0, [True]),
        (1.0, 1.0, 0.0, None),
    ],
)
def test_shapes_that_do_not_fit_are_refused(rewards: object, values: object, bootstrap: object, mask: object) -> None:
    with pytest.raises(ValueError, match="shape"):
        gae(rewards, values, bootstrap, gamma=1.0, lam=1.0, mask=mask)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["values", "next_values", "terminated", "truncated"])
def test_arrays_of_another_shape_are_refused(wrong: str) -> None:
    arrays = {name: np.zeros((4, 2)) for name in ("rewards", "values", "next_values", "terminated", "truncated")}
    arrays[wrong] = np.zeros((4, 1))
    with pytest.raises(ValueError, match=f"{wrong} has shape"):
        gae_arrays(**arrays, gamma=1.0, lam=1.0)
