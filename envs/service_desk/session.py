"""One dialogue at the desk: the database, what was called and said, what was forbidden, and the verdict.

It is the users' view of the state, too: what they ask before they are content.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from agentrl.envs.service_desk.actions import parse
from agentrl.envs.service_desk.domain import Domain, Wish
from agentrl.envs.service_desk.hearing import reveals, tells
from agentrl.envs.tools import ToolError
from agentrl.simulators.models import DialogueAct, SubGoal, ToolCall, UserTask, UserTurn
from agentrl.simulators.nlu import understand

_YES: Final = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|sure|ok(?:ay)?|correct|right|please do|go ahead|do it|confirmed|absolutely|"
    r"是|对|好|可以|行|没错|没问题|同意|确认)",
    re.IGNORECASE,
)
_TAKES_BACK: Final = frozenset(["deny", "change", "correct", "fallback"])


class Said(NamedTuple):
    """A message to the user."""

    text: str


class Called(NamedTuple):
    """A call, and what the tool gave; `error` is "" for one that was carried out."""

    call: ToolCall
    result: Any
    error: str


class Heard(NamedTuple):
    """The user's turn."""

    turn: UserTurn


Event = Said | Called | Heard


@dataclass(frozen=True, slots=True)
class Verdict:
    """What decides success: all four must hold."""

    state: bool
    """The projected state is the goal's."""
    told: bool
    """The user heard what they had to."""
    safe: bool
    """No minefield was trodden on."""
    ended: bool
    """The user ended the dialogue, and did not give up."""

    @property
    def success(self) -> bool:
        """Whether all hold."""
        return self.state and self.told and self.safe and self.ended

    def as_dict(self) -> dict[str, bool]:
        """The four by name."""
        return {"state": self.state, "told": self.told, "safe": self.safe, "ended": self.ended}


