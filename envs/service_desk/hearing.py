"""Whether a message tells a value, or gives a secret away: by the value itself, in the ways that people write it."""

import re
from functools import lru_cache

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MONEY = re.compile(r"\$(\d+)(?:\.(\d\d))?")
_SQUASH = re.compile(r"[\W_]+")


def tells(message: str, value: str) -> bool:
    """Whether the message contains the value: "$42" also as "$42.00" or "42 dollars", a date also as "May 20"."""
    return _pattern(value).search(message) is not None


def reveals(message: str, secret: str) -> bool:
    """Whether the message contains the secret, however it is spaced and punctuated."""
    return _SQUASH.sub("", secret).lower() in _SQUASH.sub("", message).lower()


@lru_cache(maxsize=4096)
def _pattern(value: str) -> re.Pattern[str]:
    if money := _MONEY.fullmatch(value):
        cents = rf"\.{money[2]}" if money[2] and money[2] != "00" else r"(?:\.00?)?"
        number = rf"{money[1]}{cents}(?![\d]|[.,]\d)"
        return re.compile(rf"[$＄]\s?{number}|(?<![\d.,$]){number}\s?(?:dollars|usd|美元|元|块)", re.IGNORECASE)
    if date := _DATE.fullmatch(value):
        year, month, day = date[1], int(date[2]), int(date[3])
        name = _MONTHS[month - 1]
        word = f"{name}|{name[:3]}" if name != "may" else name
        ordinal = rf"{day}(?:st|nd|rd|th)?(?!\d)"
        forms = [
            re.escape(value),
            rf"\b(?:{word})\.? {ordinal}",
            rf"(?<!\d){ordinal} (?:of )?(?:{word})\b",
            rf"(?<!\d){month}月{day}[日号]",
            rf"{year}/0?{month}/0?{day}(?!\d)",
        ]
        return re.compile("|".join(forms), re.IGNORECASE)
    left, right = (r"(?<!\w)" if value[:1].isalnum() else ""), (r"(?!\w)" if value[-1:].isalnum() else "")
    if not value.isascii():
        left = right = ""
    return re.compile(left + re.escape(value) + right, re.IGNORECASE)
