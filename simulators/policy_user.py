"""A user that any language model plays, e.g. one of our own policies: it speaks freely, and decides nothing.

It is told its goal in words. Whether the dialogue is over follows from the state and from patience (`Ledger`), and the
guard sees to it that no identifier, date or amount is made up.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from agentrl.simulators.agenda import StateView
from agentrl.simulators.descriptions import describe
from agentrl.simulators.endpoint import Message
from agentrl.simulators.guard import Bounds, facts_of, guarded, problems, secrets_of
from agentrl.simulators.ledger import Ledger
from agentrl.simulators.models import DialogueAct, Locale, Reason, UserTask, UserTurn
from agentrl.simulators.nlg import RELATIONS, render
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.users import seeded

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
        language = ", later in ".join([LANGUAGES[task.persona.locale], *changes])
        self._locale: Locale = "mixed" if changes else task.persona.locale
        self._system = f"{_RULES.format(language=language)}\n\n{describe(task, ontology)}"
        self._said: list[Message] = [{"role": "user", "content": _BEGIN}]
        self._facts = facts_of(task, ontology)
        self._replies = 0
        """Messages so far, the opening among them."""
        self._over = False

    def open(self, view: StateView) -> UserTurn:
        """The first turn: the task's opener word for word when it has one."""
        if self.task.opener is None:
            return self._speak()
        self._replies += 1
        return self._pinned(self.task.opener)

    def reply(self, text: str, view: StateView) -> UserTurn:
        """The answer to a message of the agent. Raises RuntimeError when the dialogue is over."""
        if self._over:
            raise RuntimeError("the user has ended this dialogue; begin a new one with `open`")
        self._said.append({"role": "user", "content": text})
        reason = self._ledger.hear(text, view)
        return self._speak() if reason is None else self._end(reason)

    def _speak(self) -> UserTurn:
        agent = [message["content"] for message in self._said if message["role"] == "user"]
        due = self._due()
        bounds = Bounds(self._locale, (*self._facts, *agent), tuple(due), forbidden=secrets_of(self.task.goal))
        text, notes = guarded(
            self._ask, lambda text: problems(text, bounds, self.ontology), lambda: self._wish(due.values())
        )
        self._replies += 1
        return self._pinned(text, notes)

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
        messages = [{"role": "system", "content": self._system}, *self._said]
        if complaint:
            again = f"(Your message was not delivered: it {complaint}. Write it again.)"
            messages[-1] = {"role": "user", "content": f"{messages[-1]['content']}\n\n{again}"}
        return self._respond(messages, self._rng.getrandbits(31)).strip().strip('"“”').strip()

    def _wish(self, due: Iterable[DialogueAct]) -> str:
        """The first wish, in the grammar's words, with what is due: what is said when the model can't be kept."""
        goal = self.task.goal.subgoals[0]
        known = {slot: value for slot, value in goal.slots.items() if slot not in self.task.goal.unknown}
        return self._render(DialogueAct("request", {"intent": goal.kind, **known}), *due)

    def _end(self, reason: Reason) -> UserTurn:
        """Last words are the grammar's: there is nothing left to plan, and one call less to fail."""
        self._over = True
        refused = {"refused": True} if reason == "refused" else {}
        last = DialogueAct("leave") if reason == "gave_up" else DialogueAct("thank", refused)
        return UserTurn(self._render(last), stall=self._ledger.stall, done=True, reason=reason)

    def _pinned(self, text: str, notes: tuple[str, ...] = ()) -> UserTurn:
        self._said.append({"role": "assistant", "content": text})
        return UserTurn(text, stall=self._ledger.stall, guard=notes)

    def _render(self, *acts: DialogueAct) -> str:
        return render(acts, self.ontology, self.task.persona, self._rng)
