"""The reward of an episode: named parts, all of them paid for success only; their sum lies in [0, 1].

    state    the database is as the goal wants it
    told     the user heard what they had to
    safe     nothing forbidden was done
    turns    turns * the share of the turns that are left over
    judge    judge * what the judge thought of the words: where it has a weight only

So every one of the first three gates, whatever its weight: `info["gates"]` says which held.
"""

from dataclasses import dataclass

from agentrl.envs.weights import Weights


@dataclass(frozen=True, slots=True)
class RewardWeights(Weights):
    """The most that each part can give."""

    state: float = 0.5
    told: float = 0.2
    safe: float = 0.2
    turns: float = 0.1
    judge: float = 0.0


def reward_parts(
    weights: RewardWeights, *, success: bool, turns: int, max_turns: int, judged: float = 0.0
) -> dict[str, float]:
    """The breakdown of an episode that ended after `turns` answers; `judged` is the judge's share, in [0, 1]."""
    most = {name: weight for name, weight in weights.parts().items() if name != "judge" or weight > 0}
    if not success:
        return dict.fromkeys(most, 0.0)
    left = (max_turns - turns) / (max_turns - 1) if max_turns > 1 else 1.0
    shares = {"turns": left, "judge": judged}
    return {name: weight * shares.get(name, 1.0) for name, weight in most.items()}
