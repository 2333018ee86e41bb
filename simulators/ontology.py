"""What a domain lets its users talk about: slots, intents, and the words for them in English and in Chinese.

A domain supplies one `Ontology`. The simulators know no domain: what users say, understand and compare follows from it.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from agentrl.errors import UserError, nearest
from agentrl.simulators.models import SubGoal, UserTask

Tongue = Literal["en", "zh", "mixed"]
"""The language of one sentence. "mixed" is Chinese with English words in it."""
Words = Mapping[Tongue, tuple[str, ...]]
SlotKind = Literal["id", "name", "zip", "date", "text", "choice", "money", "number", "email", "phone"]

HOLE = re.compile(r"\{(\w+)\}")
_SEPARATORS = re.compile(r"[\W_]+")
_PATTERNS: dict[SlotKind, str] = {
    "id": r"#[A-Za-z]*\d[\w-]*|\b[A-Z]{1,4}-?\d{3,}\b",
    "zip": r"(?<![\w#$.-])\d{5,6}(?![\w.-])",
    "date": r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)",
    "money": r"[$€£¥￥]\s?\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)?\s?(?:dollars|usd|yuan|rmb|元|块)",
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "phone": r"(?<![\w#])\+?\d[\d -]{7,}\d(?!\w)",
}
_MINE: frozenset[SlotKind] = frozenset(["name", "zip", "email", "phone"])


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _in_both(words: Words) -> Words:
    for tongue in ("en", "zh"):
        if not words.get(tongue):
            raise ValueError(f"needs at least one wording for {tongue!r}")
    return words


class Slot(_Model):
    """One kind of fact that is talked about. Values of the kind "name" are the user's own name."""

    kind: SlotKind
    words: Words
    """Noun phrases without an article, the usual one first: "order number"."""
    pattern: str = ""
    """A regular expression that spots a value in text, whatever its case. "" is the kind's own; the kinds "name",
    "text" and "number" have none, and their values are found by being looked for."""
    values: Mapping[str, Words] = Field(default_factory=dict)
    """For the kind "choice": how each value is worded."""
    identity: bool = False
    """A fact by which the user is recognised."""
    mine: bool | None = None
    """Whether users say "my zip code" or "the order number"; None: by the kind."""
    asks: Words = Field(default_factory=dict)
    """Further regular expressions by which an agent asks for it without naming it."""
    vague: Words = Field(default_factory=dict)
    """How a user refers to the value without saying it: "the one I bought recently"."""
    instead: tuple[str, ...] = ()
    """Slots that a user tells who does not know this one."""

    _both = field_validator("words")(_in_both)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        if re.compile(pattern).groups:
            raise ValueError("a slot's pattern must not have groups; write (?:...)")
        return pattern

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.kind == "choice") != bool(self.values):
            raise ValueError("`values` belong to the kind 'choice', and only to it")
        for value in self.values.values():
            _in_both(value)
        return self

    @property
    def owned(self) -> bool:
        """Whether it is "my" and not "the" value."""
        return self.kind in _MINE if self.mine is None else self.mine


class Intent(_Model):
    """One thing that a user may want.

    `phrases` follow "I'd like to ..." as well as "could you ...": "cancel order {order_id}". Those of an `info` intent
    are indirect questions instead, which follow "could you tell me ...": "where order {order_id} is".
    """

    slots: tuple[str, ...]
    """What it needs, the most important first."""
    phrases: Words
    vague: Words
    """The same without any value: "cancel an order"."""
    noun: Words
    """What it is called: "the cancellation of order {order_id}"."""
    cues: Words = Field(default_factory=dict)
    """Regular expressions by which it is recognised in the agent's words."""
    optional: tuple[str, ...] = ()
    info: bool = False
    """A question: nothing is changed, so nothing has to be confirmed."""

    _both = field_validator("phrases", "vague", "noun")(_in_both)


class Ontology(_Model):
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

    _both = field_validator("problem")(_in_both)

    @field_validator("claims", "secrets")
    @classmethod
    def _all_in_both(cls, table: Mapping[str, Words]) -> Mapping[str, Words]:
        for words in table.values():
            _in_both(words)
        return table

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, intent in self.intents.items():
            named = {*intent.slots, *intent.optional}
            used = {hole for words in (intent.phrases, intent.noun) for hole in _holes(words)}
            if unknown := sorted((named | used) - set(self.slots)):
                raise ValueError(f"intents.{name} has slots that are not defined: {', '.join(unknown)}")
            if unused := sorted(used - named):
                raise ValueError(f"intents.{name} words slots that it does not have: {', '.join(unused)}")
            if any(_holes(intent.vague)):
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
            if pattern := slot.pattern or _PATTERNS.get(slot.kind, ""):
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
        return spec is not None and bool(spec.pattern or spec.values or spec.kind in _PATTERNS)

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


def _holes(words: Words) -> Iterable[str]:
    for phrases in words.values():
        for phrase in phrases:
            yield from HOLE.findall(phrase)
