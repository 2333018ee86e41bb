"""Which values a message tells, or a tool shows, in the ways that people write them; and whether it gives one away."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from agentrl.simulators.figures import amounts_in, dates_in, short

Fact = tuple[str, str]
"""A kind, and the value in one spelling: ("money", "42"), ("date", "2026-05-20"), ("word", "pending"). Dates without a
year are ("date", "05-20")."""

_FIGURE: Final = re.compile(r"\d")
_SQUASH: Final = re.compile(r"[\W_]+")
_NO_WORD: Final = dict.fromkeys(code for code in range(128) if not chr(code).isalnum())
"""What `_SQUASH` drops of ASCII, for `str.translate`, which is quicker."""


def facts_in(text: str, kinds: Iterable[str] = ("date", "money"), words: tuple[str, ...] = ()) -> set[Fact]:
    """The facts of these kinds in a text; "word" are those of `words`, of which a question has one for an answer."""
    found: set[Fact] = set()
    figures = _FIGURE.search(text) is not None
    if figures and "money" in kinds:
        found.update([("money", value) for value in amounts_in(text)])
    if figures and "date" in kinds:
        found.update([("date", value) for value in dates_in(text)])
    if words and "word" in kinds:
        found.update([("word", word.lower()) for word in _one_of(words).findall(text)])
    return found


@lru_cache(maxsize=256)
def fact_of(value: str, words: tuple[str, ...] = ()) -> Fact:
    """The value as a fact; ("text", value) for what is no date, no amount and none of the words."""
    if value in words:
        return "word", value.lower()
    return next(iter(facts_in(value)), ("text", value))


def spellings(fact: Fact) -> set[Fact]:
    """The fact, and a date without its year as well."""
    kind, value = fact
    return {fact, (kind, short(value))} if kind == "date" else {fact}


def tells(message: str, value: str) -> bool:
    """Whether the message contains the value: "$42" also as "$42.00" or "42 dollars", a date also as "May 20"."""
    fact = fact_of(value)
    if fact[0] != "text":
        return not spellings(fact).isdisjoint(facts_in(message, (fact[0],)))
    return _pattern(value).search(message) is not None


def squashed(text: str) -> str:
    """The text in small letters without blanks and punctuation: a message reveals a secret that it then contains."""
    return (text.translate(_NO_WORD) if text.isascii() else _SQUASH.sub("", text)).lower()


@lru_cache(maxsize=16)
def _one_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=256)
def _pattern(value: str) -> re.Pattern[str]:
    left, right = (r"(?<!\w)" if value[:1].isalnum() else ""), (r"(?!\w)" if value[-1:].isalnum() else "")
    if not value.isascii():
        left = right = ""
    return re.compile(left + re.escape(value) + right, re.IGNORECASE)
