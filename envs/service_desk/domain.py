"""What a domain of the service desk is: a database, tools, a policy, goals, and what is true of them.

All of it is pure: a database follows from a seed, and a gold state from a task's goal.
"""

import pickle
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any, ClassVar, Literal

from agentrl.envs.tools import Toolbox, ToolError
from agentrl.errors import UserError
from agentrl.simulators.models import SubGoal, ToolCall, UserGoal, UserTask
from agentrl.simulators.ontology import Ontology

Level = Literal["tiny", "easy", "full"]
State = dict[str, Any]
Facts = Mapping[str, Any]
Wish = tuple[str, dict[str, Any]]
"""An intent of the ontology, and its slots."""


@dataclass(frozen=True, slots=True)
class Write:
    """How an intent is carried out: the tool that does it, and which argument each of the intent's slots is."""

    tool: str
    arguments: Mapping[str, str]


class Desk:
    """The tools' object: the database that they work on, and the customers whom they have verified."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.verified: set[str] = set()
        self.transferred = False


class Domain(ABC):
    """One trade: shop or travel. The intents and slots of its `ontology` name the wishes here."""

    name: ClassVar[str]
    ontology: ClassVar[Ontology]
    policy: ClassVar[str]
    prompt: ClassVar[str] = ""
    """The system prompt, where it is not made of the policy and the tools' schemas."""
    desk: ClassVar[type[Desk]]
    toolbox: ClassVar[Toolbox]
    things: ClassVar[tuple[str, ...]]
    """What the records are of; a record's thing and an intent are a combination that belongs to one split."""
    records: ClassVar[str]
    """The part of the database that the wishes are about."""
    writes: ClassVar[Mapping[str, Write]]
    does: ClassVar[Mapping[str, tuple[str, str]]]
    """How the agent names what it does for each intent, with all the slots, in English and in Chinese."""
    minefields: ClassVar[Mapping[str, Callable[[State, State], bool]]]
    """(state, the database as it was) -> whether the forbidden effect has happened."""

    def new_state(self, seed: int) -> State:
        """The database of a task's seed. Even seeds are the training split's, odd ones the held-out split's."""
        state: State = pickle.loads(_pickled(self, seed))
        return state

    @abstractmethod
    def make_state(self, seed: int) -> State:
        """Makes it: `new_state` remembers the last ones, as each task needs its own a few times."""

    @abstractmethod
    def sample_goal(self, rng: random.Random, level: Level, state: State) -> UserGoal | None:
        """A goal of a customer in `state`; None when it holds none of its split."""

    @abstractmethod
    def refusal(self, state: State, kind: str, slots: Facts) -> str:
        """Why the policy forbids the wish, as a clause; "" when it allows it. KeyError for an unknown record."""

    @abstractmethod
    def holds(self, state: State, kind: str, slots: Facts) -> bool:
        """Whether the wish has happened. False for questions."""

    @abstractmethod
    def answers(self, state: State, kind: str, slots: Facts) -> tuple[str, ...]:
        """What the agent has to tell the user about the wish: amounts and dates as they are written."""

    @abstractmethod
    def owner(self, state: State, slots: Facts) -> str | None:
        """The customer whose record the slots are about; None when there is no such record."""

    @abstractmethod
    def project(self, state: State) -> Any:
        """The part of the database that matters: nothing that reading changes, and no log."""

    @abstractmethod
    def secrets(self, state: State) -> Iterable[str]:
        """What no agent may tell anybody: full numbers of cards."""

    @abstractmethod
    def lookup(self, facts: Facts) -> ToolCall | None:
        """The read that verifies the user and shows the record, or their records, if the facts suffice."""

    @abstractmethod
    def identity(self, *, with_record: bool) -> tuple[str, ...]:
        """The slots that verify a user, who tells the number of their record, or doesn't."""

    def checks(self, state: State, kind: str, slots: Facts) -> tuple[ToolCall, ...]:
        """Further reads that the policy makes necessary before the wish is carried out or refused."""
        return ()

    @abstractmethod
    def candidates(self, state: State, customer: str) -> Mapping[str, str]:
        """The customer's records: number -> what it is, in words."""

    @property
    def record(self) -> str:
        """The slot that is the number of a record."""
        return next(name for name, slot in self.ontology.slots.items() if slot.kind == "id")

    def state_of(self, task: UserTask) -> State:
        """The task's database: its seed's, with the notes that its operators have put into records.

        Such an operator has the arguments `record`, the number of the record, and `note`.
        """
        state = self.new_state(task.seed)
        for op in task.ops:
            if "note" in op.args and op.args.get("record") in state[self.records]:
                state[self.records][op.args["record"]]["note"] = op.args["note"]
        return state

    def in_split(self, kind: str, thing: str, split: str) -> bool:
        """Whether wishes of this kind about this thing belong to the split: a fifth of them is held out."""
        number = list(self.ontology.intents).index(kind) + 2 * self.things.index(thing)
        return (number % 5 == 0) == (split == "test")

    def call_for(self, kind: str, slots: Facts) -> ToolCall:
        """The call that carries out the wish."""
        write = self.writes[kind]
        return ToolCall(write.tool, {write.arguments[slot]: value for slot, value in slots.items()})

    def wish_of(self, call: ToolCall) -> Wish | None:
        """The wish that a call carries out; None for a call that writes nothing."""
        for kind, write in self.writes.items():
            if write.tool == call.name:
                slots = {argument: slot for slot, argument in write.arguments.items()}
                return kind, {slots[name]: value for name, value in call.arguments.items() if name in slots}
        return None

    def gold_state(self, task: UserTask) -> State:
        """The database as the goal wants it, from the goal alone. Raises UserError for a goal that can't be reached."""
        desk = self.desk(self.state_of(task))
        for subgoal in carried_out(task.goal):
            if subgoal.kind in self.writes:
                call = self.call_for(subgoal.kind, subgoal.slots)
                try:
                    self.toolbox.call(desk, call.name, call.arguments)
                except ToolError as error:
                    raise UserError(f"task {task.id!r}: its goal can't be reached: {error}") from None
        return desk.state

    def must_hear(self, task: UserTask) -> tuple[str, ...]:
        """What the goal's carried out wishes make it necessary to tell."""
        return self.told_for(self.state_of(task), carried_out(task.goal))

    def told_for(self, state: State, subgoals: Iterable[SubGoal]) -> tuple[str, ...]:
        """The answers of all of them, without repetition."""
        answers = (value for subgoal in subgoals for value in self.answers(state, subgoal.kind, subgoal.slots))
        return tuple(dict.fromkeys(answers))


