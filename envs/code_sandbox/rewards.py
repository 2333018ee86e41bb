"""The reward of an episode: three named parts whose sum lies in [0, 1].

    hidden   success  if all hidden tests passed, plus  partial * share of the hidden tests that passed
    format   format * share of the answers with a closed code fence, if all hidden tests passed
    turns    turns * share of the attempts left over, if all hidden tests passed

So an empty answer scores 0, and with `partial` at 0, its default, so does every program that is wrong: where a group's
rewards are divided by their standard deviation, small differences between failures would weigh as much as success.
"""

from dataclasses import dataclass

from agentrl.envs.weights import Weights


@dataclass(frozen=True, slots=True)
class RewardWeights(Weights):
    """The most that each part can give."""

    success: float = 0.6
    partial: float = 0.0
    format: float = 0.05
    turns: float = 0.35


def reward_parts(
    weights: RewardWeights, *, passed: int, total: int, tidy_share: float, attempts: int, max_attempts: int
) -> dict[str, float]:
    """The breakdown of an episode that ended after `attempts` answers with `passed` of `total` hidden tests passed."""
    share = passed / total
    solved = float(passed == total)
    left_over = (max_attempts - attempts) / (max_attempts - 1) if max_attempts > 1 else 1.0
    return {
        "hidden": weights.success * solved + weights.partial * share,
        "format": weights.format * tidy_share * solved,
        "turns": weights.turns * solved * left_over,
    }
