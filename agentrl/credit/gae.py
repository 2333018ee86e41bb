"""Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438, equation 16).

    delta_t = r_t + gamma * V(s_{t+1}) - V(s_t)
    A_t     = delta_t + gamma * lam * A_{t+1}
    return  = A_t + V(s_t), what the critic learns

A step is a *turn*: one action of the policy, however many tokens it has. Observation tokens are no steps, so they
neither discount the reward nor break the chain, and gamma = 0.99 means the same for short and for long answers.

The two ends of an episode differ. TERMINATED: nothing comes after, so the value beyond the end is 0. TRUNCATED: the
episode was cut off, so the value of the state where it was cut stands for the rest.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Scalar = TypeVar("Scalar", np.float64, np.bool_)


def gae(
    rewards: ArrayLike,
    values: ArrayLike,
    bootstrap: ArrayLike,
    *,
    gamma: float,
    lam: float,
    mask: ArrayLike | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Advantages and returns of one episode per row.

    `rewards`, `values` (..., T): the reward that followed step t and the critic's value of the state in which its
    action was chosen. `bootstrap` (...,): the value after the last step; the caller gives 0 where the episode
    TERMINATED. `mask` (..., T): true where there is a step. The others (padding of a ragged batch, observation tokens)
    are skipped as if they were not there: never read, and 0 in both results.

    Returns (advantages, returns), each (..., T) in float64. Raises ValueError when the shapes do not fit.
    """
    rewards_, values_ = np.asarray(rewards, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if rewards_.ndim == 0 or rewards_.shape != values_.shape:
        raise ValueError(f"rewards {rewards_.shape} and values {values_.shape} must have one shape (..., T)")
    next_value = _shaped("bootstrap", np.asarray(bootstrap, dtype=np.float64), rewards_.shape[:-1])
    steps = np.ones(rewards_.shape, dtype=bool) if mask is None else np.asarray(mask, dtype=bool)
    _shaped("mask", steps, rewards_.shape)

    advantages, carry = np.zeros_like(rewards_), np.zeros_like(next_value)
    for t in reversed(range(rewards_.shape[-1])):
        step = steps[..., t]
        delta = rewards_[..., t] + gamma * next_value - values_[..., t]
        carry = np.where(step, delta + gamma * lam * carry, carry)
        next_value = np.where(step, values_[..., t], next_value)
        advantages[..., t] = np.where(step, carry, 0.0)
    return advantages, np.where(steps, advantages + values_, 0.0)


def gae_trajectory(
    rewards: ArrayLike, values: ArrayLike, final_value: float, gamma: float, lam: float
) -> tuple[FloatArray, FloatArray]:
    """Advantages and returns (T,) of one trajectory of T turns; see `gae`.

    `final_value` is the critic's value of the context after the last observation if the trajectory was TRUNCATED, and
    0 if it TERMINATED. Raises ValueError when `rewards` and `values` are not both (T,).
    """
    return gae(rewards, values, final_value, gamma=gamma, lam=lam)


def gae_arrays(
    rewards: ArrayLike,
    values: ArrayLike,
    next_values: ArrayLike,
    terminated: ArrayLike,
    truncated: ArrayLike,
    gamma: float,
    lam: float,
) -> tuple[FloatArray, FloatArray]:
    """Advantages and returns of time-major arrays in which episodes follow each other: (T, E, A), or any (T, ...).

    `values[t]` is the value of the observation before step t, `next_values[t]` that of the observation after it: the
    *final* observation where an episode ended at t, never the first one of the next episode. `terminated[t]` and
    `truncated[t]` tell how step t ended its episode. Terminated: no bootstrap, and the chain is cut. Truncated:
    bootstrap with `next_values[t]`, and the chain is cut. Both: terminated. At the last step the chain is cut by the
    end of the data and bootstraps the same way.

    Rows of agents that are no longer alive get meaningless numbers, which do not reach back beyond the step that
    terminated them; mask them out of the loss.

    Returns (advantages, returns), each of the shape of `rewards`, in float64. Raises ValueError when the shapes differ.
    """
    rewards_ = np.asarray(rewards, dtype=np.float64)
    shape = rewards_.shape
    if not shape:
        raise ValueError("rewards must have a time axis")
    values_ = _shaped("values", np.asarray(values, dtype=np.float64), shape)
    next_values_ = _shaped("next_values", np.asarray(next_values, dtype=np.float64), shape)
    terminal = _shaped("terminated", np.asarray(terminated, dtype=bool), shape)
    cut = terminal | _shaped("truncated", np.asarray(truncated, dtype=bool), shape)

    # np.where and not a product: a NaN beyond the end of an episode must not leak into it.
    deltas = rewards_ + gamma * np.where(terminal, 0.0, next_values_) - values_
    advantages, carry = np.zeros_like(rewards_), np.zeros(shape[1:])
    for t in reversed(range(shape[0])):
        carry = deltas[t] + gamma * lam * np.where(cut[t], 0.0, carry)
        advantages[t] = carry
    return advantages, advantages + values_


def _shaped(name: str, array: NDArray[Scalar], shape: tuple[int, ...]) -> NDArray[Scalar]:
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape} where {shape} is needed")
    return array
