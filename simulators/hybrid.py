"""A user whose agenda plans every act, and whom a language model only gives the words.

What it knows, says and does, when it is done, and that its task is solvable, are the agenda user's; the guard lets no
text pass that leaves out a planned value or act, or brings in another one.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from agentrl.errors import ContextError, UnusableAnswerError
from agentrl.simulators.agenda import StateView
from agentrl.simulators.completions import unquoted
from agentrl.simulators.descriptions import length_of, tone_of
from agentrl.simulators.endpoint import Endpoint
from agentrl.simulators.faithful import WISHES, Planned, unfaithful
from agentrl.simulators.guard import Bounds, guarded, has_chinese, problems
from agentrl.simulators.memory import read_part
from agentrl.simulators.models import Locale, UserTask, UserTurn
from agentrl.simulators.nlg import entities
from agentrl.simulators.nlu import understand
from agentrl.simulators.noise import distort, protect, slipped
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.policy_user import LANGUAGES
from agentrl.simulators.users import AgendaUser, seeded
from agentrl.simulators.values import values_in

_PINNED: Final = frozenset(["inject"])
"""Acts whose very words matter: an attack that a model softened would test nothing."""
_RULES: Final = (
    "You give a customer's chat message other words. It must mean exactly the same: the same requests, answers and "
    "facts, nothing more and nothing less, each number, date and name to the letter. Name what is wanted by the same "
    "verb (cancel stays cancel), and keep a yes a plain yes and a no a plain no. Write in {language}, in one line. "
    "The customer is {tone} and {length}. Answer with the message only."
)


class HybridUser:
    """An `AgendaUser` in a language model's words. `open` and `reply` raise EndpointError."""

    def __init__(self, task: UserTask, ontology: Ontology, endpoint: Endpoint, seed: int = 0) -> None:
        self.task, self.ontology = task, ontology
        self.agenda_user = AgendaUser(task, ontology, seed)
        self._endpoint = endpoint
        self._rng = seeded("hybrid user", task.seed, seed)
        self._agent = ""
        self._wanted: set[str] = set()
        """The wishes so far: who answers a question may name them again."""

    def open(self, view: StateView) -> UserTurn:
        """The first turn: the task's opener word for word when it has one."""
        turn = self.agenda_user.open(view)
        self._note(turn)
        return turn if self.task.opener is not None else self._worded(turn, self.agenda_user.plain)

    def reply(self, text: str, view: StateView) -> UserTurn:
        """The answer to a message of the agent. Raises RuntimeError when the dialogue is over."""
        self._agent = text = read_part(text)
        turn = self.agenda_user.reply(text, view)
        self._note(turn)
        return self._worded(turn, self.agenda_user.plain)

    def _note(self, turn: UserTurn) -> None:
        self._wanted |= {act.slots["intent"] for act in turn.acts if act.name in WISHES and "intent" in act.slots}

    def _worded(self, turn: UserTurn, plain: str = "") -> UserTurn:
        """The turn in the model's words, with the persona's noise; `plain` are the grammar's without any.

        Last words stay the grammar's: nothing depends on them, and a call that failed would cost the whole dialogue.
        """
        if turn.done or any(act.name in _PINNED for act in turn.acts):
            return turn
        plain = plain or turn.text
        text, notes = guarded(lambda wrong: self._ask(plain, wrong), self._check(turn, plain), lambda: "")
        if not text:
            return replace(turn, guard=notes, by_model=True)
        text, distorted = self._noisy(text, turn)
        return replace(turn, text=text, guard=notes, by_model=True, distorted=distorted)

    def _check(self, turn: UserTurn, plain: str) -> Callable[[str], list[str]]:
        """What tells what is wrong with other words for the turn."""
        locale = self.agenda_user.agenda.locale
        consent = any(act.name == "confirm" for act in understand(self._agent, self.ontology))
        planned = Planned(turn, plain, self._agent, frozenset(self._wanted), consent)
        # The template holds every planned value in the wording of its own sentence.
        required = [value for value in entities(turn.acts, self.ontology, locale) if value in plain]
        # A yes or a no may repeat what it is about; what else the agent said is not for this turn.
        answers = bool(planned.names & {"affirm", "deny"})
        spoken: Locale = locale if has_chinese(plain) or locale == "en" else "mixed"  # "ok" is Chinese enough
        bounds = Bounds(spoken, (plain, self._agent) if answers else (plain,), required, strict=True)

        def check(text: str) -> list[str]:
            told = problems(text, bounds, self.ontology) + _other_choices(turn, plain, text, self.ontology)
            return list(dict.fromkeys(told + unfaithful(text, planned, required, self.ontology)))

        return check

    def _ask(self, plain: str, wrong: str) -> str:
        asked = f"The agent wrote:\n{self._agent}\n\n" if self._agent else ""
        again = f"\n\n(Your last try {wrong}. Try again.)" if wrong else ""
        task = f"The customer's message, to be given other words:\n{plain}{again}"
        seed = self._rng.getrandbits(31)
        try:
            return self._chat(asked + task, seed)
        except ContextError:  # the agent's message is all that may be long
            return self._chat(task, seed)

    def _chat(self, task: str, seed: int) -> str:
        messages = [{"role": "system", "content": self._prompt()}, {"role": "user", "content": task}]
        try:
            return unquoted(self._endpoint.chat(messages, seed))
        except UnusableAnswerError:
            if not self._agent:
                raise  # no agent has asked for it: it is the model, or its settings
            return ""

    def _prompt(self) -> str:
        """The rules, with the language and the mood of just this turn."""
        user, persona = self.agenda_user, self.task.persona
        tone = tone_of(persona, annoyance=user.mood.level)
        return _RULES.format(language=LANGUAGES[user.agenda.locale], tone=tone, length=length_of(persona))

    def _noisy(self, text: str, turn: UserTurn) -> tuple[str, bool]:
        """The model's words as this user would have typed them, and whether that made other words of them."""
        user, noise = self.agenda_user, self.task.persona.noise
        marked = protect(text, self._values(text, turn))
        noisy = distort(marked, noise, user.tongue, self._rng, user.mood.level)
        return noisy, bool(noise.typo_rate or noise.asr_rate) and slipped(marked, noisy)

    def _values(self, text: str, turn: UserTurn) -> set[str]:
        """What noise must leave alone: values of any kind, in the words in which they stand in the text."""
        known, lower = self.ontology, text.lower()
        found = set(values_in(text, known, strict=True).values())
        choices = (words for _, _, words in known.choices if words in lower)
        found |= {text[lower.index(words) : lower.index(words) + len(words)] for words in choices}
        locale = self.agenda_user.agenda.locale
        return found | {
            known.say(slot, v, locale) for act in turn.acts for slot, v in act.slots.items() if slot in known.slots
        }


def _other_choices(turn: UserTurn, plain: str, text: str, ontology: Ontology) -> list[str]:
    """Choices that were planned and left out, and others that were brought in; their words may be any of the slot's."""
    spotted = {slot: set(values) for slot, values in ontology.spot(text).items()}
    template = ontology.spot(plain)
    wrong = []
    for slot in (name for name, spec in ontology.slots.items() if spec.kind == "choice"):
        planned = set(template.get(slot, ()))
        # Who agrees may repeat what was read to them.
        agreed = {str(act.slots[slot]) for act in turn.acts if slot in act.slots}
        said = spotted.get(slot, set())
        wrong += [f"left out {ontology.say(slot, value)!r}" for value in sorted(planned - said)]
        wrong += [f"brought in {ontology.say(slot, value)!r}" for value in sorted(said - planned - agreed)]
    return wrong
