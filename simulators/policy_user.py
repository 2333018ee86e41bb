"""A user that any language model plays, e.g. one of our own policies: it speaks freely, and decides nothing.

It is told its goal in words. Whether the dialogue is over follows from the state and from patience (`Ledger`), and the
guard sees to it that no identifier, date or amount is made up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from agentrl.errors import UnusableAnswerError
from agentrl.simulators.agenda import StateView
from agentrl.simulators.completions import unquoted
from agentrl.simulators.descriptions import describe, feeling
from agentrl.simulators.emotion import Mood
from agentrl.simulators.endpoint import Message
from agentrl.simulators.guard import Bounds, facts_of, guarded, problems, secrets_of
from agentrl.simulators.ledger import Ledger
from agentrl.simulators.memory import Memory
from agentrl.simulators.models import DialogueAct, Locale, Persona, Reason, UserTask, UserTurn
from agentrl.simulators.nlg import RELATIONS, render
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.users import AgendaUser, seeded

Respond = Callable[[Sequence[Message], int], str]
"""(messages, seed) -> the next message of the role "assistant"."""

LANGUAGES: Final = {"en": "English", "zh": "Chinese", "mixed": "Chinese, mixed with English words"}
_RULES: Final = (
    "You play a customer who writes to a service agent. The agent's messages reach you as the user's; write the "
    "customer's next message and nothing else: no quotation marks, no name before it, no comment. Be brief, as people "
    "are in a chat. Give values (numbers, dates, names) to the letter, and say that you don't know what you were not "
    "given. Never write the agent's part. Never end the conversation by a mark; it ends by itself. Write in {language}."
)
_BEGIN: Final = "(The conversation begins: write your first message.)"
"""Models want the user to speak first; without it some drop the customer's opening."""


class PolicyUser:
    """A user whose words `respond` gives. It has no hidden acts: a scripted expert has to understand its words.

    Raises UserError for an operator that `describe` has no words for, and what `respond` raises; an EndpointError makes
    the episode FAILED.
    """

    def __init__(self, task: UserTask, ontology: Ontology, respond: Respond, seed: int = 0) -> None:
        self.task, self.ontology = task, ontology
        self._respond = respond
        self._rng = seeded("policy user", task.seed, seed)
        self._ledger = Ledger(task, ontology)
        changes = [LANGUAGES[op.args["to"]] for op in task.ops if op.name == "switch_language"]
        language = ", later in ".join([LANGUAGES[_first_language(task.persona)], *changes])
        self._locale: Locale = "mixed" if changes else task.persona.locale
        self._memory = Memory(f"{_RULES.format(language=language)}\n\n{describe(task, ontology)}", _BEGIN)
        self._facts = facts_of(task, ontology)
        self._replies = 0
        """Messages so far, the opening among them."""
        self._over = False
        self._stand_in = AgendaUser(task, ontology, seed)
        self._instead = ""
        """What the stand-in says in this turn: for a model that can't be kept."""
        self._left = False
        """Whether the stand-in has ended the dialogue."""

    @property
    def mood(self) -> Mood:
        """How annoyed they are."""
        return self._ledger.mood

    def open(self, view: StateView) -> UserTurn:
        """The first turn: the task's opener word for word when it has one."""
        self._instead = self._stand_in.open(view).text
        if self.task.opener is None:
            return self._speak()
        self._replies += 1
        return self._pinned(self.task.opener)

    def reply(self, text: str, view: StateView) -> UserTurn:
        """The answer to a message of the agent. Raises RuntimeError when the dialogue is over."""
        if self._over:
            raise RuntimeError("the user has ended this dialogue; begin a new one with `open`")
        read = self._memory.hear(text)
        reason = self._ledger.hear(read, view)
        if reason is not None:
            return self._end(reason)
        self._follow(read, view)
        return self._speak()

    def _speak(self) -> UserTurn:
        due = self._due()
        given = (*self._facts, *self._memory.heard)
        bounds = Bounds(self._locale, given, tuple(due), forbidden=secrets_of(self.task.goal))
        text, notes = guarded(
            self._ask, lambda text: problems(text, bounds, self.ontology), lambda: self._template(due)
        )
        self._replies += 1
        return replace(self._pinned(text, notes), by_model=True)

    def _due(self) -> dict[str, DialogueAct]:
        """What this very message must contain, and as which act: without it the task would be another one.

        Everything else that operators make a user do is up to the model.
        """
        due = {}
        for op in self.task.ops:
            when = 0 if op.trigger is None else int(op.trigger.match) if op.trigger.on == "turn" else None
            if when == self._replies and op.name == "inject":
                due[str(op.args["text"])] = DialogueAct("inject", {"text": op.args["text"]})
            elif when == self._replies and op.name == "on_behalf":
                relation = RELATIONS[op.args["relation"]][self.task.persona.locale != "en"]
                due[relation] = DialogueAct("on_behalf", {"relation": op.args["relation"]})
        return due

    def _ask(self, complaint: str) -> str:
        again = f"(Your message was not delivered: it {complaint}. Write it again.)" if complaint else ""
        note = "\n\n".join(filter(None, [feeling(self.task.persona, self.mood), again]))
        try:
            return unquoted(self._memory.ask(self._respond, self._rng.getrandbits(31), note))
        except UnusableAnswerError:
            if not self._replies:
                raise  # no agent has asked for it: it is the model, or its settings
            return ""

    def _follow(self, text: str, view: StateView) -> None:
        """Notes what the grammar's user says to a message: it asks for the next open wish, and keeps back what
        operators make it keep back.
        """
        if self._left:
            return
        turn, agenda = self._stand_in.reply(text, view), self._stand_in.agenda
        self._left, self._instead = turn.done, turn.text
        if turn.reason == "gave_up" and agenda.current is not None:  # its patience is not this user's
            self._instead = self._render(*agenda.request(agenda.current, tuple(agenda.current.told)))

    def _template(self, due: Mapping[str, DialogueAct]) -> str:
        """What is said when the model can't be kept: the stand-in's words, with what is due."""
        missing = [act for words, act in due.items() if words not in self._instead]
        return " ".join(filter(None, [self._instead, self._render(*missing) if missing else ""]))

    def _end(self, reason: Reason) -> UserTurn:
        """Last words are the grammar's: there is nothing left to plan, and one call less to fail."""
        self._over = True
        refused = {"refused": True} if reason == "refused" else {}
        last = DialogueAct("leave") if reason == "gave_up" else DialogueAct("thank", refused)
        return replace(self._turn(self._render(last)), done=True, reason=reason)

    def _pinned(self, text: str, notes: tuple[str, ...] = ()) -> UserTurn:
        self._memory.say(text)
        self._ledger.say(text)
        return self._turn(text, notes)

    def _turn(self, text: str, notes: tuple[str, ...] = ()) -> UserTurn:
        return UserTurn(text, emotion=round(self.mood.level, 4), stall=self._ledger.stall, guard=notes)

    def _render(self, *acts: DialogueAct) -> str:
        return render(acts, self.ontology, self.task.persona, self._rng, self.mood.level)


def _first_language(persona: Persona) -> Locale:
    """Who mixes two languages, and no English in, writes Chinese."""
    return "zh" if persona.locale == "mixed" and persona.noise.code_switch == 0 else persona.locale
