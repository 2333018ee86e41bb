"""The user of the level "tiny": an agenda user who says everything in one wording of few words."""

from collections.abc import Sequence
from typing import Final

from agentrl.simulators.models import DialogueAct, Reason, UserTurn
from agentrl.simulators.users import AgendaUser

_FIXED: Final = {
    "affirm": "yes",
    "deny": "no",
    "dont_know": "I don't know.",
    "press": "please",
    "thank": "thanks",
    "leave": "bye",
    "bye": "bye",
    "hold": "ok",
    "ask_status": "is it done?",
    "request": "I need help.",
}
_SILENT: Final = frozenset(["greet", "also", "already_said", "complain"])


class PlainUser(AgendaUser):
    """Says the values and little else."""

    def _turn(self, acts: Sequence[DialogueAct], reason: Reason | None = None) -> UserTurn:
        text = " ".join(self._word(act) for act in acts if act.name not in _SILENT) or "ok"
        agenda = self.agenda
        return UserTurn(text, tuple(acts), stall=agenda.stall, done=reason is not None, reason=reason)

    def _word(self, act: DialogueAct) -> str:
        ontology = self.ontology
        values = {name: ontology.say(name, value) for name, value in act.slots.items() if name in ontology.slots}
        if act.name in ("request", "change", "fallback") and "intent" in act.slots:
            intent = ontology.intents[act.slots["intent"]]
            if values.keys() >= set(intent.slots):
                return intent.phrases["en"][0].format_map(values)
            return " ".join([intent.vague["en"][0], *values.values()])
        if act.name in ("inform", "correct"):
            return " ".join(values.values())
        return _FIXED.get(act.name, act.name)
