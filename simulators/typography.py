"""How pieces of text become one: capitals, blanks and commas, in English and in Chinese."""

import re
from collections.abc import Sequence

from agentrl.simulators.models import Locale
from agentrl.simulators.noise import CLOSE, OPEN

_HAN = r"[\u4e00-\u9fff]"
_BETWEEN_HAN = re.compile(rf"({OPEN}[^{CLOSE}]*{CLOSE})|(?<={_HAN}) (?={_HAN})")
_EDGE = re.compile(rf"(?<={_HAN})(?=[A-Za-z])|(?<=[A-Za-z])(?={_HAN})")
_SENTENCE_ENDS = ".?!。？！…,，:："
_GOES_ON = (", ", ": ", "，", "：")


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def closed_up(text: str) -> str:
    """The text without blanks between Chinese characters, except in values, which are marked."""
    return _BETWEEN_HAN.sub(r"\1", text)


def tidy(text: str) -> str:
    """The text with the blanks that belong into it: one, none before a comma, one where scripts meet."""
    text = " ".join(_EDGE.sub(" ", text).split())
    return text.replace(" ,", ",").replace(" .", ".").replace("!.", "!")


def joined(pieces: Sequence[str], locale: Locale) -> str:
    """Pieces one after the other: each is ended, so that sentences stay apart, but not the last one."""
    text = ""
    for piece in pieces:
        if text and text[-1] not in _SENTENCE_ENDS:
            text += "，" if locale == "zh" else ", "
        elif text and text[-1] in ".?!,:":
            text += " "
        text += _small(piece) if text.endswith(_GOES_ON) else piece
    return text


def _small(text: str) -> str:
    """Without the capital of a sentence's beginning: values are marked, and "I" and "OK" are written so anywhere."""
    return text[0].lower() + text[1:] if text[:1].isupper() and text[1:2].islower() else text
