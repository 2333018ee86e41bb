"""The scripted expert: serves users by the policy. It reads their hidden acts, and never their goal."""

import random
from typing import Final

from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.events import Heard
from agentrl.envs.service_desk.expert.heard import Understanding
from agentrl.envs.service_desk.expert.wants import Want
from agentrl.envs.service_desk.expert.words import Words
from agentrl.envs.service_desk.session import Session
from agentrl.simulators.models import ToolCall

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
        self.heard = Understanding(session.domain)
        self._decided: dict[tuple[str, int], bool] = {}

    def next(self) -> str:
        """What the expert answers now."""
        self.slipped = False
        for event in self.session.log[self._read :]:
            self.heard.take(event)
            if isinstance(event, Heard):
                self.words.listen(event.turn.text)
        self._read = len(self.session.log)
        answer = self._answer()
        if not self.heard.besides or answer.startswith("<tool_call>"):
            return answer
        besides, self.heard.besides = self.heard.besides, []
        return self.words.besides(besides, answer)

    def _answer(self) -> str:
        news = next((want for want in self.heard.wants if want.status != "open" and not want.told), None)
        if news is not None:
            news.told = True
            return self._outcome(news)
        want = self.heard.current
        if want is None:
            return self.words.say("more" if self.heard.wants else "help")
        if self.heard.somebody_else:
            return self._refuse(want, "holder")
        return self._serve(want)

    def _serve(self, want: Want) -> str:
        record, kind = self.domain.record, want.kind
        careless = kind in self.domain.writes and self._slip("verify")
        if not careless and (step := self._identify(want)):
            return step
        if missing := [slot for slot in self.domain.ontology.intents[kind].slots if slot not in want.slots]:
            return self.words.ask(missing)
        if slot := next((slot for slot in want.slots if slot in self.heard.contested), None):
            self.heard.offered.add(slot)
            return self.words.which(slot, self.heard.contested.pop(slot))
        if not careless:
            for call in self.domain.checks(self.session.desk.state, kind, want.slots):
                if not any(done == call for done, _ in self.heard.called):
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
        if record in self.domain.ontology.intents[want.kind].slots and number is None and customer and self.heard.vague:
            options = self.domain.candidates(state, customer)
            if fit := [key for key, what in options.items() if what in self.heard.facts.values()]:
                want.slots[record] = number = fit[0]
            else:
                return self.words.which(record, tuple(options))
        facts = {**self.heard.facts, **({record: number} if number is not None else {})}
        asked = [record] if number is None and not self.heard.vague else []
        asked += [
            slot
            for slot in self.domain.identity(with_record=number is not None or not self.heard.vague)
            if slot not in facts
        ]
        call = self.domain.lookup(facts)
        if asked or call is None:
            return self.words.ask(asked or [record])
        if self._has(call):
            return ""
        if not any(done == call for done, _ in self.heard.called):
            return written(call)
        if sum(1 for done, succeeded in self.heard.called if done.name == call.name and not succeeded) >= MOST_LOOKUPS:
            return self._refuse(want, "unverified")
        self.heard.called.append((call, False))  # asking again counts, so that it comes to an end
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
        return any(done == call and succeeded for done, succeeded in self.heard.called)

    def _slip(self, where: str) -> bool:
        """Whether the expert is careless here: decided once for each place and wish."""
        if not self._rate:
            return False
        key = where, sum(want.status != "open" for want in self.heard.wants)
        if key not in self._decided:
            self._decided[key] = self._rng.random() < self._rate
            self.slips += self._decided[key]
        self.slipped |= self._decided[key]
        return self._decided[key]
