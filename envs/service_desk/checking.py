"""Whether a task that somebody else wrote can be played: all that it names is there."""

from agentrl.envs.service_desk.domains.base import Domain
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.errors import UserError, nearest
from agentrl.simulators.adversary import OPERATORS, domain_changed
from agentrl.simulators.models import Op, SubGoal, UserTask
from agentrl.simulators.strategies import HOOKS
from agentrl.simulators.strategy import check_op


def check_task(task: UserTask) -> None:
    """Raises UserError when the task names something that its domain, its database or the operators do not have."""
    domain = get_domain(task.domain)
    domain.ontology.check(task)
    for name in task.goal.forbidden_effects:
        if name not in domain.minefields:
            raise UserError(f"there is no forbidden effect {name!r}.{nearest(name, domain.minefields)}")
    for subgoal in task.goal.every_wish():
        _check_wish(subgoal, task, domain)
    for op in task.ops:
        _check_op(op, task, domain)


def _check_wish(wish: SubGoal, task: UserTask, domain: Domain) -> None:
    intents = domain.ontology.intents
    if wish.predicate and wish.predicate not in intents:
        raise UserError(f"there is no predicate {wish.predicate!r}.{nearest(wish.predicate, intents)}")
    if missing := [slot for slot in intents[wish.kind].slots if slot not in wish.slots]:
        raise UserError(f"the wish {wish.kind!r} lacks {', '.join(missing)}")
    try:
        domain.refusal(domain.read_state(task.seed), wish.kind, wish.slots)
    except (KeyError, TypeError):
        why = (
            f": the domain {task.domain!r} has changed since the task was proven"
            if domain_changed(task, domain)
            else ""
        )
        raise UserError(f"the wish {wish.kind!r} is about nothing in the database of seed {task.seed}{why}") from None


def _check_op(op: Op, task: UserTask, domain: Domain) -> None:
    if op.name not in OPERATORS:
        raise UserError(f"there is no operator {op.name!r}.{nearest(op.name, OPERATORS)}")
    if op.category != OPERATORS[op.name].category:
        raise UserError(
            f"the operator {op.name!r} is of the category {OPERATORS[op.name].category!r}, not {op.category!r}"
        )
    check_op(op, HOOKS.get(op.name), task, domain.ontology, domain.minefields)
    if op.name == "note_injection":
        for name in ("record", "note"):
            if not isinstance(op.args.get(name), str):
                raise UserError(f"the operator {op.name!r} needs the argument {name!r}, a text")
        if op.args["record"] not in domain.read_state(task.seed)[domain.records]:
            raise UserError(f"the operator {op.name!r} has record = {op.args['record']!r}, which there is not")
