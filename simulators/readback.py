"""What a user makes of the values that an agent reads back before it asks for consent."""

from collections.abc import Sequence
from typing import Any

from agentrl.simulators.agenda import Agenda, Pursuit
from agentrl.simulators.models import DialogueAct


def conflicts(agenda: Agenda, confirm: DialogueAct, pursuit: Pursuit) -> dict[str, Any]:
    """The slots that the agent read back wrongly, with the values that the user has in mind."""
    wish = pursuit.wish.slots
    about_wish = "intent" in confirm.slots or any(slot in wish for slot in confirm.slots)
    wrong: dict[str, Any] = {}
    for slot, found in confirm.slots.items():
        if slot == "intent" or slot in agenda.goal.unknown or (about_wish and slot not in wish):
            continue
        expected = pursuit.value(slot) if slot in wish else agenda.goal.known.get(slot)
        if expected is None or _among(agenda, slot, expected, found):
            continue
        if not all(_explained(agenda, value) for value in found):
            wrong[slot] = expected
    return wrong


def agreed(agenda: Agenda, confirm: DialogueAct, pursuit: Pursuit, text: str) -> dict[str, Any]:
    """The values of the wish that the agent read back rightly."""
    out: dict[str, Any] = {}
    for slot in pursuit.wish.slots:
        value = pursuit.value(slot)
        if slot in confirm.slots:
            right = _among(agenda, slot, value, confirm.slots[slot])
        else:
            right = not agenda.ontology.spots(slot) and agenda.ontology.mentions(text, slot, value)
        if right:
            out[slot] = value
    return out


def _among(agenda: Agenda, slot: str, value: Any, found: Sequence[Any]) -> bool:
    parts = value if isinstance(value, (list, tuple)) else [value]
    return all(any(agenda.ontology.same(slot, part, other) for other in found) for part in parts)


def _explained(agenda: Agenda, value: str) -> bool:
    """Whether a value is, or is a part of, something that the user has in mind for any slot."""
    minds = [
        *agenda.goal.known.values(),
        *(v for p in agenda.pursuits for v in (*p.wish.slots.values(), *p.mistaken.values())),
    ]
    return any(agenda.ontology.mentions(str(mind), "", value) for mind in minds)
