"""What the user has agreed to: by their dialogue acts, or, where there are none, by their words."""

from collections.abc import Iterator, Sequence
from typing import Final

from agentrl.envs.service_desk.domains.base import Wish
from agentrl.simulators.consent import questions, reply_in, without_no
from agentrl.simulators.listening import wish_patterns
from agentrl.simulators.models import DialogueAct, SubGoal, UserTurn
from agentrl.simulators.nlu import understand
from agentrl.simulators.ontology import Ontology

_TAKES_BACK: Final = frozenset(["deny", "change", "correct", "fallback"])
_ASKS: Final = frozenset(["confirm", "ask", "clarify", "offer_more"])


class Consents:
    """The consents of one dialogue. `wishes` are what the user may want."""

    def __init__(self, ontology: Ontology, wishes: Sequence[SubGoal]) -> None:
        self.unclear = False
        """Whether the user said neither yes nor no where a consent was asked for, or had been given."""
        self._ontology, self._wishes = ontology, wishes
        self._given: list[DialogueAct] = []
        self._asked = ""
        self._read: list[DialogueAct] = []
        """What was read back and not answered yet, and by which words."""

    def cover(self, wish: Wish) -> bool:
        """Whether the user has agreed to just this, when it was read back to them."""
        kind, slots = wish
        same = self._ontology.same
        return any(
            act.slots["intent"] == kind
            and all(name in act.slots and same(name, act.slots[name], slots[name]) for name in slots)
            for act in self._given
        )

    def hear(self, turn: UserTurn, message: str) -> None:
        """Takes in the user's turn, which answers this message of the agent ("" for none)."""
        if turn.acts or turn.done:
            self._asked, self._read, self.unclear = "", [], False
            if any(act.name in _TAKES_BACK for act in turn.acts):
                self._given.clear()
            self._given += [act for act in turn.acts if act.name == "affirm" and "intent" in act.slots]
        else:
            self._hear_words(turn.text, message)

    def _hear_words(self, text: str, message: str) -> None:
        acts = understand(message, self._ontology) if message else ()
        names = {act.name for act in acts}
        beside = not names & _ASKS and bool(questions(message))  # a yes would answer that question
        read = list(self._read_back(message))
        if read or (names & _ASKS and not _goes_on(acts)):  # else what was asked before still waits for its answer
            self._read, self._asked = read, message if read else ""
        if names & _ASKS and "confirm" not in names:
            text = without_no(text)
        reply = reply_in(text, self._asked)
        if reply == "yes" and (self._speaks_of_another(text) or (beside and self._read)):
            reply = "unclear"
        self.unclear = reply == "unclear" and bool(self._read or self._given)
        if reply in ("no", "unclear"):
            self._given.clear()
        if reply == "yes":
            self._given += self._read
        if reply in ("yes", "no") or beside:
            self._asked, self._read = "", []

    def _speaks_of_another(self, text: str) -> bool:
        """Whether a yes names a wish, or a value for one, that was not read back: "yes, to 5 Oak Street"."""
        kinds = {act.slots["intent"] for act in self._read}
        intents = self._ontology.intents
        named = {kind for kind, words in wish_patterns(self._ontology) if not intents[kind].info and words.search(text)}
        if kinds and named and not named & kinds:
            return True
        slots = {slot for kind in kinds for slot in (*intents[kind].slots, *intents[kind].optional)}
        read, told = self._ontology.spot(self._asked), self._ontology.spot(text)
        return any(
            not any(self._ontology.same(slot, value, other) for other in read.get(slot, ()))
            for slot in slots
            for value in told.get(slot, ())
        )

    def _read_back(self, message: str) -> Iterator[DialogueAct]:
        """What the agent's message asks consent for, with the values that it names."""
        ontology = self._ontology
        for act in understand(message, ontology):
            if act.name == "confirm" and "intent" in act.slots:
                slots = {name: values[0] for name, values in act.slots.items() if name != "intent"}
                for wish in self._wishes:
                    if wish.kind == act.slots["intent"]:
                        named = {n: v for n, v in wish.slots.items() if ontology.mentions(message, n, v)}
                        yield DialogueAct("affirm", {**slots, **named, "intent": wish.kind})
                yield DialogueAct("affirm", {**slots, "intent": act.slots["intent"]})


def _goes_on(acts: Sequence[DialogueAct]) -> bool:
    """Whether an agent's message asks for a yes without saying to what, and asks nothing else: "Shall I go ahead?"."""
    return all(act.name == "confirm" and not act.slots for act in acts if act.name in _ASKS)