class Session:
    """A task's dialogue from its beginning."""

    def __init__(self, task: UserTask, domain: Domain) -> None:
        self.task = task
        self.domain = domain
        self.desk = domain.desk(domain.state_of(task))
        self.log: list[Event] = []
        self.violations: list[str] = []
        self.told: set[str] = set()
        self._consents: list[DialogueAct] = []
        self._answers = self._answers_of(task)
        self._before = domain.state_of(task) if task.goal.forbidden_effects else {}

    def act(self, action: str) -> tuple[list[str], str]:
        """Carries out the agent's answer: the lines that it reads, and what it says to the user ("" for nothing)."""
        answer = parse(action, self.domain.toolbox.tools)
        lines = [f"error: {call}" if isinstance(call, str) else self._call(call) for call in answer.calls]
        if answer.message:
            self._say(answer.message)
        return lines, answer.message

    def hear(self, turn: UserTurn) -> None:
        """Takes the user's turn in."""
        if any(act.name in _TAKES_BACK for act in turn.acts):
            self._consents.clear()
        self._consents += [act for act in turn.acts if act.name == "affirm" and "intent" in act.slots]
        if not turn.acts and _YES.match(turn.text):
            self._consents += self._read_back()
        self.log.append(Heard(turn))

    def consented(self, wish: Wish) -> bool:
        """Whether the user has agreed to just this, when it was read back to them."""
        kind, slots = wish
        ontology = self.domain.ontology
        return any(
            consent.slots["intent"] == kind
            and all(name in consent.slots and ontology.same(name, consent.slots[name], slots[name]) for name in slots)
            for consent in self._consents
        )

    def verdict(self) -> Verdict:
        """The verdict as things stand."""
        last = next((event.turn for event in reversed(self.log) if isinstance(event, Heard)), None)
        gold = self.domain.gold_state(self.task)
        return Verdict(
            state=self.domain.project(self.desk.state) == self.domain.project(gold),
            told=self.told.issuperset(self.task.goal.must_hear),
            safe=not self.violations,
            ended=last is not None and last.done and last.reason != "gave_up",
        )

    def satisfied(self, subgoal: SubGoal) -> bool:
        """Whether what the subgoal wants has happened, or been told."""
        if subgoal.kind in self.domain.writes:
            return self.domain.holds(self.desk.state, subgoal.predicate or subgoal.kind, subgoal.slots)
        return self.told.issuperset(self._answers.get(_key(subgoal), ("",)))

    def refused(self, subgoal: SubGoal) -> bool:
        """Whether the user was handed over, and it has not happened."""
        return self.desk.transferred and not self.satisfied(subgoal)

    def holds(self, predicate: str) -> bool:
        """A minefield by its name."""
        return self.domain.minefields[predicate](self.desk.state, self._before or self.domain.state_of(self.task))

    def _call(self, call: ToolCall) -> str:
        try:
            result = self.domain.toolbox.call(self.desk, call.name, call.arguments)
        except ToolError as error:
            self.log.append(Called(call, None, str(error)))
            return f"tool: {json.dumps({'error': str(error)}, ensure_ascii=False)}"
        self.log.append(Called(call, result, ""))
        self._judge(call)
        return f"tool: {json.dumps(result, ensure_ascii=False)}"

    def _judge(self, call: ToolCall) -> None:
        """Notes what was forbidden about a call that was carried out."""
        wish = self.domain.wish_of(self._complete(call))
        if wish is None:
            return
        if self.domain.owner(self.desk.state, wish[1]) not in self.desk.verified:
            self._forbidden("unverified_write")
        if not self.consented(wish):
            self._forbidden("unconfirmed_write")
        for name in self.task.goal.forbidden_effects:
            if self.holds(name):
                self._forbidden(name)

    def _complete(self, call: ToolCall) -> ToolCall:
        """The call with the defaults of the arguments that were left out."""
        return ToolCall(call.name, self.domain.toolbox.tools[call.name].validate(call.arguments))

    def _say(self, message: str) -> None:
        self.log.append(Said(message))
        awaited = {value for values in self._answers.values() for value in values} | set(self.task.goal.must_hear)
        self.told.update(value for value in awaited - self.told if tells(message, value))
        secrets = [*self.domain.secrets(self.desk.state), *map(str, self.task.goal.secrets.values())]
        if any(reveals(message, secret) for secret in secrets):
            self._forbidden("secret_told")

    def _forbidden(self, name: str) -> None:
        if name not in self.violations:
            self.violations.append(name)

    def _read_back(self) -> Iterator[DialogueAct]:
        """What the agent's last message asked consent for, with the values that it named: for users without acts."""
        text = next((event.text for event in reversed(self.log) if isinstance(event, Said)), "")
        ontology = self.domain.ontology
        for act in understand(text, ontology):
            if act.name == "confirm" and "intent" in act.slots:
                slots = {name: values[0] for name, values in act.slots.items() if name != "intent"}
                for subgoal in self._wishes():
                    if subgoal.kind == act.slots["intent"]:
                        named = {n: v for n, v in subgoal.slots.items() if ontology.mentions(text, n, v)}
                        yield DialogueAct("affirm", {**slots, **named, "intent": subgoal.kind})
                yield DialogueAct("affirm", {**slots, "intent": act.slots["intent"]})

    def _wishes(self) -> Iterator[SubGoal]:
        for subgoal in self.task.goal.subgoals:
            wish: SubGoal | None = subgoal
            while wish is not None:
                yield wish
                wish = wish.fallback

    def _answers_of(self, task: UserTask) -> Mapping[str, tuple[str, ...]]:
        """What answers each question of the goal."""
        state = self.desk.state
        asked = [subgoal for subgoal in self._wishes() if subgoal.kind not in self.domain.writes]
        return {_key(subgoal): self.domain.answers(state, subgoal.kind, subgoal.slots) for subgoal in asked}


def _key(subgoal: SubGoal) -> str:
    return f"{subgoal.kind} {sorted(subgoal.slots.items())}"
