"""Which values a message tells, or a tool shows, in the ways that people write them; and whether it gives one away."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from agentrl.simulators.values import MONTH, MONTHS

Fact = tuple[str, str]
"""A kind, and the value in one spelling: ("money", "42"), ("date", "2026-05-20"), ("word", "pending"). Dates without a
year are ("date", "05-20")."""

_MOST_MONTHS = 12
_DATE: Final = re.compile(
    r"(?=[\djfmasond])(?:(\d{4})\s?[-/.年]\s?(\d\d?)\s?[-/.月]\s?(\d\d?)(?!\d)"
    r"|(?<![\d.])(\d\d?)([-/.])(\d\d?)\5(\d{4})(?!\d)"
    rf"|\b({MONTH})(?:\.?\s+(?:the\s+)?|-)(\d\d?)(?:st|nd|rd|th)?(?!\d)"
    rf"|(?<!\d)(\d\d?)(?:st|nd|rd|th)?(?:\s+(?:of\s+)?|-)({MONTH})\b"
    r"|(?<!\d)(\d\d?)\s?月\s?(\d\d?)\s?[日号])",
    re.IGNORECASE,
)
"""With the year, or the month by its name: "24/7" is no date.

These patterns begin with what a match may begin with, since most places are no match for any of the alternatives.
"""
_MONEY: Final = re.compile(
    r"(?=[\d$＄u])(?:(?:[$＄]|\busd)\s?(\d+)(?:\.(\d\d?))?(?!\d|[.,]\d)"
    r"|(?<![\d.,$＄/-])(\d+)(?:\.(\d\d?))?"
    r"(?:\s?[$＄](?!\s?\d)|[\s-]?(?:(?:u\.?s\.? )?dollars?|bucks|usd|美元|美金|元|块|刀)))",
    re.IGNORECASE,
)
_FIGURE: Final = re.compile(r"\d")
_CURRENCY: Final = re.compile(r"[$＄美元块刀]|(?=[udb])(?:usd|doll|buck|u\.?s)", re.IGNORECASE)
_SQUASH: Final = re.compile(r"[\W_]+")
_NO_WORD: Final = dict.fromkeys(code for code in range(128) if not chr(code).isalnum())
"""What `_SQUASH` drops of ASCII, for `str.translate`, which is quicker."""


def facts_in(text: str, kinds: Iterable[str] = ("date", "money"), words: tuple[str, ...] = ()) -> set[Fact]:
    """The facts of these kinds in a text; "word" are those of `words`, of which a question has one for an answer."""
    found: set[Fact] = set()
    figures = _FIGURE.search(text) is not None
    if figures and "money" in kinds and _CURRENCY.search(text):
        for dollars, cents, plain, plain_cents in _MONEY.findall(text):
            cents = (cents or plain_cents).ljust(2, "0")
            found.add(("money", (dollars or plain) + (f".{cents}" if cents != "00" else "")))
    if figures and "date" in kinds:
        found.update([("date", _date(*parts)) for parts in _DATE.findall(text)])
    if words and "word" in kinds:
        found.update([("word", word.lower()) for word in _one_of(words).findall(text)])
    return found


def _date(*parts: str) -> str:
    """The groups of `_DATE` as a date; "5/6/2026" is in May, as it is written where money is in dollars."""
    year, month, day, one, sign, two, its_year, name, behind, before, name_behind, its_month, its_day = parts
    if one:
        day_first = int(one) > _MOST_MONTHS or (sign == "." and int(two) <= _MOST_MONTHS)
        year, month, day = its_year, *((two, one) if day_first else (one, two))
    named = (name or name_behind)[:3].lower()
    number = MONTHS.index(named) + 1 if named else int(month or its_month)
    date = f"{number:02d}-{int(day or behind or before or its_day):02d}"
    return f"{year}-{date}" if year else date


@lru_cache(maxsize=4096)
def fact_of(value: str, words: tuple[str, ...] = ()) -> Fact:
    """The value as a fact; ("text", value) for what is no date, no amount and none of the words."""
    if value in words:
        return "word", value.lower()
    return next(iter(facts_in(value)), ("text", value))


def spellings(fact: Fact) -> set[Fact]:
    """The fact, and a date without its year as well."""
    kind, value = fact
    return {fact, (kind, value[5:])} if kind == "date" and len(value) > len("05-20") else {fact}


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


@lru_cache(maxsize=4096)
def _pattern(value: str) -> re.Pattern[str]:
    left, right = (r"(?<!\w)" if value[:1].isalnum() else ""), (r"(?!\w)" if value[-1:].isalnum() else "")
    if not value.isascii():
        left = right = ""
    return re.compile(left + re.escape(value) + right, re.IGNORECASE)
