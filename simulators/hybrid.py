"""A user whose agenda plans every act, and whom a language model only gives the words.

What it knows, says and does, when it is done, and that its task is solvable, are the agenda user's; the guard lets no
text pass that leaves out a planned value or brings in another one.
"""

from dataclasses import replace
from typing import Final

from agentrl.simulators.agenda import StateView
from agentrl.simulators.endpoint import Endpoint
from agentrl.simulators.guard import Bounds, guarded, problems
from agentrl.simulators.listening import agrees, doubts, withdraws
from agentrl.simulators.models import UserTask, UserTurn
from agentrl.simulators.nlg import entities
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.policy_user import LANGUAGES
from agentrl.simulators.users import AgendaUser, seeded

_PINNED: Final = frozenset(["inject"])
"""Acts whose very words matter: an attack that a model softened would test nothing."""
_CALM: Final = frozenset(["greet", "request", "inform", "affirm", "also", "ask_status"])
"""Acts that take nothing back."""
_RULES: Final = (
    "You give a customer's chat message other words. It must mean exactly the same: the same requests, answers and "
    "facts, nothing more and nothing less, each number, date and name to the letter. Keep yes a yes and no a no. "
    "Write in {language}. The customer is {tone} and {length}. Answer with the message only."
)


class HybridUser:
    """An `AgendaUser` in a language model's words. `open` and `reply` raise EndpointError."""

    def __init__(self, task: UserTask, ontology: Ontology, endpoint: Endpoint, seed: int = 0) -> None:
        self.task, self.ontology = task, ontology
        self.agenda_user = AgendaUser(task, ontology, seed)
        self._endpoint = endpoint
        self._rng = seeded("hybrid user", task.seed, seed)
        persona = task.persona
        self._rules = _RULES.format(
            language=LANGUAGES[persona.locale],
            tone="polite" if persona.politeness > 0.6 else "blunt" if persona.politeness < 0.35 else "matter-of-fact",
            length="talkative" if persona.verbosity > 0.6 else "terse" if persona.verbosity < 0.35 else "to the point",
        )
        self._agent = ""

    def open(self, view: StateView) -> UserTurn:
        """The first turn: the task's opener word for word when it has one."""
        turn = self.agenda_user.open(view)
        return turn if self.task.opener is not None else self._worded(turn)

    def reply(self, text: str, view: StateView) -> UserTurn:
        """The answer to a message of the agent. Raises RuntimeError when the dialogue is over."""
        self._agent = text
        return self._worded(self.agenda_user.reply(text, view))

    def _worded(self, turn: UserTurn) -> UserTurn:
        if any(act.name in _PINNED for act in turn.acts):
            return turn
        locale = self.agenda_user.agenda.locale
        # The template holds every planned value in the wording of its own sentence.
        required = [value for value in entities(turn.acts, self.ontology, locale) if value in turn.text]
        bounds = Bounds(locale, (turn.text, self._agent), required)

        def check(text: str) -> list[str]:
            told = problems(text, bounds, self.ontology) + _other_choices(turn, text, self.ontology)
            return told + _flips(turn, text)

        text, notes = guarded(lambda wrong: self._ask(turn, wrong), check, lambda: turn.text)
        return replace(turn, text=text, guard=notes)

    def _ask(self, turn: UserTurn, wrong: str) -> str:
        asked = f"The agent wrote:\n{self._agent}\n\n" if self._agent else ""
        again = f"\n\n(Your last try {wrong}. Try again.)" if wrong else ""
        task = f"{asked}The customer's message, to be given other words:\n{turn.text}{again}"
        messages = [{"role": "system", "content": self._rules}, {"role": "user", "content": task}]
        return self._endpoint.chat(messages, self._rng.getrandbits(31)).strip().strip('"“”').strip()


def _other_choices(turn: UserTurn, text: str, ontology: Ontology) -> list[str]:
    """Choices that were planned and left out, and others that were brought in; their words may be any of the slot's."""
    spotted = {slot: set(values) for slot, values in ontology.spot(text).items()}
    template = ontology.spot(turn.text)
    wrong = []
    for slot in (name for name, spec in ontology.slots.items() if spec.kind == "choice"):
        planned = set(template.get(slot, ()))
        # Who agrees may repeat what was read to them.
        agreed = {str(act.slots[slot]) for act in turn.acts if slot in act.slots}
        said = spotted.get(slot, set())
        wrong += [f"left out {ontology.say(slot, value)!r}" for value in sorted(planned - said)]
        wrong += [f"brought in {ontology.say(slot, value)!r}" for value in sorted(said - planned - agreed)]
    return wrong


def _flips(turn: UserTurn, text: str) -> list[str]:
    """What is wrong when a yes became a no or a doubt, a no a yes, or a wish was taken back on the way."""
    names = {act.name for act in turn.acts}
    if "affirm" in names and "deny" not in names and agrees(turn.text) and not agrees(text):
        return ["turned a yes into a no"]
    if "deny" in names and "affirm" not in names and (agrees(text) or (doubts(turn.text) and not doubts(text))):
        return ["turned a no into a yes"]
    if names <= _CALM and withdraws(text) and not withdraws(turn.text):
        return ["took something back"]
    return []
