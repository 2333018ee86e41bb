"""Slots and intents: what users talk about, and the words for it in English and in Chinese."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Tongue = Literal["en", "zh", "mixed"]
"""The language of one sentence. "mixed" is Chinese with English words in it."""
Words = Mapping[Tongue, tuple[str, ...]]
SlotKind = Literal["id", "name", "zip", "date", "text", "choice", "money", "number", "email", "phone"]

HOLE = re.compile(r"\{(\w+)\}")
_PATTERNS: dict[SlotKind, str] = {
    "id": r"#[A-Za-z]*\d[\w-]*|\b[A-Z]{1,4}-?\d{3,}\b",
    "zip": r"(?=\d)(?<![\w#$.-])\d{5,6}(?![\w.-])",
    "date": r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)",
    "money": r"[$€£¥￥]\s?\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)?\s?(?:dollars|usd|yuan|rmb|元|块)",
    "email": r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]++@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    "phone": r"(?<![\w#])\+?\d[\d -]{7,}\d(?!\w)",
}
_MINE: frozenset[SlotKind] = frozenset(["name", "zip", "email", "phone"])


class Definition(BaseModel):
    """Part of what a domain defines: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def in_both(words: Words) -> Words:
    """The words. Raises ValueError where one of the two languages has none."""
    for tongue in ("en", "zh"):
        if not words.get(tongue):
            raise ValueError(f"needs at least one wording for {tongue!r}")
    return words


class Slot(Definition):
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

    _both = field_validator("words")(in_both)

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
            in_both(value)
        return self

    @property
    def regex(self) -> str:
        """The regular expression that spots a value in text; "" for a slot that has none."""
        return self.pattern or _PATTERNS.get(self.kind, "")

    @property
    def owned(self) -> bool:
        """Whether it is "my" and not "the" value."""
        return self.kind in _MINE if self.mine is None else self.mine


class Intent(Definition):
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
    said: Words = Field(default_factory=dict)
    """Further ones, by which it is recognised in the words of people and models that play the user: a wrong one does no
    harm beside the wish that they have."""
    optional: tuple[str, ...] = ()
    info: bool = False
    """A question: nothing is changed, so nothing has to be confirmed."""

    _both = field_validator("phrases", "vague", "noun")(in_both)


def holes(words: Words) -> Iterable[str]:
    """The slots that the words leave room for: "order_id" in "cancel order {order_id}"."""
    for phrases in words.values():
        for phrase in phrases:
            yield from HOLE.findall(phrase)
