"""The user of an environment: one interface, and the user that needs no language model.

The environment decides what is true: a user asks it through `StateView`, and is done with a structured flag and a
reason, never with a word in the text.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol

from agentrl.simulators.agenda import WASTED, Agenda, Heard, StateView
from agentrl.simulators.answers import Answer
from agentrl.simulators.draws import Draws
from agentrl.simulators.emotion import Mood
from agentrl.simulators.models import DialogueAct, Reason, UserTask, UserTurn
from agentrl.simulators.nlg import compose
from agentrl.simulators.nlu import understand
from agentrl.simulators.noise import distort, slipped, unmark
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import Tongue
from agentrl.simulators.strategies import HOOKS
from agentrl.simulators.strategy import Strategy


class User(Protocol):
    """Somebody who wants something from an agent."""

    def open(self, view: StateView) -> UserTurn:
        """The first turn."""

    def reply(self, text: str, view: StateView) -> UserTurn:
        """The answer to a message of the agent. Raises `RuntimeError` when the dialogue is over."""


def seeded(*parts: object) -> Draws:
    """A generator that follows from the parts, in any process."""
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return Draws(int.from_bytes(digest, "big"))


class AgendaUser:
    """Follows the task's goal by an agenda of dialogue acts, and words them by a grammar."""

    def __init__(self, task: UserTask, ontology: Ontology, seed: int = 0) -> None:
        self.task = task
        self.ontology = ontology
        self.rng = seeded("user", task.seed, seed)
        self.agenda = Agenda(task, ontology, self.rng)
        self.mood = Mood(task.persona.emotion)
        self.strategies: list[Strategy] = [HOOKS[op.name](op) for op in task.ops if op.name in HOOKS]
        self._held: dict[str, tuple[bool, int]] = {}
        self._complained = -2
        self._over = False
        self._last = ""
        self.tongue: Tongue = "en"
        """The language of its last sentence."""

    def open(self, view: StateView) -> UserTurn:
        """The first turn: the task's opener word for word when it has one."""
        for strategy in self.strategies:
            strategy.prepare(self.agenda)
        opener = self.task.opener
        if opener is not None:
            return UserTurn(opener, self._acts_of(opener), emotion=self.mood.level)
        acts = self.agenda.opening()
        for strategy in self.strategies:
            if strategy.left > 0 and strategy.opens(self.agenda):
                strategy.left -= 1
                said = strategy.fire(self.agenda)
                acts = said + acts if said and said[0].name == "on_behalf" else acts + said
        if self.rng.random() < 0.25 + 0.5 * self.task.persona.politeness - 0.3 * self.mood.level:
            acts = [DialogueAct("greet"), *acts]
        return self._turn(acts)

    def reply(self, text: str, view: StateView) -> UserTurn:
        """Hears, lets the operators act, answers, and counts what the turn was worth."""
        if self._over:
            raise RuntimeError("the user has ended this dialogue; begin a new one with `open`")
        agenda = self.agenda
        heard = Heard(text, understand(text, self.ontology))
        agenda.hear(heard)
        before = [said for strategy in self.strategies for said in strategy.notice(agenda, heard)]
        aside, agenda.aside = agenda.aside, False
        instead, after = self._strategies(heard, view, refusal_is_aside=aside)
        answer = Answer(agenda, heard, view, refusal_is_aside=aside)
        if instead:
            acts, answer.progress = instead, True
        elif any(act.name in ("change", "request") for act in before):
            acts, answer.progress = [], True
        else:
            acts = answer.acts()
        self._count(answer, heard)
        if answer.reason or agenda.stall >= self.task.persona.patience or self._wasted_out():
            return self._end(answer.reason or "gave_up")
        corrections = [act for act in after if act.name == "correct"]
        if corrections:
            acts = [act for act in acts if act.name != "ask_status"]
            after = [act for act in after if act.name != "correct"]
        acts = [*before, *corrections, *acts, *after]
        if self.mood.complains and agenda.turn - self._complained >= 2:
            self._complained = agenda.turn
            acts = [DialogueAct("complain"), *acts]
        return self._turn(_once(acts))

    @property
    def plain(self) -> str:
        """What was said last, as it was before any noise."""
        return unmark(self._last)

    def _strategies(
        self, heard: Heard, view: StateView, *, refusal_is_aside: bool
    ) -> tuple[list[DialogueAct], list[DialogueAct]]:
        """What the operators say instead of the answer, and after it."""
        instead: list[DialogueAct] = []
        after: list[DialogueAct] = []
        for strategy in self.strategies:
            if strategy.left <= 0 or not self._due(strategy, heard, view):
                continue
            if refusal_is_aside and strategy.when is not None and strategy.when.match == "refuse":
                continue
            if self._settled(view) or not strategy.ready(self.agenda, heard) or (strategy.instead and instead):
                continue
            strategy.left -= 1
            said = strategy.fire(self.agenda)
            if strategy.instead:
                instead += said
            else:
                after += said
        return instead, after

    def _due(self, strategy: Strategy, heard: Heard, view: StateView) -> bool:
        """Whether the strategy's trigger holds in this turn."""
        when = strategy.when
        if when is None:
            return False
        if when.on == "turn":
            return self.agenda.turn >= int(when.match)
        if when.on == "act":
            named = when.match in heard.names or when.match in [f"ask:{slot}" for slot in heard.asked]
            if when.match == "ask":
                named = heard.demands and "ask" in heard.names
            return named and self.agenda.heard.get(when.match, 0) >= when.nth
        was, times = self._held.get(when.match, (False, 0))
        now = view.holds(when.match)
        times += now and not was
        self._held[when.match] = now, times
        return times >= when.nth

    def _settled(self, view: StateView) -> bool:
        """Whether the user has what they want, as far as the environment knows."""
        return all(view.satisfied(pursuit.goal) for pursuit in self.agenda.open)

    def _count(self, answer: Answer, heard: Heard) -> None:
        agenda = self.agenda
        self.mood.after_turn(
            progress=answer.progress, asked_again=answer.asked_again, apologised="apologise" in heard.names
        )
        agenda.stall = 0 if answer.progress else agenda.stall + 1
        agenda.wasted += not answer.progress

    def _wasted_out(self) -> bool:
        return self.agenda.wasted >= WASTED * self.task.persona.patience

    def _end(self, reason: Reason) -> UserTurn:
        self._over = True
        if reason == "gave_up":
            last = DialogueAct("bye" if self.agenda.said_bye else "leave")
        else:
            last = DialogueAct("thank", {"refused": True} if reason == "refused" else {})
        return self._turn([last], reason)

    def _turn(self, acts: Sequence[DialogueAct], reason: Reason | None = None) -> UserTurn:
        words, self.tongue = self._words(acts)
        self._last = words
        noise = self.task.persona.noise
        text = distort(words, noise, self.tongue, self.rng, self.mood.level)
        return UserTurn(
            text,
            tuple(acts),
            emotion=round(self.mood.level, 4),
            stall=self.agenda.stall,
            done=reason is not None,
            reason=reason,
            distorted=bool(noise.typo_rate or noise.asr_rate) and slipped(words, text),
        )

    def _words(self, acts: Sequence[DialogueAct]) -> tuple[str, Tongue]:
        """The acts in words, before any noise, with what it must not touch marked; and the language of the last."""
        return compose(acts, self.ontology, self.task.persona, self.rng, self.mood.level, self.agenda.locale)

    def _acts_of(self, opener: str) -> tuple[DialogueAct, ...]:
        """What a given opener tells: the values of the goal that it contains."""
        agenda = self.agenda
        pursuit = agenda.pursuits[0]
        said = {s: v for s in pursuit.wish.slots if (v := pursuit.value(s)) and self.ontology.mentions(opener, s, v)}
        known = {s: v for s, v in agenda.goal.known.items() if s not in said and self.ontology.mentions(opener, s, v)}
        acts = agenda.request(pursuit, tuple(said))
        return (*acts, agenda.inform(known)) if known else tuple(acts)


def _once(acts: Sequence[DialogueAct]) -> list[DialogueAct]:
    """The acts without exact repetition."""
    out: list[DialogueAct] = []
    for act in acts:
        if act not in out:
            out.append(act)
    return out
