"""Sentences of an agent's message, each read by itself, and the acts of the whole message."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentrl.simulators.models import DialogueAct

Values = Mapping[str, tuple[str, ...]]
"""The values found of each slot, in order of appearance."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one sentence does."""

    kinds: tuple[str, ...]
    asked: tuple[str, ...]
    values: Values
    intents: tuple[str, ...]
    clauses: "tuple[Sentence, ...]" = ()
    """Its clauses, where it names several intents, and no choice between them."""


def merge(read: Sequence[Sentence]) -> tuple[DialogueAct, ...]:
    """One list of acts for the message: a question is about the values of the sentences around it as well."""
    said = [part for part in read if "refuse" not in part.kinds] or read
    values = _union(said)
    options = {slot: found for slot, found in values.items() if len(found) > 1}
    asks_consent = any("confirm" in part.kinds for part in read)
    acts: list[DialogueAct] = []
    for part in read:
        for kind in part.kinds:
            if kind == "ask_intent":
                acts.append(DialogueAct("ask", {"slot": "intent"}))
            elif kind == "ask" and "clarify" not in part.kinds:
                acts += [DialogueAct("ask", {"slot": slot}) for slot in part.asked]
            elif kind == "clarify":
                acts += _clarify(part, options)
            elif kind == "confirm":
                acts += _confirmations(part, said, values)
            elif kind != "ask":
                acts.append(DialogueAct(kind))
    if values and not asks_consent and not any(act.name == "clarify" for act in acts):
        acts.append(DialogueAct("inform", values))
    unique: dict[str, DialogueAct] = {}
    for act in acts:
        unique.setdefault(f"{act.name} {act.slots.get('slot', '')} {act.slots.get('intent', '')}", act)
    return tuple(unique.values())


def _clarify(part: Sentence, options: Values) -> list[DialogueAct]:
    slots = [slot for slot in (part.asked or part.values or options) if slot in options] or list(options)
    if slots:
        return [DialogueAct("clarify", {"slot": slots[0], "options": options[slots[0]]})]
    if part.asked:
        return [DialogueAct("ask", {"slot": slot}) for slot in part.asked]
    return [DialogueAct("clarify", {"options": ()})]


def _confirmations(part: Sentence, said: Sequence[Sentence], values: Values) -> Iterator[DialogueAct]:
    """A request for consent: one act for each intent that it is about, with the values of its clauses.

    What a clause leaves out is taken from the rest of the message. A choice between intents names none of them.
    """
    proposed = [other for other in said if "report_done" not in other.kinds] or said
    about = [part] if part.intents else proposed
    intents = tuple(dict.fromkeys(name for other in about for name in other.intents))
    if len(intents) <= 1 or any(len(other.intents) > 1 and not other.clauses for other in about):
        yield DialogueAct("confirm", {**({"intent": intents[0]} if len(intents) == 1 else {}), **values})
        return
    for intent, own in _by_intent(about).items():
        yield DialogueAct("confirm", {"intent": intent, **values, **own})


def _by_intent(about: Sequence[Sentence]) -> dict[str, Values]:
    """The values of each intent's clauses; a clause without an intent goes on with the one before it."""
    found: dict[str, list[Sentence]] = {}
    waiting: list[Sentence] = []
    current: tuple[str, ...] = ()
    for clause in (clause for sentence in about for clause in (sentence.clauses or (sentence,))):
        current = clause.intents or current
        for intent in current:
            found.setdefault(intent, []).extend([*waiting, clause])
        waiting = [] if current else [*waiting, clause]
    return {intent: _union(clauses) for intent, clauses in found.items()}


def _union(parts: Sequence[Sentence]) -> dict[str, tuple[str, ...]]:
    union: dict[str, tuple[str, ...]] = {}
    for part in parts:
        for slot, found in part.values.items():
            union[slot] = tuple(dict.fromkeys((*union.get(slot, ()), *found)))
    return union
