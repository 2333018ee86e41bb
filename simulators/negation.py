"""Whether a wish, a yes or a value that a text names is turned into its opposite there; by wordings/consent.yaml."""

import re
from typing import Final

from agentrl.simulators.consent_clauses import DATA

_CLAUSE: Final = re.compile(r"[,;:，；：.!?。！？\n]|\s[-–—]\s|—")


def _behind(name: str, words: int, characters: int) -> str:
    """One of this name, and up to so many English words, or Chinese characters, behind it at the end of a clause."""
    en, zh = ("|".join(DATA[name][tongue]) for tongue in ("en", "zh"))
    # The two parts share no sign, or a row of signs could be divided in exponentially many ways.
    little = r"(?:[^\w'#]++(?!(?:but|please)\b)[\w'#]++)"
    return rf"(?:{en}){little}{{0,{words}}}[^\w]*$|(?:{zh})[^，。！？,.!?]{{0,{characters}}}$"


def _any(name: str) -> str:
    return "|".join(row for tongue in ("en", "zh") for row in DATA[name][tongue])


_TURNED: Final = re.compile(f"{_behind('turning', 4, 8)}|{_behind('dropping', 0, 0)}", re.IGNORECASE)
_REGRETTED: Final = re.compile(_any("regretted"), re.IGNORECASE)
_NOT_THIS: Final = re.compile(_behind("not_this", 3, 8), re.IGNORECASE)
_WRONG_ONE: Final = re.compile(_any("wrong_one"), re.IGNORECASE)
_ASKING: Final = re.compile(_any("asking"), re.IGNORECASE)
_CONDITION: Final = re.compile(_any("condition"), re.IGNORECASE)
_ASSENT: Final = re.compile(_any("assent"), re.IGNORECASE)


def clauses(text: str) -> list[str]:
    """The parts of a text between its marks."""
    return _CLAUSE.split(text)


def without_asking(text: str) -> str:
    """The text without the ways to ask that look like a no: "can't you ...?"."""
    return _ASKING.sub(" ", _straight(text))


def assents(text: str) -> bool:
    """Whether the text holds a yes that is more than "okay, I have read this"."""
    return _ASSENT.search(text) is not None


def says_to_go_on(text: str) -> bool:
    """The same, if no "don't" stands before it."""
    return any(not negated(text, found) for found in _ASSENT.finditer(text))


def depends(text: str) -> bool:
    """Whether what is wished for in the text is wished only where something else holds."""
    return _CONDITION.search(text) is not None


def negated(text: str, found: re.Match[str]) -> bool:
    """Whether a no stands before what was found, in the same clause, or it is told to have been a mistake."""
    turned = _TURNED.search(_last_clause(text[: found.start()])) is not None
    return turned or _REGRETTED.search(_straight(text[found.end() :])) is not None


def denied(value: str, text: str) -> bool:
    """Whether a value is only told to be the wrong one."""
    places = list(re.finditer(re.escape(value), text))
    return bool(places) and all(
        _NOT_THIS.search(_last_clause(text[: place.start()])) or _WRONG_ONE.search(without_asking(text[place.end() :]))
        for place in places
    )


def _last_clause(text: str) -> str:
    return clauses(without_asking(text))[-1]


def _straight(text: str) -> str:
    return text.replace("’", "'")
