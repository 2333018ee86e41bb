"""From rewards to advantages: one number per turn, by the credit function that the algorithm names."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentrl.config.presets import Preset
from agentrl.credit import by_agent, gae_trajectory, group_relative, leave_one_out, reinforce_pp, whiten
from agentrl.episode import End
from agentrl.training.batch import Batch

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Credit:
    """Per turn (T,): the advantage of its action, and the critic's target (None without a critic)."""

    advantages: Floats
    returns: Floats | None = None


def assign_credit(
    batch: Batch,
    preset: Preset,
    *,
    gamma: float,
    lam: float,
    values: Floats | None = None,
    final_values: Floats | None = None,
) -> Credit:
    """Compare or estimate, as `preset.advantage` says; seats are compared with their like only.

    `values` (T,) are the critic's per turn, `final_values` (M,) those after each trajectory's last observation, both
    needed for "gae". With several seats the group functions are applied per seat (Dr. MAS, arXiv 2602.08847).
    """
    if preset.advantage == "gae":
        if values is None or final_values is None:
            raise ValueError("gae needs the critic's values")
        return _gae(batch, values, final_values, gamma, lam)
    scores = np.array([_discounted(batch.rewards[part], gamma) for part in batch.turn_slices])
    functions = {
        "group_relative": lambda rewards, groups: group_relative(rewards, groups),
        "group_mean": lambda rewards, groups: group_relative(rewards, groups, std=False),
        "leave_one_out": leave_one_out,
        "reinforce_pp": lambda rewards, groups: reinforce_pp(rewards, groups, group_baseline=_repeated(groups)),
    }
    advantages = by_agent(functions[preset.advantage])(scores, batch.groups, batch.agents)
    per_turn = np.zeros_like(batch.rewards)
    for part, advantage in zip(batch.turn_slices, advantages, strict=True):
        per_turn[part] = advantage
    return Credit(per_turn)


def _gae(batch: Batch, values: Floats, final_values: Floats, gamma: float, lam: float) -> Credit:
    advantages, returns = np.zeros_like(batch.rewards), np.zeros_like(batch.rewards)
    for trajectory, part, final in zip(batch.trajectories, batch.turn_slices, final_values, strict=True):
        bootstrap = float(final) if trajectory.end is End.TRUNCATED else 0.0
        advantages[part], returns[part] = gae_trajectory(
            batch.rewards[part], values[part], bootstrap, gamma=gamma, lam=lam
        )
    return Credit(whiten(advantages), returns)


def _repeated(groups: Sequence[Hashable]) -> bool:
    """Whether tasks are played several times, so that a task's own mean is the better baseline."""
    return len(set(groups)) < len(groups)


def _discounted(rewards: Floats, gamma: float) -> float:
    return float((rewards * gamma ** np.arange(len(rewards))).sum())
