"""What the expert has understood: wishes, facts, and what it has called."""

from collections.abc import Callable
from typing import Any, Final

from agentrl.envs.service_desk.domains.base import Domain
from agentrl.envs.service_desk.events import Called, Heard, Said
from agentrl.envs.service_desk.expert.wants import Want
from agentrl.simulators.models import DialogueAct, ToolCall


class Understanding:
    """A dialogue so far, as the user's hidden acts and the results of calls tell it."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.wants: list[Want] = []
        self.facts: dict[str, Any] = {}
        """What was told and is part of no wish."""
        self.contested: dict[str, tuple[Any, Any]] = {}
        """Slots that were told in two ways: which holds is to be asked."""
        self.offered: set[str] = set()
        """Slots that were asked about for that."""
        self.vague = False
        """Whether the user doesn't know the number of their record."""
        self.somebody_else = False
        """Whether the user speaks for somebody else."""
        self.besides: list[str] = []
        """The names of the last turn's acts."""
        self.called: list[tuple[ToolCall, bool]] = []
        """Calls, each with whether it succeeded."""

    @property
    def current(self) -> Want | None:
        """The first wish that is open."""
        return next((want for want in self.wants if want.status == "open"), None)

    def take(self, event: Said | Called | Heard) -> None:
        """Takes in what has happened."""
        if isinstance(event, Called):
            self.called.append((event.call, not event.error))
            self._take_result(event)
        elif isinstance(event, Heard):
            self.besides = [act.name for act in event.turn.acts]
            for act in event.turn.acts:
                if hear := _HEARS.get(act.name):
                    hear(self, act)

    def _take_result(self, event: Called) -> None:
        wish = self.domain.wish_of(event.call)
        if wish is None:
            return
        for want in self.wants:
            if (
                want.status == "open"
                and want.kind == wish[0]
                and all(want.slots.get(k) == v for k, v in wish[1].items())
            ):
                want.status, want.reason = ("refused", event.error) if event.error else ("done", "")
                want.told = False

    def _hear_request(self, act: DialogueAct) -> None:
        if "intent" not in act.slots:
            return
        kind = act.slots["intent"]
        slots = {name: value for name, value in act.slots.items() if name != "intent"}
        same = [want for want in self.wants if want.kind == kind and self._about_same(want, slots)]
        if same:
            want = same[0]
            want.slots.update(slots)
            want.told &= want.status == "open"
        else:
            self.wants.append(Want(kind, {**self._carried(kind), **slots}))

    def _carried(self, kind: str) -> dict[str, Any]:
        """Facts that were told before the wish that they belong to."""
        needed = self.domain.ontology.intents[kind].slots
        return {} if self.wants else {slot: value for slot, value in self.facts.items() if slot in needed}

    def _about_same(self, want: Want, slots: dict[str, Any]) -> bool:
        return all(want.slots.get(name, value) == value for name, value in slots.items())

    def _hear_change(self, act: DialogueAct) -> None:
        current = self.current
        if current is not None:
            self.wants.remove(current)
        self._hear_request(act)
        if current is not None and self.wants:
            self.wants.insert(0, self.wants.pop())

    def _hear_facts(self, act: DialogueAct) -> None:
        want = self.current
        if act.name == "correct" and want is None:
            want = self._reopened(act)
        for slot, value in act.slots.items():
            needed = want is not None and slot in self.domain.ontology.intents[want.kind].slots
            if want is not None and needed:
                old = want.slots.get(slot, value)
                if act.name == "inform" and old != value and slot not in self.offered:
                    self.contested[slot] = (old, value)
                else:  # it was corrected, or chosen of the two
                    self.contested.pop(slot, None)
                self.offered.discard(slot)
                want.slots[slot] = value
            else:
                self.facts[slot] = value

    def _reopened(self, act: DialogueAct) -> Want | None:
        """The last refused wish, when the user corrects what they had said about it."""
        for want in reversed(self.wants):
            if want.status == "refused" and set(act.slots) & set(self.domain.ontology.intents[want.kind].slots):
                want.status = "open"
                return want
        return None

    def _hear_vague(self, act: DialogueAct) -> None:
        self.vague |= act.slots.get("slot") == self.domain.record

    def _hear_somebody_else(self, act: DialogueAct) -> None:
        self.somebody_else = True

    def _hear_again(self, act: DialogueAct) -> None:
        """The user insists, or asks how far it is: say how the last wish ended once more."""
        kind = act.slots.get("intent")
        closed = [want for want in self.wants if want.status != "open" and kind in (None, want.kind)]
        if closed:
            closed[-1].told = False


_HEARS: Final[dict[str, Callable[[Understanding, DialogueAct], None]]] = {
    "request": Understanding._hear_request,
    "change": Understanding._hear_change,
    "inform": Understanding._hear_facts,
    "correct": Understanding._hear_facts,
    "refer": Understanding._hear_vague,
    "dont_know": Understanding._hear_vague,
    "on_behalf": Understanding._hear_somebody_else,
    "press": Understanding._hear_again,
    "ask_status": Understanding._hear_again,
}
