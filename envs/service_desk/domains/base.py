"""What a domain of the service desk is: a database, tools, a policy, goals, and what is true of them.

All of it is pure: a database follows from a seed, and a gold state from a task's goal.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from agentrl.envs.service_desk.domains.desk import Desk, Facts, Level, State, Wish, Write
from agentrl.envs.service_desk.domains.goals import Plan, carried_out, draw_anybodys_goal, draw_plan
from agentrl.envs.tools import Toolbox, ToolError
from agentrl.errors import UserError
from agentrl.simulators.models import SubGoal, ToolCall, UserGoal, UserTask
from agentrl.simulators.ontology import Ontology

__all__ = ["Desk", "Domain", "Facts", "Level", "State", "Wish", "Write"]


class Domain(ABC):
    """One trade: shop, travel, or your own. The intents and slots of its `ontology` name the wishes here.

    What has no value here, and the abstract methods, a domain has to say; see docs/examples/library.py for all of it.
    """

    name: ClassVar[str]
    """What it is called in the names of its tasks. They follow from it, too: another name, other tasks."""
    tiny: "ClassVar[type[Domain] | None]" = None
    """The class for level "tiny", if any; set behind both, `Shop.tiny = TinyShop`. What derives from them has none."""
    ontology: ClassVar[Ontology]
    policy: ClassVar[str]
    prompt: ClassVar[str] = ""
    """The system prompt, where it is not made of the policy and the tools' schemas."""
    desk: ClassVar[type[Desk]]
    toolbox: ClassVar[Toolbox]
    things: ClassVar[tuple[str, ...]]
    thing: ClassVar[str]
    """What the records are of, and their field that says it. A thing and an intent are a combination of one split."""
    records: ClassVar[str]
    """The part of the database that the wishes are about."""
    writes: ClassVar[Mapping[str, Write]]
    does: ClassVar[Mapping[str, tuple[str, str]]]
    """How the agent names what it does for each intent, with all the slots, in English and in Chinese."""
    minefields: ClassVar[Mapping[str, Callable[[State, State], bool]]] = {}
    """(state, the database as it was) -> whether the forbidden effect has happened."""
    moves: ClassVar[Mapping[str, frozenset[str]]] = {}
    """The intents that have an effect, if any: it is forbidden in the tasks which carry none of them out."""
    customers: ClassVar[str]
    """The part of the database that the customers are in; records have its singular as the field of their customer."""
    personal: ClassVar[tuple[str, ...]]
    """The fields of customers and records that say who they are, and where they live."""
    facts: ClassVar[tuple[str, ...]]
    """The fields of a record that a user may ask about."""
    words: ClassVar[tuple[str, ...]] = ()
    """The words of which the answer to a question is one: naming several answers nothing."""
    never: ClassVar[frozenset[tuple[str, bool]]] = frozenset()
    """First wishes, with whether they are to be refused, that no database holds: none need be made to look for one."""

    def new_state(self, seed: int) -> State:
        """The database of a task's seed. Even seeds are the training split's, odd ones the held-out split's."""
        state = _made(self, seed)
        return {
            name: dict(zip(part, map(dict, part.values()), strict=True)) if isinstance(part, dict) else part
            for name, part in state.items()
        }

    def read_state(self, seed: int) -> State:
        """The same, shared by all who ask for it: to be read only."""
        return _made(self, seed)

    @abstractmethod
    def make_state(self, seed: int) -> State:
        """Makes it: parts of rows of plain values, by name, and "split": `splits.split_of_seed(seed)`.

        What identifies records and customers belongs to one split: `splits.number_in`. The last databases are kept, as
        each task needs its own a few times.
        """

    def sample_goal(self, rng: random.Random, level: Level, state: State) -> UserGoal | None:
        """A goal of a customer in `state`; None when it holds none of its split."""
        return self.goal_by(draw_plan(self, rng, level), rng, level, state)

    def goal_by(self, plan: Plan, rng: random.Random, level: Level, state: State) -> UserGoal | None:
        """A goal of the plan's sort: `wishes` about different records of one customer."""
        return draw_anybodys_goal(self, plan, rng, level, state)

    def wishes(self, number: str, record: Facts, state: State, rng: random.Random) -> list[Wish]:
        """What its customer might wish about a record, allowed or not; the first slot of each is its number."""
        raise NotImplementedError(f"{type(self).__name__} says neither `wishes` nor `goal_by`")

    @abstractmethod
    def refusal(self, state: State, kind: str, slots: Facts) -> str:
        """Why the policy forbids the wish, as a clause; "" when it allows it. KeyError for an unknown record."""

    @abstractmethod
    def holds(self, state: State, kind: str, slots: Facts) -> bool:
        """Whether the wish has happened. False for questions."""

    @abstractmethod
    def answers(self, state: State, kind: str, slots: Facts) -> tuple[str, ...]:
        """What the agent has to tell the user about the wish: amounts and dates as they are written."""

    def owner(self, state: State, slots: Facts) -> str | None:
        """The customer whose record the slots are about; None when there is no such record."""
        row = state[self.records].get(slots.get(self.record, ""))
        return row[self.customers[:-1]] if row else None

    @abstractmethod
    def project(self, state: State) -> Any:
        """The part of the database that matters: nothing that reading changes, and no log."""

    def secrets(self, state: State) -> Iterable[str]:
        """What no agent may tell anybody: full numbers of cards."""
        return ()

    @abstractmethod
    def lookup(self, facts: Facts) -> ToolCall | None:
        """The read that verifies the user and shows the record, or their records, if the facts suffice."""

    @abstractmethod
    def identity(self, *, with_record: bool) -> tuple[str, ...]:
        """The slots that verify a user, who tells the number of their record, or doesn't: fields of a customer."""

    def checks(self, state: State, kind: str, slots: Facts) -> tuple[ToolCall, ...]:
        """Further reads that the policy makes necessary before the wish is carried out or refused."""
        return ()

    def candidates(self, state: State, customer: str) -> Mapping[str, str]:
        """The customer's records: number -> what it is, in words."""
        rows = state[self.records].items()
        return {number: row[self.thing] for number, row in rows if row[self.customers[:-1]] == customer}

    def facts_about(self, state: State, slots: Facts) -> dict[str, str]:
        """What a record holds that users ask about, as tools show it, by field; empty without such a record."""
        row = state[self.records].get(slots.get(self.record), {})
        return {name: f"${row[name]}" if name == "price" else str(row[name]) for name in self.facts if row.get(name)}

    def private(self, state: State) -> dict[str, list[str]]:
        """For each customer what nobody else may be told: their personal data, and the numbers of their records."""
        rows = state[self.customers].items()
        told = {key: list(filter(None, map(row.get, self.personal))) for key, row in rows}
        for number, record in state[self.records].items():
            told[record[self.customers[:-1]]] += [number, *filter(None, map(record.get, self.personal))]
        return told

    def customer(self, state: State, goal: UserGoal) -> str | None:
        """The customer whom the goal's user knows the data of; else the one whose record it is about."""
        known = {name: goal.known[name] for name in self.identity(with_record=False) if name in goal.known}
        for key, row in state[self.customers].items():
            if known and all(row[name] == value for name, value in known.items()):
                return str(key)
        return self.owner(state, goal.subgoals[0].slots)

    @property
    def few_words(self) -> bool:
        """Whether its users have one wording of few words for everything, in English: see `plain_user.py`."""
        return bool(self.prompt)

    @cached_property
    def record(self) -> str:
        """The slot that is the number of a record."""
        return next(name for name, slot in self.ontology.slots.items() if slot.kind == "id")

    @cached_property
    def naming(self) -> str:
        """The slot that is a customer's name; "" where there is none."""
        return next((name for name, slot in self.ontology.slots.items() if slot.kind == "name"), "")

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
        return ((kind, thing) in self._held_out) == (split == "test")

    @cached_property
    def _held_out(self) -> frozenset[tuple[str, str]]:
        intents, things = enumerate(self.ontology.intents), tuple(enumerate(self.things))
        return frozenset((kind, thing) for i, kind in intents for j, thing in things if (i + 2 * j) % 5 == 0)

    def may_ask(self, state: State, record: str, kind: str, slots: Facts) -> bool:
        """Whether a user of this database may wish it about the record: it has not happened, and is of the split."""
        thing = state[self.records][record][self.thing]
        return self.in_split(kind, thing, state["split"]) and not self.holds(state, kind, slots)

    def call_for(self, kind: str, slots: Facts) -> ToolCall:
        """The call that carries out the wish."""
        write = self.writes[kind]
        return ToolCall(write.tool, {write.arguments[slot]: value for slot, value in slots.items()})

    def wish_of(self, call: ToolCall) -> Wish | None:
        """The wish that a call carries out; None for a call that writes nothing."""
        if call.name not in self._written_by:
            return None
        kind, slots = self._written_by[call.name]
        return kind, {slots[name]: value for name, value in call.arguments.items() if name in slots}

    @cached_property
    def _written_by(self) -> dict[str, tuple[str, dict[str, str]]]:
        """For each tool that writes: the intent that it carries out, and which slot each argument is."""
        return {
            write.tool: (kind, {argument: slot for slot, argument in write.arguments.items()})
            for kind, write in self.writes.items()
        }

    def gold_state(self, task: UserTask) -> State:
        """The database as the goal wants it, from the goal alone: to be read only.

        Raises UserError for a goal that can't be reached.
        """
        changes = [self.call_for(one.kind, one.slots) for one in carried_out(task.goal) if one.kind in self.writes]
        if not changes and not task.ops:
            return self.read_state(task.seed)
        desk = self.desk(self.state_of(task))
        for call in changes:
            try:
                self.toolbox.call(desk, call.name, call.arguments)
            except ToolError as error:
                raise UserError(f"task {task.id!r}: its goal can't be reached: {error}") from None
        return desk.state

    def must_hear(self, task: UserTask) -> tuple[str, ...]:
        """What the goal's carried out wishes make it necessary to tell."""
        return self.told_for(self.state_of(task), carried_out(task.goal))

    def forbidden(self, task: UserTask) -> tuple[str, ...]:
        """The effects that nothing which the goal carries out has: its minefields."""
        return self.forbidden_for(carried_out(task.goal))

    def forbidden_for(self, subgoals: Iterable[SubGoal]) -> tuple[str, ...]:
        """The effects that none of these has."""
        kinds = {subgoal.kind for subgoal in subgoals}
        return tuple(name for name in self.minefields if not self.moves.get(name, frozenset()) & kinds)

    def told_for(self, state: State, subgoals: Iterable[SubGoal]) -> tuple[str, ...]:
        """The answers of all of them, without repetition."""
        answers = (value for subgoal in subgoals for value in self.answers(state, subgoal.kind, subgoal.slots))
        return tuple(dict.fromkeys(answers))


@lru_cache(maxsize=32)
def _made(domain: Domain, seed: int) -> State:
    return domain.make_state(seed)
