"""What an operator is: one way of making a task harder, with what is right for the agent to do about it."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from agentrl.simulators.adversary.evidence import Shows
from agentrl.simulators.adversary.world import Wish, Wishes, World, wishes_of
from agentrl.simulators.models import Op, SubGoal, Trigger, UserGoal, UserTask

Category = Literal[
    "disclosure", "self-correction", "goal-drift", "policy-pressure", "identity", "injection", "tool-injection",
    "ambiguity", "consent", "fallback", "refusal", "multi-intent", "noise", "language", "patience", "contradiction",
    "false-claim", "distraction", "secrets", "goodbye",
]  # fmt: skip
CATEGORIES: Final[tuple[str, ...]] = get_args(Category)
MAX_DEPTH: Final = 3
"""How many operators a task may have."""
Aspect = Literal["wish", "more", "plan", "telling", "opening", "disclosure", "locale", "noise", "mood", "turn"]
"""What of a task an operator changes; two that change the same do not compose."""


class Draft:
    """A task on its way to a harder one: what operators look at, and where they put their changes."""

    def __init__(self, task: UserTask, world: World, rng: random.Random) -> None:
        self.task, self.world, self.rng = task, world, rng
        self.goal: UserGoal = task.goal
        self.persona = task.persona
        self.args: dict[str, Any] = {}
        self.trigger: Trigger | None = None

    @property
    def first(self) -> SubGoal:
        """The first wish."""
        return self.goal.subgoals[0]

    @property
    def wishes(self) -> Wishes:
        """What the database's customers may wish for."""
        return wishes_of(self.world, self.task.seed)

    @property
    def changes_data(self) -> bool:
        """Whether the first wish is a change of the database that the policy allows: consent will be asked for."""
        return self.first.permitted and self.first.kind in self.world.writes

    def spare(self, *, permitted: bool | None = None, write: bool | None = None, for_first: bool = False) -> list[Wish]:
        """The user's wishes about records that the goal does not mention, of no kind that the goal's later ones have;
        what is `for_first`, and will take the first wish's place, may be about its record.

        Two wishes of a kind can't be told apart while the user has not said their numbers.
        """
        record, used = self.world.record, self.records
        if for_first:
            used = {wish.slots.get(record) for wish in self.goal.subgoals[1:]}
        return [
            wish
            for wish in self.wishes.own(self.goal)
            if wish.goal.slots.get(record) not in used
            and wish.goal.kind not in self.later_kinds
            and permitted in (None, wish.goal.permitted)
            and write in (None, wish.goal.kind in self.world.writes)
        ]

    @property
    def later_kinds(self) -> set[str]:
        """The kinds of all wishes but the first."""
        return {subgoal.kind for subgoal in self.goal.subgoals[1:]}

    def allows(self, slot: str, value: Any) -> bool:
        """Whether the policy allows the first wish with another value."""
        try:
            return not self.world.refusal(self.wishes.state, self.first.kind, {**self.first.slots, slot: value})
        except KeyError:
            return False

    @property
    def records(self) -> set[Any]:
        """The numbers of the records that the goal is about."""
        wishes = [wish for goal in self.goal.subgoals for wish in (goal, goal.fallback) if wish]
        return {wish.slots.get(self.world.record) for wish in wishes}

    @property
    def speaks_freely(self) -> bool:
        """Whether users say things in many wordings, and in two languages."""
        return not self.world.few_words

    def other_values(self) -> list[tuple[str, Any]]:
        """(slot, value): what the first wish's slots could be instead, of which nothing else in the goal is."""
        own = [wish.goal for wish in self.wishes.own(self.goal)]
        others = [wish.goal for wish in self.wishes.others(self.goal) if wish.goal.kind == self.first.kind]
        record = self.world.record
        mine = {goal.slots.get(record) for goal in own}
        return [
            (slot, goal.slots[slot])
            for slot in self.first.slots
            for goal in own + others
            if slot in goal.slots and slot not in self.goal.unknown and not self._in_mind(goal.slots[slot])
            if slot != record or goal.slots[slot] in mine
        ]

    def _in_mind(self, value: Any) -> bool:
        """Whether the goal has the value anywhere: a user who has it in mind does not notice that it is wrong."""
        subgoals = [wish for goal in self.goal.subgoals for wish in (goal, goal.fallback) if wish]
        minds = [*self.goal.known.values(), *(mind for wish in subgoals for mind in wish.slots.values())]
        return any(self.world.ontology.mentions(str(mind), "", value) for mind in minds)

    def replace_goal(self, **changes: Any) -> None:
        """Another goal, with what must be heard computed anew."""
        goal = self.goal.model_copy(update=changes)
        task = self.task.model_copy(update={"goal": goal})
        told, forbidden = self.world.must_hear(task), self.world.forbidden(task)
        self.goal = goal.model_copy(update={"must_hear": told, "forbidden_effects": forbidden})

    def replace_first(self, wish: Wish, **changes: Any) -> None:
        """Another first wish, of which the user knows what there is to know."""
        first = wish.goal.model_copy(update=changes)
        self.replace_goal(
            subgoals=(first, *self.goal.subgoals[1:]), known={**self.goal.known, **wish.known}, unknown=()
        )

    def pick(self, options: Sequence[Any]) -> Any:
        """One of them."""
        return self.rng.choice(options)


Examples = Mapping[Literal["en", "zh"], str]
Change = Callable[[Draft], bool]
"""Changes the draft; False when its precondition does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One way of making a task harder. `change` never changes what identifies anything, so that it stays solvable."""

    name: str
    category: Category
    level: int
    """How hard it is: 1 to 3."""
    precondition: str
    """When it can be applied, in words; `change` checks it."""
    correct_behaviour: str
    """What is right for the agent to do, in one sentence."""
    examples: Examples
    """What such a user says, in English and in Chinese."""
    change: Change
    shows: Shows
    """Whether it shows in a dialogue. The gate rejects a task in which it doesn't, for any of the user's seeds."""
    writes: frozenset[Aspect]
    refuses: bool = False
    """Whether nothing is to be carried out in tasks of one wish that it is applied to."""
    reads: frozenset[Aspect] = frozenset()
    """What its arguments were made for: no later operator may change that."""

    def apply(self, task: UserTask, rng: random.Random, world: World) -> UserTask | None:
        """The harder task, not proven yet; None when the precondition does not hold. The same `rng` gives the same."""
        draft = Draft(task, world, rng)
        if not self.change(draft):
            return None
        op = Op(name=self.name, category=self.category, level=self.level, args=draft.args, trigger=draft.trigger)
        changes = {
            "id": f"{task.id}+{self.name}",
            "parent_id": task.id,
            "persona": draft.persona,
            "goal": draft.goal,
            "ops": (*task.ops, op),
            "opener": None,
            "proof": None,
        }
        return task.model_copy(update=changes)


def aspects(*names: Aspect) -> frozenset[Aspect]:
    """A set of aspects."""
    return frozenset(names)
