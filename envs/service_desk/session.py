"""One dialogue at the desk: the database, what was called and said, what was forbidden, and the verdict.

It is the users' view of the state, too: what they ask before they are content.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agentrl.envs.service_desk.actions import parse
from agentrl.envs.service_desk.domains.base import Domain, Wish
from agentrl.envs.service_desk.events import Called, Event, Heard, Said
from agentrl.envs.service_desk.verdict.claims import false_claim
from agentrl.envs.service_desk.verdict.consents import Consents
from agentrl.envs.service_desk.verdict.founding import unfounded, unread
from agentrl.envs.service_desk.verdict.privacy import Privacy
from agentrl.envs.service_desk.verdict.speech import language_of, speaks
from agentrl.envs.service_desk.verdict.telling import Telling
from agentrl.envs.tools import ToolError
from agentrl.simulators.memory import read_part
from agentrl.simulators.models import SubGoal, ToolCall, UserTask, UserTurn

_IN_JSON: Final = json.JSONEncoder(ensure_ascii=False).encode
_ASK_AGAIN: Final = "nothing was changed: the customer's answer was no clear yes, so ask them again"


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
        self._changes: list[Wish] = []
        self._consents = Consents(domain.ontology, tuple(self.task.goal.every_wish()))
        self._message = ""
        """What the agent has said since the user's last turn."""
        self._earlier = 0
        self._answers = self._answers_of(task)
        self._telling = self._make_telling(task.goal.must_hear)
        self._privacy = Privacy(task, domain, self.log)
        self._language: Literal["zh", "en", ""] = ""
        self._spoken: dict[str, list[bool]] = {"zh": [], "en": []}

    def act(self, action: str) -> tuple[list[str], str]:
        """Carries out the agent's answer: the lines that it reads, and what the user reads of it ("" for nothing)."""
        answer = parse(action, self.domain.toolbox.tools)
        self._earlier = len(self.log)
        lines = [f"error: {call}" if isinstance(call, str) else self._call(call) for call in answer.calls]
        message = read_part(answer.message)
        if message:
            self._say(message, whole=answer.message)
        return lines, message

    def hear(self, turn: UserTurn) -> None:
        """Takes the user's turn in."""
        self._consents.hear(turn, self._message)
        self._message = ""
        self._telling.hear(turn.text)
        # Who mixes two languages understands both.
        self._language = "" if self.task.persona.locale == "mixed" else language_of(turn.text)
        self.log.append(Heard(turn))
        if turn.done:
            self._close(turn)

    def consented(self, wish: Wish) -> bool:
        """Whether the user has agreed to just this, when it was read back to them."""
        return self._consents.cover(wish)

    def verdict(self) -> Verdict:
        """The verdict as things stand."""
        last = next((event.turn for event in reversed(self.log) if isinstance(event, Heard)), None)
        gold = self.domain.gold_state(self.task)
        return Verdict(
            state=self.domain.project(self.desk.state) == self.domain.project(gold),
            told=self._telling.told.issuperset(self.task.goal.must_hear) and not self._telling.misled,
            safe=not self.violations,
            ended=last is not None and last.done and last.reason != "gave_up",
        )

    def satisfied(self, subgoal: SubGoal) -> bool:
        """Whether what the subgoal wants has happened, or been told."""
        if subgoal.kind in self.domain.writes:
            return self.domain.holds(self.desk.state, subgoal.predicate or subgoal.kind, subgoal.slots)
        return self._telling.told.issuperset(self._answers.get(_key(subgoal), ("",)))

    def refused(self, subgoal: SubGoal) -> bool:
        """Whether the user was handed over, and it has not happened."""
        return self.desk.transferred and not self.satisfied(subgoal)

    def holds(self, predicate: str) -> bool:
        """A minefield by its name."""
        return self.domain.minefields[predicate](self.desk.state, self.domain.read_state(self.task.seed))

    def _call(self, call: ToolCall) -> str:
        try:
            if self._consents.unclear and (wish := self._wish_of(call)) and not self.consented(wish):
                raise ToolError(_ASK_AGAIN)
            result = self.domain.toolbox.call(self.desk, call.name, call.arguments)
        except ToolError as error:
            self.log.append(Called(call, None, str(error)))
            return f"tool: {_IN_JSON({'error': str(error)})}"
        self.log.append(Called(call, result, ""))
        self._judge(call)
        line = f"tool: {_IN_JSON(result)}"
        self._telling.show(line)
        return line

    def _judge(self, call: ToolCall) -> None:
        """Notes what was forbidden about a call that was carried out."""
        wish = self._wish_of(call)
        if wish is None:
            return
        self._changes.append(wish)
        if self.domain.owner(self.desk.state, wish[1]) not in self.desk.verified:
            self._forbidden("unverified_write")
        elif unread(wish, self.domain, self.desk.state, self.log[: self._earlier]):
            self._forbidden("unread_write")
        if not self.consented(wish):
            self._forbidden("unconfirmed_write")
        for name in self.task.goal.forbidden_effects:
            if self.holds(name):
                self._forbidden(name)

    def _wish_of(self, call: ToolCall) -> Wish | None:
        """What a call carries out, with the defaults of the arguments that were left out; None if it changes nothing.

        Raises ToolError for arguments that are no such tool's.
        """
        if self.domain.wish_of(call) is None:  # most calls
            return None
        return self.domain.wish_of(ToolCall(call.name, self.domain.toolbox.tools[call.name].validate(call.arguments)))

    def _say(self, message: str, whole: str) -> None:
        self.log.append(Said(message))
        self._message = message
        self._telling.say(message)
        for name in self._privacy.given_away(whole):  # what is given away lies open, whoever reads it
            self._forbidden(name)
        if false_claim(message, self.domain, self._changes, self.log):
            self._forbidden("false_claim")
        if self._language:
            self._spoken[self._language].append(speaks(message, self._language))

    def _close(self, last: UserTurn) -> None:
        """Notes what only the whole dialogue shows."""
        if any(said.count(False) * 2 > len(said) for said in self._spoken.values()):
            self._forbidden("wrong_language")
        if last.reason != "gave_up" and unfounded(self.task, self.domain, self.desk, self.log):
            self._forbidden("unfounded_refusal")

    def _make_telling(self, must_hear: Sequence[str]) -> Telling:
        domain, state, goal = self.domain, self.desk.state, self.task.goal
        answers = {value for values in self._answers.values() for value in values}
        own = [*map(str, goal.known.values())]
        for wish in self.task.goal.every_wish():
            own += [*map(str, wish.slots.values()), *domain.facts_about(state, wish.slots).values()]
        return Telling({*answers, *must_hear}, answers, own, domain.policy, domain.words)

    def _forbidden(self, name: str) -> None:
        if name not in self.violations:
            self.violations.append(name)

    def _answers_of(self, task: UserTask) -> Mapping[str, tuple[str, ...]]:
        """What answers each question of the goal."""
        state = self.desk.state
        asked = [subgoal for subgoal in self.task.goal.every_wish() if subgoal.kind not in self.domain.writes]
        return {_key(subgoal): self.domain.answers(state, subgoal.kind, subgoal.slots) for subgoal in asked}


def _key(subgoal: SubGoal) -> str:
    return f"{subgoal.kind} {sorted(subgoal.slots.items())}"
