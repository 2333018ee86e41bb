"""The weights of a reward's named parts, checked in one way for all environments."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from agentrl.errors import ConfigError, nearest


@dataclass(frozen=True, slots=True)
class Weights:
    """Derive from this, with a field and its default for the most that each part can give."""

    @classmethod
    def of(cls, weights: Mapping[str, Any]) -> Self:
        """The default weights with some replaced.

        Raises ConfigError for an unknown part, and unless all are numbers >= 0 that sum to at most 1.
        """
        known = [field.name for field in fields(cls)]
        for name in weights:
            if name not in known:
                raise ConfigError(
                    f"env_args.reward_weights has no {name!r}; it has {', '.join(known)}.{nearest(str(name), known)}"
                )
        made = cls(**weights)
        values = list(made.parts().values())
        # The slack lets sums such as 0.7 + 0.1 + 0.1 + 0.1 through, which is above 1 by a rounding error.
        numbers = all(isinstance(value, int | float) and value >= 0 for value in values)
        if not numbers or not sum(values) <= 1 + 1e-9:
            raise ConfigError(
                f"env_args.reward_weights are {values} ({', '.join(known)}); each must be a number >= 0 and their sum "
                "at most 1"
            )
        return made

    def parts(self) -> dict[str, float]:
        """The weights by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
