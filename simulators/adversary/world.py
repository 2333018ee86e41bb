"""What the adversary needs of a domain: goals that its database allows, and whether an agent reaches them.

The environments are above this package, and hand their domains and their scripted expert in.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol

from agentrl.simulators.models import SubGoal, UserGoal, UserTask, UserTurn
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.users import seeded

DRAWS = 48
"""How many goals are drawn from a database to know what its customers may wish for."""
Identity = tuple[tuple[str, str], ...]
"""The facts by which a customer is recognised."""


class World(Protocol):
    """A domain: its database follows from a seed, and a gold state from a task's goal."""

    @property
    def name(self) -> str:
        """Its name, as in `UserTask.domain`."""

    @property
    def ontology(self) -> Ontology:
        """What its users talk about."""

    @property
    def record(self) -> str:
        """The slot that is the number of a record."""

    @property
    def records(self) -> str:
        """The part of the database that the records are in."""

    @property
    def writes(self) -> Mapping[str, Any]:
        """The intents that change the database."""

    @property
    def few_words(self) -> bool:
        """Whether its users have one wording of few words for everything, in one language."""

    def __hash__(self) -> int:
        """What is found out about a domain's databases is kept."""

    def new_state(self, seed: int) -> Any:
        """The database of a task's seed."""

    def sample_goal(self, rng: random.Random, level: Literal["easy"], state: Any) -> UserGoal | None:
        """A goal of one wish of one of the customers."""

    def refusal(self, state: Any, kind: str, slots: Mapping[str, Any]) -> str:
        """Why the policy forbids a wish; "" when it allows it. KeyError when its record does not exist."""

    def must_hear(self, task: UserTask) -> tuple[str, ...]:
        """What the agent has to tell, given the task's goal."""

    def forbidden(self, task: UserTask) -> tuple[str, ...]:
        """The effects that the goal forbids: nothing that it carries out has them."""

    def facts_about(self, state: Any, slots: Mapping[str, Any]) -> Mapping[str, str]:
        """What the record that a wish is about holds, by field; empty when it does not exist."""

    def gold_state(self, task: UserTask) -> Any:
        """The database as the goal wants it. Raises UserError when it can't be reached."""

    def project(self, state: Any) -> Any:
        """The part of the database that matters."""


Passive = Literal["noop", "refuser"]
"""Agents that change nothing: one that only says "ok", and one that looks up what it is asked for and then refuses."""


class Playback(Protocol):
    """How one dialogue went."""

    @property
    def player(self) -> str:
        """Name and version of the agent."""

    @property
    def success(self) -> bool:
        """Whether everything that the environment requires was reached."""

    @property
    def violations(self) -> Sequence[str]:
        """The forbidden effects."""

    @property
    def turns(self) -> int:
        """How many turns the agent needed, tool calls included."""

    @property
    def digest(self) -> str:
        """Of the whole dialogue."""

    @property
    def lines(self) -> Sequence[str]:
        """What was said, called and found, in order."""

    @property
    def said(self) -> Sequence[UserTurn]:
        """The user's turns, the opening first."""


class Play(Protocol):
    """Plays a task with a scripted agent. The same arguments give the same dialogue."""

    def __call__(self, task: UserTask, agent: Literal["expert"] | Passive = "expert", seed: int = 0) -> Playback:
        """One dialogue; `seed` is the user's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that a customer may ask for, and what they know about it."""

    goal: SubGoal
    known: Mapping[str, Any]


class Wishes:
    """What the customers of one database may wish for, permitted or not, found by drawing goals."""

    def __init__(self, world: World, seed: int) -> None:
        self.state = world.new_state(seed)
        self._names = tuple(name for name, slot in world.ontology.slots.items() if slot.identity)
        rng = seeded("wishes", world.name, seed)
        found: dict[Identity, dict[str, Wish]] = {}
        for _ in range(DRAWS):
            goal = world.sample_goal(rng, "easy", self.state)
            if goal is not None:
                for subgoal in goal.subgoals:
                    plain = subgoal.model_copy(update={"fallback": None, "depends_on": ()})
                    key = f"{plain.kind} {sorted(plain.slots.items())}"
                    found.setdefault(self.identity(goal), {}).setdefault(key, Wish(plain, goal.known))
        self._found = {who: tuple(wishes.values()) for who, wishes in found.items()}

    def identity(self, goal: UserGoal) -> Identity:
        """Who the goal's user is."""
        return tuple((name, str(goal.known[name])) for name in self._names if name in goal.known)

    def own(self, goal: UserGoal) -> tuple[Wish, ...]:
        """The wishes of the goal's user, those that the goal has among them."""
        return self._found.get(self.identity(goal), ())

    def others(self, goal: UserGoal) -> tuple[Wish, ...]:
        """The wishes of everybody else."""
        me = self.identity(goal)
        return tuple(wish for who, wishes in self._found.items() if who != me for wish in wishes)


@lru_cache(maxsize=512)
def wishes_of(world: World, seed: int) -> Wishes:
    """The wishes in the database of this seed."""
    return Wishes(world, seed)
