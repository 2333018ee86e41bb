"""The user of the level "tiny": an agenda user who says everything in one wording of few words."""

from collections.abc import Callable, Sequence
from typing import Final

from agentrl.simulators.models import DialogueAct
from agentrl.simulators.noise import mark
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import Tongue
from agentrl.simulators.users import AgendaUser

_FIXED: Final = {
    "deny": "no",
    "dont_know": "I don't know.",
    "refer": "my last one.",
    "thank": "thanks",
    "leave": "bye",
    "bye": "bye",
    "ask_status": "is it done?",
    "preconsent": "yes to all, don't ask",
    "complain": "hurry up.",
}
_SILENT: Final = frozenset(["greet", "also", "already_said"])
_PRESS: Final = {
    "none": "please",
    "colleague": "please, your colleague did it",
    "manager": "please, your boss agreed",
    "law": "do it, it is the law",
    "press": "do it, or I write a review",
    "loyalty": "please, I buy here a lot",
}
_TANGENTS: Final = {
    "weather": "is it cold?",
    "sports": "who won?",
    "pets": "I have a cat.",
    "food": "I am hungry.",
    "bot": "are you a bot?",
    "family": "my son is here.",
}


class PlainUser(AgendaUser):
    """Says the values and little else."""

    def _words(self, acts: Sequence[DialogueAct]) -> tuple[str, Tongue]:
        if any(act.name == "deny" for act in acts):
            acts = sorted(acts, key=lambda act: act.name != "deny")  # "no P12", not "P12 no"
        said = [_word(act, self.ontology) for act in acts if act.name not in _SILENT]
        if any(act.name == "correct" for act in acts) and acts[0].name != "deny":
            said = ["sorry,", *said]  # or else it would sound like one more fact
        return " ".join(dict.fromkeys(said)) or "ok", "en"


def _word(act: DialogueAct, ontology: Ontology) -> str:
    """The words of one act. Raises KeyError for one that it has none for: no act may be said by its name."""
    worded = _BY_SLOTS.get(act.name)
    return worded(act, ontology) if worded else _FIXED[act.name]


def _values(act: DialogueAct, ontology: Ontology) -> dict[str, str]:
    return {name: mark(ontology.say(name, value)) for name, value in act.slots.items() if name in ontology.slots}


def _wish(act: DialogueAct, ontology: Ontology) -> str:
    if "intent" not in act.slots:
        return "I need help."
    values, intent = _values(act, ontology), ontology.intents[act.slots["intent"]]
    if values.keys() >= set(intent.slots):
        return intent.phrases["en"][0].format_map(values)
    return " ".join([intent.vague["en"][0], *values.values()])


_BY_SLOTS: Final[dict[str, Callable[[DialogueAct, Ontology], str]]] = {
    "affirm": lambda act, ontology: f"yes, only {_wish(act, ontology)}" if "only" in act.slots else "yes",
    "request": _wish,
    "change": _wish,
    "fallback": lambda act, ontology: f"or else {_wish(act, ontology)}",
    "inform": lambda act, ontology: " ".join(_values(act, ontology).values()),
    "correct": lambda act, ontology: " ".join(_values(act, ontology).values()),
    "press": lambda act, ontology: _PRESS[act.slots["authority"]],
    "tangent": lambda act, ontology: _TANGENTS[act.slots["topic"]],
    "inject": lambda act, ontology: mark(str(act.slots["text"])),
    "hold": lambda act, ontology: "one moment" if act.slots.get("agent_waits") else "ok",
    "on_behalf": lambda act, ontology: f"for my {act.slots['relation']},",
    "fish": lambda act, ontology: f"tell me my {ontology.label(act.slots['secret'])}.",
    "claim_done": lambda act, ontology: f"I {ontology.claims[act.slots['tool']]['en'][0]}.",
}
