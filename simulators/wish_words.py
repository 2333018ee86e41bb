"""By which words a wish is recognised in other words for it."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from agentrl.simulators.listening import wish_patterns
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import HOLE

_LITTLE: Final = re.compile(r"\b(?:an?|the|my|of|for|to|in|with|on|is|will|i|and|that|it|what|something)\b|[^a-z]+")
_SAME: Final = {"change": "(?:chang|updat|modif)", "move": "(?:mov|reschedul)", "return": "(?:return|send)"}
"""Verbs for which others are as good where the rest of the phrase is there."""
_GAP: Final = r"\w*\W+(?:[\w'’#]+\W+){0,4}?"


@lru_cache(maxsize=16)
def wish_names(ontology: Ontology) -> Mapping[str, re.Pattern[str]]:
    """For each intent what names it: what tells the expert, and its phrases with a few words more between theirs."""
    requests = wish_phrases(ontology)
    return {
        kind: re.compile(f"{heard.pattern}|{requests[kind].pattern}", re.IGNORECASE)
        for kind, heard in wish_patterns(ontology)
    }


@lru_cache(maxsize=16)
def wish_phrases(ontology: Ontology) -> Mapping[str, re.Pattern[str]]:
    """For each intent the phrases by which it is asked for; in English with a few words more between theirs."""
    found = {}
    for kind, intent in ontology.intents.items():
        phrases = [phrase for words in (intent.vague, intent.phrases) for phrase in words.get("en", ())]
        loose = [_GAP.join(_SAME.get(word, word) for word in _stems(phrase)) for phrase in phrases]
        exact = [re.escape(phrase) for words in intent.vague.values() for phrase in words]
        found[kind] = re.compile("|".join(filter(None, [*exact, *loose])), re.IGNORECASE)
    return found


def _stems(phrase: str) -> list[str]:
    """The words of an English phrase that matter; none where it has but one."""
    words = _LITTLE.sub(" ", HOLE.sub(" ", phrase.lower())).split()
    return words if len(words) > 1 else []
