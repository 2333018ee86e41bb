"""What a person or a model who plays the user says, as dialogue acts, so that a scripted agent can serve them too."""

import re
from collections.abc import Iterable
from typing import Any

from agentrl.simulators.models import DialogueAct, SubGoal, UserGoal
from agentrl.simulators.ontology import Ontology

_SHORTEST = 2
"""Values with fewer characters appear in texts by chance."""


def user_acts(text: str, goal: UserGoal, ontology: Ontology, requested: set[str]) -> tuple[DialogueAct, ...]:
    """The requests and the facts in a user's text; `requested` are the intents so far, and grows.

    Values of the goal are found wherever they stand, others where the ontology has a pattern for them. Consent is not
    among the acts: that is for the environment, which knows what was asked.
    """
    slots = _slots(text, goal, ontology)
    wanted = {subgoal.kind for subgoal in _wishes(goal)}
    named = [kind for kind, intent in ontology.intents.items() if _named(text, intent.cues.values())]
    acts: list[DialogueAct] = []
    told: set[str] = set()
    for kind in [kind for kind in named if kind in wanted] or named[:1]:
        if kind not in requested:
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
    for slot, value in (*goal.known.items(), *(pair for wish in _wishes(goal) for pair in wish.slots.items())):
        long_enough = len(str(value)) >= _SHORTEST
        if slot in ontology.slots and slot not in found and long_enough and ontology.mentions(text, slot, value):
            found[slot] = value
    explained = {str(value).lower() for value in found.values()}
    for slot, values in ontology.spot(text).items():
        if slot not in found and str(values[0]).lower() not in explained:
            found[slot] = values[0]
            explained.add(str(values[0]).lower())
    return found


def _wishes(goal: UserGoal) -> Iterable[SubGoal]:
    for subgoal in goal.subgoals:
        wish: SubGoal | None = subgoal
        while wish is not None:
            yield wish
            wish = wish.fallback


def _named(text: str, cues: Iterable[Iterable[str]]) -> bool:
    return any(re.search(cue, text, re.IGNORECASE) for patterns in cues for cue in patterns)
