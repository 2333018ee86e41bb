"""How the adversary chooses: what `env_args.adversary` takes."""

from collections.abc import Collection
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agentrl.errors import nearest
from agentrl.simulators.adversary.archive import Aim
from agentrl.simulators.adversary.operator import MAX_DEPTH
from agentrl.simulators.adversary.registry import OPERATORS

_NUMBERS: Final = 1_000_000
"""From here on the numbers of tasks begin anew: a product with larger ones is not exact."""


class Settings(BaseModel):
    """How the adversary chooses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(0.3, ge=0, le=1)
    """How many of the tasks are adversarial; the others are plain. With 0 there is no adversary."""
    fresh: float = Field(0.4, ge=0, le=1)
    """How many of those are new proposals; the others come from the archive."""
    renew: float = Field(0.7, ge=0, le=1)
    """How many of the archive's are made anew: the same operators on another database and goal."""
    depth: int = Field(MAX_DEPTH, ge=1, le=MAX_DEPTH)
    """The most operators for one task."""
    refusals: float = Field(0.3, ge=0, le=1)
    """The largest share of adversarial tasks that an agent solves which always refuses."""
    operators: tuple[str, ...] = tuple(OPERATORS)
    """Which may be used."""
    held_out: tuple[tuple[str, ...], ...] = ()
    """Combinations of operators that no task may have together."""
    aim: Aim = "learnability"
    """What the archive and the bandit look for: "regret" and "failure" hunt for faults, also in an evaluation."""
    adaptive: bool = True
    """False draws operators uniformly and never uses the archive: the baseline."""

    @field_validator("operators", mode="before")
    @classmethod
    def _names(cls, operators: Any) -> Any:
        if isinstance(operators, str):
            raise ValueError(f"this is a list of operators: [{operators}]")
        if operators in ([], ()):
            raise ValueError("name at least one operator, or leave it out for all")
        return operators

    @field_validator("held_out", mode="before")
    @classmethod
    def _combinations(cls, held_out: Any) -> Any:
        listed = isinstance(held_out, list | tuple)
        if isinstance(held_out, str) or (listed and any(isinstance(one, str) for one in held_out)):
            raise ValueError("this is a list of combinations, each a list of operators: [[drip, typos], [inject]]")
        return held_out

    @field_validator("operators")
    @classmethod
    def _known(cls, operators: tuple[str, ...]) -> tuple[str, ...]:
        for name in operators:
            if name not in OPERATORS:
                raise ValueError(f"there is no operator {name!r}.{nearest(name, OPERATORS)}")
        return operators

    @field_validator("held_out")
    @classmethod
    def _known_together(cls, held_out: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for combination in held_out:
            if not combination:
                raise ValueError("an empty combination would hold out every task: leave it out")
            cls._known(combination)
        return held_out

    def allows(self, names: Collection[str]) -> bool:
        """Whether a task may have just these operators."""
        few, known = len(names) <= self.depth, set(names) <= set(self.operators)
        return few and known and not any(set(names).issuperset(combination) for combination in self.held_out)

    def of_number(self, number: int) -> tuple[bool, bool]:
        """Whether the task of a number is adversarial, and whether it may be about refusing.

        Of the numbers 0, 1, 2, ... up to any, the settings' shares are, rounded down.
        """
        number %= _NUMBERS
        return _falls_on(number, self.share), _falls_on(int(number * self.share), self.refusals)


def _falls_on(number: int, share: float) -> bool:
    return int((number + 1) * share) > int(number * share)
