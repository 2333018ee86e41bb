"""All operators by name, and how they compose."""

import random
from collections.abc import Sequence
from typing import Final

from agentrl.errors import UserError, nearest
from agentrl.simulators.adversary import asides, manners, tactics, wants
from agentrl.simulators.adversary.operator import MAX_DEPTH, Operator
from agentrl.simulators.adversary.world import World
from agentrl.simulators.models import UserTask

OPERATORS: Final[dict[str, Operator]] = {
    operator.name: operator
    for operator in (*wants.OPERATORS, *tactics.OPERATORS, *asides.OPERATORS, *manners.OPERATORS)
}


def applicable(task: UserTask, names: Sequence[str] = tuple(OPERATORS)) -> list[str]:
    """The operators that compose with those that the task has; their preconditions are not looked at."""
    if len(task.ops) >= MAX_DEPTH:
        return []
    present = [OPERATORS[op.name] for op in task.ops if op.name in OPERATORS]
    taken = frozenset[str]().union(*(operator.writes | operator.reads for operator in present))
    names_taken = {op.name for op in task.ops}
    return [name for name in names if name not in names_taken and not OPERATORS[name].writes & taken]


def apply(task: UserTask, names: Sequence[str], rng: random.Random, world: World) -> UserTask | None:
    """The task with these operators one after the other; None when one cannot be applied.

    Raises `UserError` for a name that is none of an operator.
    """
    harder: UserTask | None = task
    for name in names:
        if name not in OPERATORS:
            raise UserError(f"there is no operator {name!r}.{nearest(name, OPERATORS)}")
        if harder is None or name not in applicable(harder, [name]):
            return None
        harder = OPERATORS[name].apply(harder, rng, world)
    return harder
