"""Which values a text holds, each as a whole: "26051" is no part of "2026-05-12", and "#W1" none of "#W12"."""

import re
from collections.abc import Iterable
from typing import Final

from agentrl.simulators.ontology import Ontology

_SEPARATORS: Final = re.compile(r"[\W_]+")
_AMOUNT: Final = r"[$€£¥￥＄]\s?\d+(?:[.,]\d+)*|\d+(?:[.,]\d+)*\s?(?:dollars?|bucks|usd|euros?|yuan|rmb|美元|元|块)"
_MONEY: Final = re.compile(_AMOUNT, re.IGNORECASE)
_NUMBER: Final = re.compile(
    rf"#(?=[A-Za-z]*\d)[A-Za-z0-9]+|{_AMOUNT}|\d{{4}}-\d\d-\d\d|[A-Za-z]{{0,3}}\d{{3,}}[A-Za-z0-9]*", re.IGNORECASE
)
"""What looks like an identifier, an amount, or a large number, whatever the ontology's look like."""
_SMALL: Final = re.compile(r"(?<![A-Za-z\d.,])\d+(?![A-Za-z]*\d)")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|"
    "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
"""The pattern of a month's name, long or short, without a group; its first three letters are in `MONTHS`."""
_DAY: Final = re.compile(
    rf"\b({MONTH})(?:\.? |-)(\d\d?)(?:st|nd|rd|th)?(?!\d)|(?<!\d)(\d\d?)(?:st|nd|rd|th)?(?: (?:of )?|-)({MONTH})\b"
    r"|(\d\d?)月(\d\d?)[日号]",
    re.IGNORECASE,
)
_ISO: Final = re.compile(r"(?<!\d)\d{4}-(\d\d)-(\d\d)(?!\d)")
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
    for date in _DAY.finditer(rest):
        found[_day(date)] = date.group()
    rest = _HARMLESS.sub(" ", _DAY.sub(" ", rest))
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
        known |= values_in(text, ontology, strict=True).keys()
        known |= {f"{month}-{day}" for month, day in _ISO.findall(text)}
    return known


def mentioned(value: str, text: str) -> bool:
    """Whether the text holds the value to the letter, and not as a part of a longer one."""
    left = r"(?<![A-Za-z0-9])" if value[:1].isascii() and value[:1].isalnum() else ""
    right = r"(?![A-Za-z0-9])" if value[-1:].isascii() and value[-1:].isalnum() else ""
    return re.search(f"{left}{re.escape(value)}{right}", text) is not None


def _day(date: re.Match[str]) -> str:
    """ "05-30" of "May 30", "the 30th of May" or "5月30日"."""
    name, behind, before, name_behind, month, day = date.groups()
    if month:
        return f"{int(month):02d}-{int(day):02d}"
    return f"{MONTHS.index((name or name_behind)[:3].lower()) + 1:02d}-{int(behind or before):02d}"


def _key(value: str) -> str:
    """One spelling for all of a value's: "$42.00" and "42 dollars" are "$42"."""
    if _MONEY.fullmatch(value):
        digits = re.sub(r"[^\d.]", "", value).strip(".")
        return f"${float(digits):.2f}" if digits.count(".") < 2 else f"${digits}"
    return _SEPARATORS.sub("", value.lower())
