"""What a user answers to one message of the agent, before operators change it."""

from agentrl.simulators.agenda import Agenda, Heard, Pursuit, StateView
from agentrl.simulators.models import DialogueAct, Reason
from agentrl.simulators.readback import agreed, conflicts


class Answer:
    """The answer to one message, without the operators."""

    def __init__(self, agenda: Agenda, heard: Heard, view: StateView, *, refusal_is_aside: bool) -> None:
        self.agenda = agenda
        self.ontology = agenda.ontology
        self.heard = heard
        self.view = view
        self.progress = False
        self.asked_again = False
        self.reason: Reason | None = None
        self._refused = "refuse" in heard.names and not refusal_is_aside

    def acts(self) -> list[DialogueAct]:
        """What the user says; `reason` is set instead when there is nothing left to say."""
        news = self._close_satisfied()
        current = self.agenda.current
        if current is None:
            return self._finish()
        if self._refused or self.view.refused(current.goal):
            answer = self._refusal(current)
            if answer is not None:
                return answer
        out = self._clarified(current) + self._asked(current) + self._confirmed(current)
        if out:
            return out
        if news:
            return self._go_on(current)
        return self._nudge(current)

    def _close_satisfied(self) -> bool:
        """Takes what has happened as done, once the agent is not asking for anything and not still at it."""
        if self.heard.demands or "wait" in self.heard.names:
            return False
        closed = [p for p in self.agenda.open if p.requested and self.view.satisfied(p.goal)]
        for pursuit in closed:
            pursuit.status = "satisfied"
            self.progress = True
        return bool(closed)

    def _finish(self) -> list[DialogueAct]:
        refused = any(pursuit.status == "refused" for pursuit in self.agenda.pursuits)
        self.reason = "refused" if refused else "satisfied"
        return []

    def _go_on(self, pursuit: Pursuit, *, refused: bool = False) -> list[DialogueAct]:
        """To the next subgoal, after one that was done or refused."""
        self.progress = True
        if pursuit.requested:
            return [self.agenda.status_question(pursuit)]
        drips = self.agenda.task.persona.disclosure == "drip"
        return [
            DialogueAct("also", {"refused": True} if refused else {}),
            *self.agenda.request(pursuit, () if drips else None),
        ]

    def _refusal(self, current: Pursuit) -> list[DialogueAct] | None:
        """What a refusal leads to; None when the message asks for something that should be answered instead."""
        offers = [act for act in self.heard.all("confirm") if act.slots.get("intent") not in (None, current.wish.kind)]
        if self.heard.demands and not offers:
            return None
        if current.goal.permitted and not current.insisted:
            current.insisted = True
            self.progress = True
            return [DialogueAct("press", {"authority": "none"})]
        if self.agenda.goal.exit == "all_satisfied" and current.goal.fallback is None:
            return [DialogueAct("press", {"authority": "none"})]
        self.progress = True
        fallback = current.goal.fallback
        if fallback is not None:
            current.goal, current.stand_in, current.insisted = fallback, None, False
            current.mistaken.clear()
            if offers and offers[0].slots["intent"] == fallback.kind:
                return self._confirmed(current)
            return self.agenda.request(current)
        current.status = "refused"
        for other in self.agenda.pursuits:
            if any(
                self.agenda.pursuits[n].status == "refused" for n in self.agenda.goal.subgoals[other.number].depends_on
            ):
                other.status = "refused"
        following = self.agenda.current
        declined = [DialogueAct("deny")] if offers else []
        return self._finish() if following is None else declined + self._go_on(following, refused=True)

    def _clarified(self, current: Pursuit) -> list[DialogueAct]:
        """The choice between what the agent offers."""
        for act in self.heard.all("clarify"):
            slot = act.slots.get("slot") or next(iter([*self.agenda.vague, *current.wish.slots]), None)
            if slot is None:
                continue
            value = self.agenda.value(slot)
            options = act.slots["options"]
            if value is None:
                return self._unknown(slot)
            if options and not any(self.ontology.same(slot, value, option) for option in options):
                self.agenda.vague.pop(slot, None)
                return [DialogueAct("deny"), self.agenda.correct({slot: value})]
            self.progress |= self.agenda.first(f"choice of {slot}: {value}")
            if options:
                self.agenda.vague.pop(slot, None)
                return [self.agenda.inform({slot: value})]
            return self._tell(slot)
        return []

    def _asked(self, current: Pursuit) -> list[DialogueAct]:
        """Facts, one at a time when the persona lets them drip."""
        out: list[DialogueAct] = []
        facts: dict[str, object] = {}
        drips = self.agenda.task.persona.disclosure == "drip"
        for slot in self.heard.asked:
            if slot == "intent":
                if not self.heard.demands and (not current.requested or "offer_more" not in self.heard.names):
                    out += self._wish(current)
                continue
            if drips and (out or facts):
                break
            value = self.agenda.value(slot)
            fresh = value is not None and self.agenda.told_as(slot) is None and slot not in self.agenda.vague
            if fresh:
                facts[slot] = value
            else:
                out += self._tell(slot)
        if facts:
            self.progress = True
            out.append(self.agenda.inform(facts))
        return out

    def _wish(self, current: Pursuit) -> list[DialogueAct]:
        """The wish, again if need be, with what has been told about it."""
        self.progress |= not current.requested
        drips = self.agenda.task.persona.disclosure == "drip"
        slots = [slot for slot in current.wish.slots if slot in current.told] if current.requested or drips else None
        return self.agenda.request(current, slots)

    def _tell(self, slot: str) -> list[DialogueAct]:
        """One fact that is asked for: vaguely, corrected, or again."""
        agenda = self.agenda
        value = agenda.value(slot)
        if value is None:
            return self._unknown(slot)
        if slot in agenda.vague:
            left, hint = agenda.vague[slot]
            if left > 0:
                agenda.vague[slot] = left - 1, hint
                self.progress = True
                return [DialogueAct("dont_know", {"slot": slot}), agenda.refer(slot)]
            del agenda.vague[slot]
            self.progress = True
            return [agenda.inform({slot: value})]
        told = agenda.told_as(slot)
        if told is None:
            self.progress = True
            return [agenda.inform({slot: value})]
        if told != value:
            self.progress |= agenda.first(f"correct {slot}: {value}")
            return [agenda.correct({slot: value})]
        self.asked_again = True
        return [DialogueAct("already_said", {"slot": slot}), agenda.inform({slot: value})]

    def _unknown(self, slot: str) -> list[DialogueAct]:
        """Doesn't know it, and says what they know instead."""
        agenda = self.agenda
        spec = self.ontology.slots.get(slot)
        for other in spec.instead if spec else ():
            value = agenda.value(other)
            if value is not None and agenda.told_as(other) is None:
                self.progress = True
                return [DialogueAct("dont_know", {"slot": slot}), agenda.inform({other: value})]
        self.progress |= agenda.first(f"unknown {slot}")
        return [DialogueAct("dont_know", {"slot": slot})]

    def _confirmed(self, current: Pursuit) -> list[DialogueAct]:
        """Consent to what is right, or what is wrong with it: to each change that was read back, with its values.

        Who is asked about more than they want says which of it they agree to.
        """
        asked = self.heard.all("confirm")
        found = [(act, self._meant(act, current)) for act in asked]
        meant = {p.number: (act, p) for act, pursuits in reversed(found) for p in pursuits}
        if asked and not meant:
            return [DialogueAct("deny"), *self._wish(current)]
        pairs = [meant[number] for number in sorted(meant)]
        for act, pursuit in pairs:
            wrong = conflicts(self.agenda, act, pursuit)
            if wrong:
                self.progress |= self.agenda.first(f"denied {wrong}")
                return [DialogueAct("deny"), self.agenda.correct(wrong, pursuit)]
        only = not all(pursuits for _, pursuits in found)
        return [self._affirm(act, pursuit, only=only) for act, pursuit in pairs]

    def _affirm(self, confirm: DialogueAct, pursuit: Pursuit, *, only: bool) -> DialogueAct:
        """Consent to what was read back of this wish, or to facts alone."""
        right = agreed(self.agenda, confirm, pursuit, self.heard.text)
        known = self.agenda.goal.known
        identity = {s: v for s, v in known.items() if s in confirm.slots and s not in pursuit.wish.slots}
        if identity and not right and "intent" not in confirm.slots:
            self.progress |= self.agenda.first(f"agreed {sorted(identity)}")
            self.agenda.note(identity)
            return DialogueAct("affirm", identity)
        self.progress |= self.agenda.first(f"agreed {pursuit.number} {pursuit.wish.kind}")
        pursuit.requested = True
        self.agenda.note(right, pursuit)
        for slot in right:
            self.agenda.vague.pop(slot, None)
        return DialogueAct("affirm", {"intent": pursuit.wish.kind, **right, **({"only": True} if only else {})})

    def _meant(self, confirm: DialogueAct, current: Pursuit) -> list[Pursuit]:
        """The pursuits that the agent asks consent for; none when the user wants no such thing."""
        kind = confirm.slots.get("intent")
        if kind is None:
            return [current]
        fit = [pursuit for pursuit in self.agenda.open if pursuit.wish.kind == kind]
        if len(fit) < 2:
            return fit
        right = [pursuit for pursuit in fit if not conflicts(self.agenda, confirm, pursuit)]
        return [p for p in right if self._named(confirm, p)] or right[:1] or fit[:1]

    def _named(self, confirm: DialogueAct, pursuit: Pursuit) -> bool:
        """Whether all that was read back of the slots of the wish is right, and something was."""
        right = agreed(self.agenda, confirm, pursuit, self.heard.text)
        return bool(right) and all(slot in right for slot in pursuit.wish.slots if slot in confirm.slots)

    def _nudge(self, current: Pursuit) -> list[DialogueAct]:
        """The message asked for nothing and brought nothing."""
        names = self.heard.names
        if names & {"bye"} and not names & {"wait", "report_done"}:
            self.agenda.farewells += 1
            if self.agenda.farewells > 1 or self.agenda.said_bye:
                self.reason = "gave_up"
                return []
        if not current.requested:
            return self._wish(current)
        if "wait" in names:
            self.progress = self.agenda.heard["wait"] <= 1
            return [DialogueAct("hold")]
        unaware = names & {"offer_more", "greet"} and not names & {"report_done", "inform"}
        if unaware or self.agenda.stall % 2 == 1:
            return self._wish(current)
        return [self.agenda.status_question(current)]
