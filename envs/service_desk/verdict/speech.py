"""Which language a message is in."""

import re
from typing import Final, Literal

_HAN: Final = re.compile("[\u4e00-\u9fff]")
_WORD: Final = re.compile(r"(?<![#\w@.])[A-Za-z]{2,}+(?![\w.]*@)")
_SURE_WORDS: Final = 4
"""Fewer English words may be a name or a thing in any language."""
_SURELY: Final = re.compile(rf"(?:{_WORD.pattern}.*?){{{_SURE_WORDS}}}", re.DOTALL)


def language_of(text: str) -> Literal["zh", "en", ""]:
    """The language that a text is in; "" where both would do for an answer."""
    if text.isascii():
        return "en" if _SURELY.search(text) else ""
    han = len(_HAN.findall(text))
    return "zh" if han >= 2 and han >= 2 * len(_WORD.findall(text)) else ""


def speaks(message: str, language: str) -> bool:
    """Whether a message may pass for one in the language: one of numbers and names passes in any."""
    chinese = not message.isascii() and _HAN.search(message) is not None
    return not chinese if language == "en" else chinese or _WORD.search(message) is None
