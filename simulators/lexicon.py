"""The regular expressions by which an agent's acts are recognised, in English and in Chinese: wordings/agent.yaml."""

import re
from pathlib import Path
from typing import Any

from agentrl.simulators.grammar import read_yaml

_ENGLISH = re.compile("[a-z]{2,}")


class Lexicon:
    """Alternatives in two languages; a sentence is searched only for those of a language that it has words of."""

    __slots__ = ("_en", "_zh")

    def __init__(self, english: list[str], chinese: list[str]) -> None:
        self._en = re.compile("|".join(english))
        self._zh = re.compile("|".join(chinese))

    def search(self, low: str) -> re.Match[str] | None:
        """The first match in a sentence in lower case, English before Chinese."""
        if low.isascii():
            return self._en.search(low)
        found = self._en.search(low) if _ENGLISH.search(low) else None
        return found or self._zh.search(low)


def _load() -> dict[str, Lexicon]:
    data: dict[str, Any] = read_yaml(Path(__file__).parent / "wordings" / "agent.yaml")
    did = "|".join(data.pop("did"))
    return {
        name: Lexicon(*([pattern.replace("<did>", did) for pattern in rows[tongue]] for tongue in ("en", "zh")))
        for name, rows in data.items()
    }


SENTENCES = re.compile(r"(?<=[!?。！？；;])\s*|(?<=\.)\s+|\s*\n\s*")
LISTED = re.compile(r"[?？][ \t*_]*((?:\n\s*(?:[-*•>]|\d+[.)、])[ \t]+[^\n?？]+)+)")
"""A list behind a question, which goes on with it: "Which one?\\n- this\\n- that"."""
BULLET = re.compile(r"\n\s*(?:[-*•>]|\d+[.)、])\s+")
MARKDOWN = re.compile(r"^\s*(?:[-*•>]|\d+[.)、]|#{1,6})\s+|\|", re.MULTILINE)
EMPHASIS = re.compile(r"[*`]+|__")
QUESTION = re.compile(r"[?？]|(?:吗|呢|么|没有|好不好|行不行|可不可以|对不对)[。.!！\s]*$")
ASK_WH = re.compile(r"\bwhat(?:'s|s)?\b|\bwhich\b|\bwho am i\b|\bwhere\b|\bwhen\b|\bhow (?:much|many)\b")
"""Words that ask, unless the sentence ends as a statement."""

_LOADED = _load()
OFFER_MORE = _LOADED["offer_more"]
ASK_INTENT = _LOADED["ask_intent"]
ASK = _LOADED["ask"]
STATED = _LOADED["stated"]
CONFIRM = _LOADED["confirm"]
CONFIRM_NOT = _LOADED["confirm_not"]
REFUSE = _LOADED["refuse"]
REFUSE_NOT = _LOADED["refuse_not"]
DONE = _LOADED["done"]
DONE_NOT = _LOADED["done_not"]
WAIT = _LOADED["wait"]
GREET = _LOADED["greet"]
BYE = _LOADED["bye"]
APOLOGISE = _LOADED["apologise"]
WHICH = _LOADED["which"]
