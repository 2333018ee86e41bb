"""Drawing a goal from the wishes that a customer's records allow; the same for all domains."""

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from agentrl.simulators.models import SubGoal, UserGoal

if TYPE_CHECKING:
    from agentrl.envs.service_desk.domains.base import Domain, Level, State, Wish

REFUSED = 0.3
"""How many wishes are for something that the policy forbids, of those that it may forbid."""
FALLBACK, UNKNOWN = 0.5, 0.25
"""How many of them have a fallback, where there is one; how many users don't know their record's number."""


class Plan(NamedTuple):
    """What sort of goal to look for: drawn before the database is seen, so that all sorts are as frequent."""

    number: int
    refused: bool
    """Whether the first wish is to be refused."""
    kinds: tuple[str, ...]
    """The first wish is of the first kind; the others are of any that come after it."""
    later: tuple[bool, ...] = ()
    """Whether each of the others is to be refused."""


def draw_plan(domain: "Domain", rng: random.Random, level: "Level") -> Plan:
    """A plan of a level."""
    number = rng.choice((1, 1, 2, 3)) if level == "full" else 1
    kinds = rng.sample(list(domain.ontology.intents), len(domain.ontology.intents))
    refused, *later = [rng.random() < REFUSED for _ in range(number)]
    return Plan(number, refused and kinds[0] in domain.writes, tuple(kinds), tuple(later))


def draw_anybodys_goal(
    domain: "Domain", plan: Plan, rng: random.Random, level: "Level", state: "State"
) -> UserGoal | None:
    """A goal by the plan of one of the customers, asked in random order; None when there is none."""
    field = domain.customers[:-1]
    for key in rng.sample(list(state[domain.customers]), len(state[domain.customers])):
        customer = state[domain.customers][key]
        rows = {number: row for number, row in state[domain.records].items() if row[field] == key}
        wishes = {number: domain.wishes(number, row, state, rng) for number, row in rows.items()}
        extra = {number: {domain.thing: row[domain.thing]} for number, row in rows.items()}
        known = {name: customer[name] for name in domain.identity(with_record=False)}
        if goal := draw_goal(domain, rng, level, plan, state, wishes, known, extra):
            return goal
    return None


def draw_goal(
    domain: "Domain",
    rng: random.Random,
    level: "Level",
    plan: Plan,
    state: "State",
    wishes: Mapping[str, Sequence["Wish"]],
    known: Mapping[str, Any],
    extra: Mapping[str, Mapping[str, Any]],
) -> UserGoal | None:
    """A goal by the plan, each wish about another record; None when there is no wish of the first kind.

    `wishes` are what might be wished by record, and `extra` what else the user knows about each record.
    """
    subgoals = _draw_subgoals(domain, rng, level, plan, state, wishes)
    if not subgoals:
        return None
    unknown: tuple[str, ...] = ()
    if len(subgoals) == 1:
        first = next(iter(subgoals[0].slots))
        known = {**known, **extra[subgoals[0].slots[first]]}
        if level == "full" and rng.random() < UNKNOWN:
            unknown = (first,)
    done = [goal for s in subgoals if (goal := s if s.permitted else s.fallback)]
    return UserGoal(
        subgoals=tuple(subgoals),
        known=known,
        unknown=unknown,
        must_hear=domain.told_for(state, done),
        forbidden_effects=domain.forbidden_for(done),
        exit="either",
    )


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


def _draw_subgoals(
    domain: "Domain",
    rng: random.Random,
    level: "Level",
    plan: Plan,
    state: "State",
    wishes: Mapping[str, Sequence["Wish"]],
) -> list[SubGoal]:
    """The wishes of the plan, no two of a kind, with their fallbacks; none when there is none of the first kind."""
    subgoals: list[SubGoal] = []
    records = rng.sample(sorted(wishes), len(wishes))
    used: set[str] = set()
    for kind in plan.kinds:
        refused = (plan.refused, *plan.later)[len(subgoals)]
        for record in records if kind not in used else ():
            wish = next((wish for wish in wishes[record] if wish[0] == kind), None)
            if wish is None or not domain.may_ask(state, record, *wish):
                continue
            if bool(domain.refusal(state, *wish)) != refused:
                continue
            used.add(kind)
            fallback = None
            if refused and level == "full" and rng.random() < FALLBACK:
                fallback = _fallback(domain, state, record, used, wishes[record])
                used |= {fallback.kind} if fallback else set()
            subgoals.append(SubGoal(kind=kind, slots=wish[1], permitted=not refused, fallback=fallback))
            records.remove(record)
            break
        if not subgoals or len(subgoals) == plan.number:
            break
    return subgoals


def _fallback(
    domain: "Domain", state: "State", record: str, used: set[str], wishes: Sequence["Wish"]
) -> SubGoal | None:
    for kind, slots in wishes:
        if kind not in used and domain.may_ask(state, record, kind, slots) and not domain.refusal(state, kind, slots):
            return SubGoal(kind=kind, slots=slots)
    return None
