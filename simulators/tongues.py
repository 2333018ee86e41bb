"""Whether a text passes for English, for Chinese, or for a mixture of both: for the guard of models that play users.

It tells what is surely another language. Names, numbers, one word, and what is too short to tell pass everywhere.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from agentrl.simulators.grammar import read_yaml
from agentrl.simulators.models import Locale
from agentrl.simulators.ontology import Ontology

_WORDINGS: Final = Path(__file__).parent / "wordings"
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_NO_SIGN: Final = r"\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fffA-Za-z\uff21-\uff5a\u00aa-\u024f\u1d00-\u1eff\u2160-\u217f"
_ELSEWHERE: Final = re.compile(rf"[¿¡]|(?:(?![{_NO_SIGN}])[^\W\d_]){{2}}")
"""A mark of Spanish, or two letters neither Chinese nor Latin: kana, hangul, Cyrillic. One may be in a face."""
_VALUE: Final = re.compile(r"(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]*[@#\d][A-Za-z0-9._@-]*|https?://\S+")
_LETTER: Final = r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]"
_WORD: Final = re.compile(rf"{_LETTER}+(?:['-]{_LETTER}+)*")
_NAME: Final = re.compile(r"\b(?i:de|la|le|les|los|las|el|del|du|da|di|van|von|der|den)(?= (?:la |der |los )?[A-Z])")
"""What begins names of people and places, before a capital."""
_HOLE: Final = re.compile(r"[{<]\w+[}>]")
_ENDING: Final = re.compile(r"(?:'\w+|s|es|d|ed|ing|ly|er|y)$")
_SHORTEST: Final = 3
"""Words of fewer letters are as frequent in other languages, and don't speak for English."""
_SURE: Final = 5
"""So many words that count must hold some that are known."""
_SHARE: Final = 1 / 3
_FEW: Final = 5
"""Texts that were given and have no more words, or no more than twice as many Chinese characters, are values."""


def foreign(text: str, locale: Locale, given: Iterable[str], ontology: Ontology) -> str:
    """What is wrong with the language of a text, "not in English"; "" where it passes.

    The values and names among the texts that were `given` are in no language.
    """
    rest, named = text.replace("’", "'"), set[str]()
    for value in given:
        if value.strip() and len(value.split()) <= _FEW and len(_HAN.findall(value)) <= 2 * _FEW:
            rest = rest.replace(value, " ")
            named |= set(_words(value))
    bare = _NAME.sub(" ", _VALUE.sub(" ", rest))
    words = [word for word in _WORD.findall(bare) if word.lower() not in named]
    other = _ELSEWHERE.search(rest) is not None
    han = len(_HAN.findall(rest))
    if locale == "en":
        return "not in English" if other or han or not _english(words, ontology) else ""
    if locale == "zh":
        return "not in Chinese" if other or not _chinese(words, han, ontology) else ""
    return "neither in English nor in Chinese" if other or not _english(words, ontology) else ""


def _chinese(words: list[str], han: int, ontology: Ontology) -> bool:
    """Whether a text with so many Chinese characters and these Latin words passes for Chinese: "OK" does, and
    one word that may be a name."""
    latin = [word.lower() for word in words if len(word) > 1]
    one = len(latin) == 1 and latin[0] not in english_words(ontology)
    return len(latin) <= han or one or _lists()["in_chinese"].issuperset(latin)


def _english(words: list[str], ontology: Ontology) -> bool:
    """Whether words in Latin letters pass for English: not if more are other languages' than its own, nor if hardly any
    is known, typing errors aside."""
    known = english_words(ontology)
    counted = [word.lower() for word in words if len(word) >= _SHORTEST]
    own = sum(word in known or _ENDING.sub("", word) in known for word in counted)
    strange = [word for word in words if word.lower() not in known]
    others = {word.lower() for word in strange if word.lower() in _lists()["elsewhere"]}
    if len(others) == 1:  # one may be a typing error
        others = {word for word in others if len(word) > _SHORTEST and not _near(word, ontology)}
    accent = any(not word.isascii() and word[0].islower() for word in strange)  # a capital begins a name
    if len(others) + accent > own and len(words) > 1:
        return False
    return len(counted) < _SURE or sum(_near(word, ontology) for word in counted) >= _SHARE * len(counted)


def _near(word: str, ontology: Ontology) -> bool:
    """Whether a word is an English one, or one letter away: one more, less, another, or two that changed places."""
    known = english_words(ontology)
    return word in known or _ENDING.sub("", word) in known or not _one_less(word).isdisjoint(_slips(ontology))


@lru_cache(maxsize=16)
def _slips(ontology: Ontology) -> frozenset[str]:
    return frozenset(short for word in english_words(ontology) for short in _one_less(word))


def _one_less(word: str) -> set[str]:
    """A word of four letters or more, and what is left of it when one of them is missing."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))} if len(word) > _SHORTEST else {word}


@lru_cache(maxsize=16)
def english_words(ontology: Ontology) -> frozenset[str]:
    """The words that are known to be English: frequent ones, those of the grammar, and those of the domain."""
    dumped = ontology.model_dump(include={"slots", "intents", "problem", "claims", "secrets", "reasons", "participles"})
    domain = (text for text in _strings(dumped) if not _HAN.search(text))
    grammar = _strings(read_yaml(_WORDINGS / "en.yaml"))
    own = {word for text in (*grammar, *domain) for word in _words(_HOLE.sub(" ", text))}
    return frozenset(own | _lists()["english"])


@cache
def _lists() -> dict[str, frozenset[str]]:
    """The lists of words: "english", "in_chinese", and "elsewhere"."""
    data: dict[str, list[str]] = read_yaml(_WORDINGS / "tongues.yaml")
    return {name: frozenset(word for row in rows for word in row.split()) for name, rows in data.items()}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _strings(data: Any) -> Iterable[str]:
    """All texts in nested mappings and lists, without the keys."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from _strings(value)
