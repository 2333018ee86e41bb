"""The reward of an episode: four named parts, all of them paid for success only; their sum lies in [0, 1].

    state    the database is as the goal wants it
    told     the user heard what they had to
    safe     nothing forbidden was done
    turns    turns * the share of the turns that are left over

So every one of the first three gates, whatever its weight: `info["gates"]` says which held.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from agentrl.errors import ConfigError, nearest


@dataclass(frozen=True, slots=True)
class RewardWeights:
    """The most that each part can give."""

    state: float = 0.5
    told: float = 0.2
    safe: float = 0.2
    turns: float = 0.1

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> "RewardWeights":
        """The default weights with some replaced. Raises ConfigError unless they are >= 0 and sum to at most 1."""
        known = [field.name for field in fields(cls)]
        for name in weights:
            if name not in known:
                raise ConfigError(
                    f"env_args.reward_weights has no {name!r}; it has {', '.join(known)}.{nearest(name, known)}"
                )
        made = cls(**weights)
        values = list(made.parts().values())
        # The slack lets sums through that are above 1 by a rounding error.
        if min(values) < 0 or not sum(values) <= 1 + 1e-9:
            raise ConfigError(
                f"env_args.reward_weights are {values} ({', '.join(known)}); each must be >= 0 and their sum <= 1"
            )
        return made

    def parts(self) -> dict[str, float]:
        """The weights by name."""
        return {"state": self.state, "told": self.told, "safe": self.safe, "turns": self.turns}


def reward_parts(weights: RewardWeights, *, success: bool, turns: int, max_turns: int) -> dict[str, float]:
    """The breakdown of an episode that ended after `turns` answers."""
    if not success:
        return dict.fromkeys(weights.parts(), 0.0)
    left = (max_turns - turns) / (max_turns - 1) if max_turns > 1 else 1.0
    return weights.parts() | {"turns": weights.turns * left}
