"""How much of what simulated users say is the language model's that was to word them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

MOST_REPLACED = 0.2
"""Where a template spoke more of the turns that a language model was to word, people are warned."""


@dataclass(frozen=True, slots=True)
class Worded:
    """The turns of simulated users that a language model was to word: all, those for which it was asked again, and
    those that it could not be kept to, so that a template spoke instead."""

    by_model: int
    asked_again: int
    replaced: int

    @property
    def share(self) -> float:
        """The share of turns that a template spoke."""
        return self.replaced / self.by_model if self.by_model else 0.0

    @property
    def note(self) -> str:
        """A warning where more than `MOST_REPLACED` of the turns are a template's, or ""."""
        if self.share <= MOST_REPLACED:
            return ""
        return (
            f"the language model of the users could not be kept to what they mean in {self.replaced} of "
            f"{self.by_model} turns ({self.share:.0%}): there a template spoke instead. These are hardly its words; "
            "take a better model"
        )

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


def worded(infos: Iterable[Mapping[str, Any]]) -> Worded | None:
    """What was counted in the `info` of episodes, or in the index of a data set; None where no model words users."""
    found = [info["user_turns"] for info in infos if info.get("user_turns")]
    return Worded(**{name: sum(one[name] for one in found) for name in found[0]}) if found else None
