"""What a user still has to say: the state of one dialogue, from the user's side.

A user pursues one subgoal after the other, says only what the goal says that they know, and forgets nothing.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agentrl.simulators.models import DialogueAct, Locale, SubGoal, UserTask
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import Words

BOLD = 0.6
"""How probable it is, times cooperativeness, that a user who tells on request names the most important slot at once."""

WASTED = 2
"""A user leaves after this many times their patience without progress, even if some turns between brought progress."""


class StateView(Protocol):
    """What a user may ask the environment. All of it is cheap, and asked a few times for each reply."""

    def satisfied(self, subgoal: SubGoal) -> bool:
        """Whether what the subgoal wants has happened; its fallback is asked for separately."""

    def refused(self, subgoal: SubGoal) -> bool:
        """Whether the environment knows that it was refused. False where only words tell."""

    def holds(self, predicate: str) -> bool:
        """Whether a predicate of the domain holds, for triggers on the state."""


class Heard:
    """One message of the agent, understood."""

    __slots__ = ("acts", "asked", "demands", "names", "text")

    def __init__(self, text: str, acts: tuple[DialogueAct, ...]) -> None:
        self.text = text
        self.acts = acts
        self.names = frozenset([act.name for act in acts])
        self.asked: list[str] = [act.slots["slot"] for act in acts if act.name == "ask"]
        """The slots that are asked for; "intent" is the question what the user wants."""
        self.demands = (
            "confirm" in self.names or "clarify" in self.names or any(slot != "intent" for slot in self.asked)
        )
        """Whether the agent waits for a fact, a choice or consent."""

    def all(self, name: str) -> list[DialogueAct]:
        """The acts of this name."""
        return [act for act in self.acts if act.name == name]


@dataclass(slots=True)
class Pursuit:
    """One subgoal and how far the user has come with it."""

    number: int
    goal: SubGoal
    status: Literal["open", "satisfied", "refused"] = "open"
    requested: bool = False
    insisted: bool = False
    stand_in: SubGoal | None = None
    """What the user says they want, until they change their mind."""
    mistaken: dict[str, Any] = field(default_factory=dict)
    """Slots that the user has wrong so far."""
    told: dict[str, Any] = field(default_factory=dict)
    """What has been told about this wish: another one's number is another number, and no correction of this one's."""

    @property
    def wish(self) -> SubGoal:
        """What the user says they want at the moment."""
        return self.stand_in or self.goal

    def value(self, slot: str) -> Any:
        """The slot's value as the user would tell it now; None when it is no part of the wish."""
        found = (self.stand_in or self.goal).slots.get(slot)
        return self.mistaken.get(slot, found) if self.mistaken else found


