"""What a person or a model who plays the user says, as dialogue acts, so that a scripted agent can serve them too."""

import re
from functools import lru_cache
from typing import Any

from agentrl.simulators.models import DialogueAct, UserGoal
from agentrl.simulators.ontology import Ontology

_ASKS = (
    r"\b(?:where|when|what day|which day|how long|track\w*|status|arriv\w+|due|depart\w*|leav(?:e|es|ing))\b|"
    r"到哪|什么时候|啥时候|哪天|多久|几号|物流|进度"
)
"""What asks for something, where the domain has but one kind of question."""
_SHORTEST = 2
"""Values with fewer characters appear in texts by chance."""


def user_acts(text: str, goal: UserGoal, ontology: Ontology, requested: set[str]) -> tuple[DialogueAct, ...]:
    """The requests and the facts in a user's text; `requested` are the intents so far, and grows. Who names a wish
    again presses for it.

    Values of the goal are found wherever they stand, others where the ontology has a pattern for them. Consent is not
    among the acts: that is for the environment, which knows what was asked.
    """
    slots = _slots(text, goal, ontology)
    wanted = {subgoal.kind for subgoal in goal.every_wish()}
    named = _named(text, ontology)
    acts: list[DialogueAct] = []
    told: set[str] = set()
    for kind in [kind for kind in named if kind in wanted] or _meant(text, wanted - requested, ontology) or named[:1]:
        if kind in requested:
            acts.append(DialogueAct("press", {"intent": kind}))
            continue
        requested.add(kind)
        intent = ontology.intents[kind]
        own = {slot: slots[slot] for slot in (*intent.slots, *intent.optional) if slot in slots}
        told |= own.keys()
        acts.append(DialogueAct("request", {"intent": kind, **own}))
    if rest := {slot: value for slot, value in slots.items() if slot not in told}:
        acts.append(DialogueAct("inform", rest))
    return tuple(acts)


def _slots(text: str, goal: UserGoal, ontology: Ontology) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for slot, value in (*goal.known.items(), *(pair for wish in goal.every_wish() for pair in wish.slots.items())):
        long_enough = len(str(value)) >= _SHORTEST
        if slot in ontology.slots and slot not in found and long_enough and ontology.mentions(text, slot, value):
            found[slot] = value
    explained = {str(value).lower() for value in found.values()}
    for slot, values in ontology.spot(text).items():
        if slot not in found and str(values[0]).lower() not in explained:
            found[slot] = values[0]
            explained.add(str(values[0]).lower())
    return found


def _named(text: str, ontology: Ontology) -> list[str]:
    """The intents that the text is about; a question only where no wish is named."""
    found = [kind for kind, pattern in wish_patterns(ontology) if pattern.search(text)]
    wishes = [kind for kind in found if not ontology.intents[kind].info]
    return wishes or found


def _meant(text: str, wanted: set[str], ontology: Ontology) -> list[str]:
    """One of the wishes that the user still has, told in other words than the usual."""
    return [kind for kind, pattern in _other_words(ontology) if kind in wanted and pattern.search(text)][:1]


@lru_cache(maxsize=16)
def _other_words(ontology: Ontology) -> tuple[tuple[str, re.Pattern[str]], ...]:
    said = {kind: [cue for cues in intent.said.values() for cue in cues] for kind, intent in ontology.intents.items()}
    return tuple((kind, re.compile("|".join(cues), re.IGNORECASE)) for kind, cues in said.items() if cues)


@lru_cache(maxsize=16)
def wish_patterns(ontology: Ontology) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """For each intent its cues, and the phrases that it is requested by, with any value in their holes."""
    tables = []
    for kind, intent in ontology.intents.items():
        parts = [cue for cues in intent.cues.values() for cue in cues] + ([_ASKS] if intent.info else [])
        for phrases in intent.phrases.values():
            for phrase in phrases:
                parts.append(".{1,40}?".join(re.escape(part) for part in re.split(r"\{\w+\}", phrase)))
        tables.append((kind, re.compile("|".join(parts), re.IGNORECASE)))
    return tuple(tables)