def carried_out(goal: UserGoal) -> list[SubGoal]:
    """The wishes that an agent which follows the policy fulfils: what is refused makes way for its fallback.

    What depends on a wish that was refused for good is dropped.
    """
    done: list[SubGoal] = []
    dropped: set[int] = set()
    for number, subgoal in enumerate(goal.subgoals):
        wish: SubGoal | None = subgoal
        if dropped.intersection(subgoal.depends_on):
            wish = None
        while wish is not None and not wish.permitted:
            wish = wish.fallback
        if wish is None:
            dropped.add(number)
        else:
            done.append(wish)
    return done


def split_of_seed(seed: int) -> str:
    """Which split a task's seed, hence its database, belongs to."""
    return "test" if seed % 2 else "train"


@cache
def held_out(number: str) -> bool:
    """Whether an identifier is the held-out split's: one in five, by a hash that is the same everywhere."""
    return sha256(number.encode()).digest()[0] % 5 == 0


def number_in(rng: random.Random, split: str, digits: int) -> str:
    """A number of so many digits, without a leading zero, that belongs to the split."""
    while True:
        number = str(int(10 ** (digits - 1) * (1 + 9 * rng.random())))
        if held_out(number) == (split == "test"):
            return number


@lru_cache(maxsize=256)
def _pickled(domain: Domain, seed: int) -> bytes:
    return pickle.dumps(domain.make_state(seed))