class Agenda:
    """The pursuits, what has been told, and the counters that bound a dialogue."""

    def __init__(self, task: UserTask, ontology: Ontology, rng: random.Random) -> None:
        self.task = task
        self.goal = task.goal
        self.ontology = ontology
        self.rng = rng
        self.pursuits = [Pursuit(number, subgoal) for number, subgoal in enumerate(task.goal.subgoals)]
        self.told: dict[str, Any] = {}
        """What was told last as each slot, whatever it was about; see also `Pursuit.told`."""
        self.vague: dict[str, tuple[int, Words | None]] = {}
        """Slots that are only referred to: how many questions more, and by which words."""
        self.aside = False
        """Whether the last turn held a side question: what the agent refuses next may be that."""
        self._seen: set[str] = set()
        self.said_bye = False
        self.farewells = 0
        self.locale: Locale = task.persona.locale
        self.turn = 0
        self.stall = 0
        self.wasted = 0
        self.heard: dict[str, int] = {}
        """How many messages held each act; questions also as "ask:SLOT"."""

    def hear(self, heard: Heard) -> None:
        """Counts what was heard."""
        self.turn += 1
        for name in heard.names:
            self.heard[name] = self.heard.get(name, 0) + 1
        for slot in heard.asked:
            self.heard[f"ask:{slot}"] = self.heard.get(f"ask:{slot}", 0) + 1

    def first(self, what: str) -> bool:
        """Whether this happens for the first time: nothing is progress twice, so that every dialogue ends."""
        new = what not in self._seen
        self._seen.add(what)
        return new

    @property
    def open(self) -> list[Pursuit]:
        """The pursuits that are neither satisfied nor refused."""
        return [pursuit for pursuit in self.pursuits if pursuit.status == "open"]

    @property
    def current(self) -> Pursuit | None:
        """The first open pursuit whose dependencies are closed."""
        for pursuit in self.pursuits:
            if pursuit.status == "open":
                first = self.goal.subgoals[pursuit.number].depends_on
                if not first or not any(self.pursuits[other].status == "open" for other in first):
                    return pursuit
        return None

    def value(self, slot: str) -> Any:
        """What the user would answer when asked for the slot: None when they don't know. Current wish first."""
        if slot in self.goal.unknown:
            return None
        owner = self._owner(slot)
        return self.goal.known.get(slot) if owner is None else owner.value(slot)

    def told_as(self, slot: str) -> Any:
        """What has been told as the value that `value` gives; None when nothing has."""
        owner = self._owner(slot)
        return (self.told if owner is None else owner.told).get(slot)

    def _owner(self, slot: str) -> Pursuit | None:
        """The pursuit that a slot is understood to be about, the current one first; None for a fact of no wish."""
        current = self.current
        if current is None or current.value(slot) is not None:
            return current
        for pursuit in self.pursuits:
            if pursuit.status == "open" and pursuit.value(slot) is not None:
                return pursuit
        return None

    def knows(self, pursuit: Pursuit, slot: str) -> bool:
        """Whether the user can tell a slot of the wish by its value."""
        return slot not in self.goal.unknown and slot not in self.vague and pursuit.value(slot) is not None

    def opening(self) -> list[DialogueAct]:
        """The first turn, as the persona's way of disclosing has it."""
        pursuit = self.pursuits[0]
        persona = self.task.persona
        if persona.disclosure == "drip":
            return [DialogueAct("request")]
        if persona.disclosure == "upfront":
            acts = self.request(pursuit)
            known = {
                slot: self.value(slot)
                for slot in self.goal.known
                if slot in self.ontology.slots and self.ontology.slots[slot].identity and slot not in self.goal.unknown
            }
            return acts + ([self.inform(known)] if known else [])
        bold = self.rng.random() < BOLD * persona.cooperativeness
        return self.request(pursuit, self.ontology.intents[pursuit.wish.kind].slots[: int(bold)])

    def request(self, pursuit: Pursuit, slots: Sequence[str] | None = None, name: str = "request") -> list[DialogueAct]:
        """A request for the pursuit's wish with those of the slots that the user knows; None is all of them.

        A slot that is only referred to, and would have been told, gets a reference.
        """
        pursuit.requested = True
        wish = pursuit.wish
        wanted = wish.slots if slots is None else [slot for slot in slots if slot in wish.slots]
        said = {slot: pursuit.value(slot) for slot in wanted if self.knows(pursuit, slot)}
        self.note(said, pursuit)
        acts = [DialogueAct(name, {"intent": wish.kind, **said})]
        return acts + [self.refer(slot) for slot in self.vague if slot in wish.slots and slot not in pursuit.told]

    def note(self, slots: dict[str, Any], pursuit: Pursuit | None = None) -> None:
        """Remembers what has been told: about `pursuit`, or about what each slot is understood to be about."""
        self.told.update(slots)
        if pursuit is not None:
            pursuit.told.update(slots)
            return
        for slot, value in slots.items():
            if (owner := self._owner(slot)) is not None:
                owner.told[slot] = value

    def wish_of(self, name: str, subgoal: SubGoal) -> DialogueAct:
        """A wish with all its slots: `fallback` or `change`."""
        said = {slot: value for slot, value in subgoal.slots.items() if slot not in self.goal.unknown}
        return DialogueAct(name, {"intent": subgoal.kind, **said})

    def inform(self, slots: dict[str, Any]) -> DialogueAct:
        """Tells the values."""
        self.note(slots)
        return DialogueAct("inform", slots)

    def correct(self, slots: dict[str, Any], pursuit: Pursuit | None = None) -> DialogueAct:
        """Tells the values instead of what was said before."""
        self.note(slots, pursuit)
        return DialogueAct("correct", slots)

    def refer(self, slot: str) -> DialogueAct:
        """A vague reference to the slot's value."""
        hint = self.vague[slot][1] if slot in self.vague else None
        return DialogueAct("refer", {"slot": slot, **({"hint": hint} if hint else {})})

    def status_question(self, pursuit: Pursuit) -> DialogueAct:
        """Asks how far the agent is with it; what is a question anyway is asked again."""
        if self.ontology.intents[pursuit.wish.kind].info:
            return self.request(pursuit, [slot for slot in pursuit.wish.slots if slot in pursuit.told])[0]
        said = {slot: value for slot, value in pursuit.wish.slots.items() if slot in pursuit.told}
        return DialogueAct("ask_status", {"intent": pursuit.wish.kind, **said})
