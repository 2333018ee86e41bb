"""Dates and amounts in the ways that people write them, each in one spelling: for the guard of users that a language
model plays, and for what an agent has told."""

import re
from collections.abc import Sequence
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|"
    "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_YEAR: Final = r"(?:(?:,?\s+|,|-)((?:19|20)\d\d)(?!\d|[-/.]\d|\s?年))?"
"""Behind a day: "May 24, 2026", "24-May-2026"."""
DATE: Final = re.compile(
    r"(?=[\djfmasond])(?:(?=\d)(?<!\d)(?:(\d{4})\s?[-/.年]\s?(\d\d?)\s?[-/.月]\s?(\d\d?)(?!\d)(?:\s?[日号])?"
    r"|(?<!\.)(\d\d?)([-/.])(\d\d?)\5(\d{4})(?!\d)"
    rf"|(\d\d?)(?:st|nd|rd|th)?(?:\s+(?:of\s+)?|-)({_MONTH})(?![a-z\d]){_YEAR}"
    r"|(\d\d?)\s?月\s?(\d\d?)\s?[日号])"
    rf"|(?=[jfmasond][aepuco])(?<![a-z\d])({_MONTH})(?:\.?\s+(?:the\s+)?|-)(\d\d?)(?:st|nd|rd|th)?(?!\d){_YEAR})",
    re.IGNORECASE,
)
"""With the year, or the month by its name: "24/7" is no date. `date` makes one spelling of its groups.

These patterns begin with what a match may begin with, since most places are no match for any of the alternatives.
"""
AMOUNT: Final = re.compile(
    r"(?=[\d$＄u])(?:(?:[$＄]|(?<![a-z])usd)\s?(\d+(?:,\d{3})*(?:\.\d\d?)?)(?!\d|[.,]\d)"
    r"|(?<![\d.,$＄/-])(\d+(?:,\d{3})*(?:\.\d\d?)?)"
    r"(?:\s?[$＄](?!\s?\d)|[\s-]?(?:(?:u\.?s\.? )?dollars?|bucks|usd|美元|美金|元|块|刀)))",
    re.IGNORECASE,
)
"""Of dollars, in which prices are here; "34块" is said for them. `amount` makes one spelling of what is in a group."""
_CURRENCY: Final = re.compile(r"[$＄美元块刀]|(?=[udb])(?:usd|doll|buck|u\.?s)", re.IGNORECASE)
"""What a text with an amount holds: it takes less than the search for one."""
_MOST_MONTHS: Final = 12


def date(parts: Sequence[str | None]) -> str:
    """The groups of `DATE` as "2026-05-24", without a year as "05-24".

    "5/6/2026" is in May, as it is written where money is in dollars.
    """
    year, month, day, *others = parts
    if year:
        return f"{int(year)}-{_two(month)}-{_two(day)}"
    one, sign, two, its_year, before, name_behind, year_after, month_zh, day_zh, name, behind, year_behind = others
    if one and two:
        day_first = int(one) > _MOST_MONTHS or (sign == "." and int(two) <= _MOST_MONTHS)
        month, day = (two, one) if day_first else (one, two)
        return f"{int(its_year or 0)}-{_two(month)}-{_two(day)}"
    named = name or name_behind
    month = str(_MONTHS.index(named[:3].lower()) + 1) if named else month_zh
    told = f"{_two(month)}-{_two(behind or before or day_zh)}"
    known_year = year_behind or year_after
    return f"{int(known_year)}-{told}" if known_year else told


def _two(digits: str | None) -> str:
    """Two digits as ASCII has them: "５" and "5" are "05"."""
    return f"{int(digits or 0):02d}"


def amount(digits: str) -> str:
    """What a group of `AMOUNT` holds as "42", or as "42.50" where there are cents."""
    if digits.isascii() and digits.isdecimal() and digits[0] != "0":
        return digits  # as nearly all are
    whole, _, cents = digits.replace(",", "").partition(".")
    cents = f"{int(cents.ljust(2, '0') or 0):02d}"
    return f"{int(whole)}.{cents}" if cents != "00" else f"{int(whole)}"


def dates_in(text: str) -> list[str]:
    """The dates in a text, as `date` writes them."""
    return [date(parts) for parts in DATE.findall(text)]


def amounts_in(text: str) -> list[str]:
    """The amounts in a text, as `amount` writes them."""
    return [amount(one or other) for one, other in AMOUNT.findall(text)] if _CURRENCY.search(text) else []


def short(date_text: str) -> str:
    """A date without its year: "05-24" of "2026-05-24", and of "05-24"."""
    return date_text[-len("05-24") :]
