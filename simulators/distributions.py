"""The distributions that personas are sampled from: the default ones, quiet ones, and such as replace some of them."""

import random
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agentrl.errors import UserError, nearest
from agentrl.simulators.models import TRAITS, Disclosure, Locale

Casing = Literal["normal", "lower", "upper"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def moved(mean: float, lean: float) -> float:
    """A mean moved by `lean`, within [0.05, 0.95]."""
    return min(0.95, max(0.05, mean + lean))


class Beta(_Model):
    """A Beta distribution on [0, 1]: `mean`, and `spread` > 0 for how many observations it is worth."""

    mean: float = Field(0.5, gt=0, lt=1)
    spread: float = Field(4.0, gt=0)

    def draw(self, rng: random.Random, lean: float = 0.0) -> float:
        """One number, whose mean is `moved` by `lean`; three digits."""
        mean = moved(self.mean, lean)
        return round(rng.betavariate(mean * self.spread, (1 - mean) * self.spread), 3)


class Rare(_Model):
    """Zero for most users, and for `share` of them uniform in (0, `most`]."""

    share: float = Field(0.0, ge=0, le=1)
    most: float = Field(0.1, gt=0, le=1)

    def draw(self, rng: random.Random) -> float:
        """One number; three digits."""
        chosen, size = rng.random() < self.share, rng.random()
        return round(self.most * (1 - size), 3) if chosen else 0.0


class Distributions(_Model):
    """From what personas are sampled. Weights need not sum to one.

    Verbosity, politeness, cooperativeness and the gain of annoyance lean with the traits that go with them:
    extraversion, agreeableness (twice) and neuroticism.
    """

    locale: Mapping[Locale, float] = {"en": 0.5, "zh": 0.35, "mixed": 0.15}
    disclosure: Mapping[Disclosure, float] = {"upfront": 0.3, "on_request": 0.5, "drip": 0.2}
    traits: Mapping[str, Beta] = {name: Beta(mean=0.5, spread=5) for name in TRAITS}
    expertise: Beta = Beta(mean=0.5, spread=3)
    verbosity: Beta = Beta(mean=0.5, spread=4)
    politeness: Beta = Beta(mean=0.6, spread=4)
    cooperativeness: Beta = Beta(mean=0.75, spread=5)
    patience: tuple[int, int] = (6, 14)
    """The least and the most turns without progress."""
    typos: Rare = Rare(share=0.35, most=0.12)
    misheard: Rare = Rare(share=0.1, most=0.2)
    emoji: Rare = Rare(share=0.2, most=0.5)
    code_switch: Beta = Beta(mean=0.5, spread=6)
    """The share of sentences with the other language, for users of the locale "mixed"."""
    casing: Mapping[Casing, float] = {"normal": 0.85, "lower": 0.12, "upper": 0.03}
    annoyed_at_first: Rare = Rare(share=0.15, most=0.4)
    annoyance_gain: Beta = Beta(mean=0.15, spread=10)

    @field_validator("locale", "disclosure", "casing")
    @classmethod
    def _weigh(cls, weights: Mapping[str, float]) -> Mapping[str, float]:
        if any(weight < 0 for weight in weights.values()) or sum(weights.values()) <= 0:
            raise ValueError("weights must not be negative, and one must be above 0")
        return weights

    @field_validator("patience")
    @classmethod
    def _in_order(cls, patience: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= patience[0] <= patience[1]:
            raise ValueError(f"it is {patience}; it must be [least, most] with 1 <= least <= most")
        return patience

    @field_validator("traits")
    @classmethod
    def _known(cls, traits: Mapping[str, Beta]) -> Mapping[str, Beta]:
        for name in traits:
            if name not in TRAITS:
                raise ValueError(
                    f"no factor is called {name!r}; there are {', '.join(TRAITS)}.{nearest(name, TRAITS, 1)}"
                )
        return traits


DEFAULT: Final = Distributions()
_SURE: Final = 1e9
"""So many observations that three digits of a `Beta` are those of its mean."""
QUIET: Final = Distributions(
    locale={"en": 1},
    disclosure={"upfront": 1, "on_request": 1},
    traits={},
    expertise=Beta(mean=0.5, spread=_SURE),
    verbosity=Beta(mean=0.5, spread=_SURE),
    politeness=Beta(mean=0.7, spread=_SURE),
    cooperativeness=Beta(mean=0.8, spread=_SURE),
    patience=(8, 8),
    typos=Rare(share=0),
    misheard=Rare(share=0),
    emoji=Rare(share=0),
    casing={"normal": 1},
    annoyed_at_first=Rare(share=0),
    annoyance_gain=Beta(mean=0.15, spread=_SURE),
)
"""Plain users, all alike but for how much they tell at once: they write English, and well."""


def replaced(base: Distributions, changes: Mapping[str, Any], where: str = "") -> Distributions:
    """The distributions with some of them replaced by plain values, such as a YAML file has them.

    Raises UserError that begins with the key which is wrong, behind `where`.
    """
    try:
        return Distributions.model_validate({**dict(base), **changes})
    except ValidationError as error:
        problem = error.errors()[0]
        keys = [str(key) for key in problem["loc"] if key != "[key]"]
        key, told = ".".join(keys), problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            known = Distributions.model_fields if len(keys) == 1 else {**Beta.model_fields, **Rare.model_fields}
            told = f"there is no such key.{nearest(keys[-1], known, 1)}"
        raise UserError(f"{where}{key}: {told}") from None
