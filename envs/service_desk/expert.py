"""The scripted expert: serves users by the policy. It reads their hidden acts, and never their goal."""

import random
from collections.abc import Callable
from typing import Any, Final

from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.events import Called, Heard, Said
from agentrl.envs.service_desk.expert_words import Words
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.wants import Want
from agentrl.simulators.models import DialogueAct, ToolCall

MOST_LOOKUPS: Final = 3
"""Failed attempts to verify a user, after which the expert refuses."""


class Expert:
    """One dialogue's expert. `next` may be asked at any time: it takes in what has happened since, whoever did it."""

    version = "service-desk-expert-1"

    def __init__(self, session: Session, words: Words, rng: random.Random, mistake_rate: float = 0.0) -> None:
        self.session = session
        self.domain = session.domain
        self.words = words
        self.slips = 0
        self.slipped = False
        """Whether carelessness shaped the last answer."""
        self._rng, self._rate = rng, mistake_rate
        self._read = 0
        self._facts: dict[str, Any] = {}
        self._wants: list[Want] = []
        self._contested: dict[str, tuple[Any, Any]] = {}
        self._offered: set[str] = set()
        self._vague = False
        self._somebody_else = False
        self._besides: list[str] = []
        self._called: list[tuple[ToolCall, bool]] = []
        self._decided: dict[tuple[str, int], bool] = {}

    def next(self) -> str:
        """What the expert answers now."""
        self.slipped = False
        for event in self.session.log[self._read :]:
            self._take(event)
        self._read = len(self.session.log)
        answer = self._answer()
        if not self._besides or answer.startswith("<tool_call>"):
            return answer
        besides, self._besides = self._besides, []
        return self.words.besides(besides, answer)

    def _answer(self) -> str:
        news = next((want for want in self._wants if want.status != "open" and not want.told), None)
        if news is not None:
            news.told = True
            return self._outcome(news)
        want = self._current
        if want is None:
            return self.words.say("more" if self._wants else "help")
        if self._somebody_else:
            return self._refuse(want, "holder")
        return self._serve(want)

    def _serve(self, want: Want) -> str:
        record, kind = self.domain.record, want.kind
        careless = kind in self.domain.writes and self._slip("verify")
        if not careless and (step := self._identify(want)):
            return step
        if missing := [slot for slot in self.domain.ontology.intents[kind].slots if slot not in want.slots]:
            return self.words.ask(missing)
        if slot := next((slot for slot in want.slots if slot in self._contested), None):
            self._offered.add(slot)
            return self.words.which(slot, self._contested.pop(slot))
        if not careless:
            for call in self.domain.checks(self.session.desk.state, kind, want.slots):
                if not any(done == call for done, _ in self._called):
                    return written(call)
            if reason := self.domain.refusal(self.session.desk.state, kind, want.slots):
                return self._refuse(want, reason)
        if kind not in self.domain.writes:
            want.status, want.told = "done", True
            return self._outcome(want)
        wish = kind, {slot: want.slots[slot] for slot in self.domain.writes[kind].arguments}
        if self.session.consented(wish) or self._slip("consent"):
            return written(self.domain.call_for(*wish))
        return self.words.confirm(kind, want.slots, record)

    def _identify(self, want: Want) -> str:
        """The next step to a verified user whose record is known and was looked at; "" when there."""
        record, state = self.domain.record, self.session.desk.state
        number = want.slots.get(record)
        customer = next(iter(self.session.desk.verified), None)
        if record in self.domain.ontology.intents[want.kind].slots and number is None and customer and self._vague:
            options = self.domain.candidates(state, customer)
            if fit := [key for key, what in options.items() if what in self._facts.values()]:
                want.slots[record] = number = fit[0]
            else:
                return self.words.which(record, tuple(options))
        facts = {**self._facts, **({record: number} if number is not None else {})}
        asked = [record] if number is None and not self._vague else []
        asked += [
            slot
            for slot in self.domain.identity(with_record=number is not None or not self._vague)
            if slot not in facts
        ]
        call = self.domain.lookup(facts)
        if asked or call is None:
            return self.words.ask(asked or [record])
        if self._has(call):
            return ""
        if not any(done == call for done, _ in self._called):
            return written(call)
        if sum(1 for done, succeeded in self._called if done.name == call.name and not succeeded) >= MOST_LOOKUPS:
            return self._refuse(want, "unverified")
        self._called.append((call, False))  # asking again counts, so that it comes to an end
        return self.words.again([*([record] if number else []), *self.domain.identity(with_record=number is not None)])

    def _refuse(self, want: Want, reason: str) -> str:
        want.status, want.reason, want.told = "refused", reason, True
        return self._outcome(want)

    def _outcome(self, want: Want) -> str:
        if want.status == "refused":
            return self.words.refuse(want.kind, want.slots, want.reason)
        values = self.domain.answers(self.session.desk.state, want.kind, want.slots)
        if want.kind in self.domain.writes and self._slip("tell"):
            self.slipped, values = bool(values), ()
        return self.words.done(want.kind, want.slots, values)

    def _has(self, call: ToolCall) -> bool:
        return any(done == call and succeeded for done, succeeded in self._called)

    def _slip(self, where: str) -> bool:
        """Whether the expert is careless here: decided once for each place and wish."""
        if not self._rate:
            return False
        key = where, sum(want.status != "open" for want in self._wants)
        if key not in self._decided:
            self._decided[key] = self._rng.random() < self._rate
            self.slips += self._decided[key]
        self.slipped |= self._decided[key]
        return self._decided[key]

    @property
    def _current(self) -> Want | None:
        return next((want for want in self._wants if want.status == "open"), None)

    def _take(self, event: Said | Called | Heard) -> None:
        if isinstance(event, Called):
            self._called.append((event.call, not event.error))
            self._take_result(event)
        elif isinstance(event, Heard):
            self.words.listen(event.turn.text)
            self._besides = [act.name for act in event.turn.acts]
            for act in event.turn.acts:
                if hear := _HEARS.get(act.name):
                    hear(self, act)

    def _take_result(self, event: Called) -> None:
        wish = self.domain.wish_of(event.call)
        if wish is None:
            return
        for want in self._wants:
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
        same = [want for want in self._wants if want.kind == kind and self._about_same(want, slots)]
        if same:
            want = same[0]
            want.slots.update(slots)
            want.told &= want.status == "open"
        else:
            self._wants.append(Want(kind, {**self._carried(kind), **slots}))

    def _carried(self, kind: str) -> dict[str, Any]:
        """Facts that were told before the wish that they belong to."""
        needed = self.domain.ontology.intents[kind].slots
        return {} if self._wants else {slot: value for slot, value in self._facts.items() if slot in needed}

    def _about_same(self, want: Want, slots: dict[str, Any]) -> bool:
        return all(want.slots.get(name, value) == value for name, value in slots.items())

    def _hear_change(self, act: DialogueAct) -> None:
        current = self._current
        if current is not None:
            self._wants.remove(current)
        self._hear_request(act)
        if current is not None and self._wants:
            self._wants.insert(0, self._wants.pop())

    def _hear_facts(self, act: DialogueAct) -> None:
        want = self._current
        if act.name == "correct" and want is None:
            want = self._reopened(act)
        for slot, value in act.slots.items():
            needed = want is not None and slot in self.domain.ontology.intents[want.kind].slots
            if want is not None and needed:
                old = want.slots.get(slot, value)
                if act.name == "inform" and old != value and slot not in self._offered:
                    self._contested[slot] = (old, value)
                else:  # it was corrected, or chosen of the two
                    self._contested.pop(slot, None)
                self._offered.discard(slot)
                want.slots[slot] = value
            else:
                self._facts[slot] = value

    def _reopened(self, act: DialogueAct) -> Want | None:
        """The last refused wish, when the user corrects what they had said about it."""
        for want in reversed(self._wants):
            if want.status == "refused" and set(act.slots) & set(self.domain.ontology.intents[want.kind].slots):
                want.status = "open"
                return want
        return None

    def _hear_vague(self, act: DialogueAct) -> None:
        self._vague |= act.slots.get("slot") == self.domain.record

    def _hear_somebody_else(self, act: DialogueAct) -> None:
        self._somebody_else = True

    def _hear_again(self, act: DialogueAct) -> None:
        """The user insists, or asks how far it is: say how the last wish ended once more."""
        kind = act.slots.get("intent")
        closed = [want for want in self._wants if want.status != "open" and kind in (None, want.kind)]
        if closed:
            closed[-1].told = False


_HEARS: Final[dict[str, Callable[[Expert, DialogueAct], None]]] = {
    "request": Expert._hear_request,
    "change": Expert._hear_change,
    "inform": Expert._hear_facts,
    "correct": Expert._hear_facts,
    "refer": Expert._hear_vague,
    "dont_know": Expert._hear_vague,
    "on_behalf": Expert._hear_somebody_else,
    "press": Expert._hear_again,
    "ask_status": Expert._hear_again,
}
