"""What a domain lets its users talk about, and how its values are written, compared and found in texts.

A domain supplies one `Ontology`. The simulators know no domain: what users say, understand and compare follows from it.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from agentrl.errors import UserError, nearest
from agentrl.simulators.models import SubGoal, UserTask
from agentrl.simulators.schema import Definition, Intent, Slot, Tongue, Words, holes, in_both

_SEPARATORS = re.compile(r"[\W_]+")


class Ontology(Definition):
    """All slots and intents of a domain. Raises `ValueError` where they name one another wrongly.

    Each is equal to itself only, so that what is derived from it can be kept.
    """

    name: str
    slots: Mapping[str, Slot]
    intents: Mapping[str, Intent] = Field(min_length=1)
    problem: Words
    """What a user who begins vaguely has a problem with: "an order"."""
    claims: Mapping[str, Words] = Field(default_factory=dict)
    """Past participles of what a user may claim to have done: "sent the parcel back"."""
    secrets: Mapping[str, Words] = Field(default_factory=dict)
    """Noun phrases of facts that are no slots: "full card number"."""
    reasons: Mapping[str, Words] = Field(default_factory=dict)
    """Why a wish is refused, as clauses: "it is flown" -> "the flight has left already". A reason that has no words in
    a language is said as it stands."""
    participles: Mapping[str, str] = Field(default_factory=dict)
    """For English verbs of what agents do, how they report it: "renew" -> "renewed"."""

    _both = field_validator("problem")(in_both)

    @field_validator("claims", "secrets")
    @classmethod
    def _all_in_both(cls, table: Mapping[str, Words]) -> Mapping[str, Words]:
        for words in table.values():
            in_both(words)
        return table

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, intent in self.intents.items():
            named = {*intent.slots, *intent.optional}
            used = {hole for words in (intent.phrases, intent.noun) for hole in holes(words)}
            if unknown := sorted((named | used) - set(self.slots)):
                raise ValueError(f"intents.{name} has slots that are not defined: {', '.join(unknown)}")
            if unused := sorted(used - named):
                raise ValueError(f"intents.{name} words slots that it does not have: {', '.join(unused)}")
            if any(holes(intent.vague)):
                raise ValueError(f"intents.{name}.vague must not have holes")
        for name, slot in self.slots.items():
            if unknown := sorted(set(slot.instead) - set(self.slots)):
                raise ValueError(f"slots.{name}.instead names no slot: {', '.join(unknown)}")
        return self

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @cached_property
    def spotters(self) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
        """The distinct patterns, each with the slots that share it."""
        shared: dict[str, list[str]] = {}
        for name, slot in self.slots.items():
            if pattern := slot.regex:
                shared.setdefault(pattern, []).append(name)
        return tuple((re.compile(pattern, re.IGNORECASE), tuple(names)) for pattern, names in shared.items())

    @cached_property
    def choices(self) -> tuple[tuple[str, str, str], ...]:
        """(slot, value, words in lower case) of every choice, longest words first."""
        rows = {
            (name, value, words.lower())
            for name, slot in self.slots.items()
            for value, by_tongue in slot.values.items()
            for all_words in by_tongue.values()
            for words in (*all_words, value)
        }
        return tuple(sorted(rows, key=lambda row: (-len(row[2]), row)))

    def say(self, slot: str, value: Any, tongue: Tongue = "en") -> str:
        """The characters by which a user writes the value."""
        if isinstance(value, (list, tuple)):
            return ("、" if tongue == "zh" else ", ").join(self.say(slot, part, tongue) for part in value)
        kind = self.slots[slot].kind if slot in self.slots else "text"
        if kind == "choice" and (words := self.slots[slot].values.get(str(value))):
            return (words.get(tongue) or words["en"])[0]
        if kind == "money" and isinstance(value, (int, float)):
            return f"${value:.2f}"
        return str(value)

    def label(self, slot: str, tongue: Tongue = "en") -> str:
        """The slot's usual noun phrase; a slot that is only a secret has one as well."""
        words = self.slots[slot].words if slot in self.slots else self.secrets[slot]
        return (words.get(tongue) or words["en"])[0]

    def reason(self, name: str, tongue: Tongue = "en") -> str:
        """The clause of a reason."""
        return next(iter(self.reasons.get(name, {}).get(tongue, ())), name)

    def same(self, slot: str, one: Any, other: Any) -> bool:
        """Whether two values are equal up to case, blanks, punctuation and, for choices, wording."""
        return self._plain(slot, one) == self._plain(slot, other)

    def _plain(self, slot: str, value: Any) -> str:
        kind = self.slots[slot].kind if slot in self.slots else "text"
        if kind == "money":
            digits = re.sub(r"[^\d.]", "", str(value))
            return f"{float(digits):.2f}" if digits.strip(".") else str(value)
        text = str(value).lower()
        if kind == "choice":
            text = next((key for name, key, words in self.choices if name == slot and words == text), text)
        return _SEPARATORS.sub("", text)

    def mentions(self, text: str, slot: str, value: Any) -> bool:
        """Whether the text contains the value, in either language."""
        if isinstance(value, (list, tuple)):
            return all(self.mentions(text, slot, part) for part in value)
        if slot in self.slots and self.slots[slot].kind == "choice":
            return any(
                name == slot and key == str(value) and words in text.lower() for name, key, words in self.choices
            )
        return self._plain("", self.say(slot, value)) in self._plain("", text)

    def spots(self, slot: str) -> bool:
        """Whether any value of the slot is recognised in text, and not only a known one."""
        spec = self.slots.get(slot)
        return spec is not None and bool(spec.regex or spec.values)

    def spot(self, text: str) -> dict[str, tuple[str, ...]]:
        """The values of each slot in the text, in order of appearance and without repetition.

        Slots that share a pattern share the values. A value of a "choice" is its key, not its words.
        """
        found: dict[str, tuple[str, ...]] = {}
        for pattern, names in self.spotters:
            if values := tuple(dict.fromkeys(pattern.findall(text))):
                found.update(dict.fromkeys(names, values))
        if self.choices:
            lower, left = text.lower(), dict[str, str]()
            for name, key, words in self.choices:
                if words in (rest := left.get(name, lower)):
                    left[name] = rest.replace(words, " | ")  # the "card" of a "gift card" is no other value
                    if key not in found.get(name, ()):
                        found[name] = (*found.get(name, ()), key)
        return found

    def check(self, task: UserTask) -> None:
        """Raises `UserError` when the task's goal names an intent or a slot that does not exist."""
        for number, subgoal in enumerate(task.goal.subgoals):
            self._check_subgoal(f"goal.subgoals[{number}]", subgoal)
        for key in (*task.goal.known, *task.goal.unknown):
            self._check_slot("goal", key)

    def _check_subgoal(self, where: str, subgoal: SubGoal) -> None:
        if subgoal.kind not in self.intents:
            hint = nearest(subgoal.kind, self.intents)
            raise UserError(f"{where}: {self.name!r} has no intent {subgoal.kind!r}.{hint}")
        for slot in subgoal.slots:
            self._check_slot(where, slot)
        if subgoal.fallback:
            self._check_subgoal(f"{where}.fallback", subgoal.fallback)

    def _check_slot(self, where: str, slot: str) -> None:
        if slot not in self.slots:
            raise UserError(f"{where}: {self.name!r} has no slot {slot!r}.{nearest(slot, self.slots)}")
