"""Which values a text holds, each as a whole: "26051" is no part of "2026-05-12", and "#W1" none of "#W12"."""

import re
from collections.abc import Iterable
from typing import Final

from agentrl.simulators.figures import AMOUNT, DATE, amount, date, short
from agentrl.simulators.ontology import Ontology

_SEPARATORS: Final = re.compile(r"[\W_]+")
_NUMBER: Final = re.compile(
    r"#(?=[A-Za-z]*\d)[A-Za-z0-9]+|[$＄€£¥￥]\s?\d+(?:[.,]\d+)*|(?<!\d)(?<!\d[.,])\d+(?:[.,]\d+)*\s?(?:euros?|yuan|rmb)"
    r"|[A-Za-z]{0,3}\d{3,}[A-Za-z0-9]*",
    re.IGNORECASE,
)
"""What looks like an identifier, a large number, or an amount of another currency, whatever the ontology's are."""
_SMALL: Final = re.compile(r"(?<![A-Za-z\d.,])\d+(?![A-Za-z]*\d)")
_DATED: Final = re.compile(r"\d{4}-\d\d-\d\d")
_HARMLESS: Final = re.compile(
    r"\b(?:since|in|from|year|before|until) (?:19|20)\d\d(?![\w-])|(?<!\d)(?:19|20)\d\d年(?!\d)"
    r"|\b\d{1,3}(?:\.\d+)?\s?(?:%|percent\b)"
    r"|\b\d{1,2} ?(?:s|secs?|seconds?|mins?|minutes?|hours?|h)\b|\d{1,2} ?(?:秒|分钟|小时)",
    re.IGNORECASE,
)
"""Numbers that are no facts of a dialogue: a year, a share, how long something takes."""


def values_in(text: str, ontology: Ontology, *, strict: bool = False) -> dict[str, str]:
    """The values in a text, by a spelling in which equal ones are equal; choices are none.

    Those that a slot's pattern finds, identifiers, amounts, large numbers and dates; with `strict` any other number.
    """
    spotted = [
        value
        for slot, values in ontology.spot(text).items()
        if ontology.slots[slot].kind != "choice"
        for value in values
    ]
    rest = text
    for value in sorted(spotted, key=len, reverse=True):
        rest = rest.replace(value, " ")
    found = {_key(value): value for value in spotted}
    for pattern in (DATE, AMOUNT):
        found |= {_key(match.group()): match.group() for match in pattern.finditer(rest)}
        rest = pattern.sub(" ", rest)
    rest = _HARMLESS.sub(" ", rest)
    for number in _NUMBER.finditer(rest):
        found[_key(number.group())] = number.group()
    if strict:
        for number in _SMALL.finditer(_NUMBER.sub(" ", rest)):
            found[_key(number.group())] = number.group()
    return found


def given(sources: Iterable[str], ontology: Ontology) -> set[str]:
    """The spellings of all values in some texts, and of a date also without its year."""
    known: set[str] = set()
    for text in sources:
        keys = values_in(text, ontology, strict=True).keys()
        known |= keys | {short(key) for key in keys if _DATED.fullmatch(key)}
    return known


def mentioned(value: str, text: str) -> bool:
    """Whether the text holds the value to the letter, and not as a part of a longer one."""
    left = r"(?<![A-Za-z0-9])" if value[:1].isascii() and value[:1].isalnum() else ""
    right = r"(?![A-Za-z0-9])" if value[-1:].isascii() and value[-1:].isalnum() else ""
    return re.search(f"{left}{re.escape(value)}{right}", text) is not None


def _key(value: str) -> str:
    """One spelling for all of a value's: "$42.00" and "42 dollars" are "$42", "May 4th" is "05-04"."""
    if found := DATE.fullmatch(value):
        return date(found.groups())
    if found := AMOUNT.fullmatch(value):
        return f"${amount(found[1] or found[2])}"
    return _SEPARATORS.sub("", value.lower())
