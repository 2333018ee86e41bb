"""Whether the agent had grounds for what it did and refused: nobody knows what is right before they look."""

from collections.abc import Iterable, Iterator
from typing import Any

from agentrl.envs.service_desk.domains.base import Desk, Domain, State, Wish
from agentrl.envs.service_desk.events import Called, Event
from agentrl.envs.service_desk.verdict.privacy import may_not_know
from agentrl.envs.tools import ToolError
from agentrl.simulators.models import SubGoal, ToolCall, UserGoal, UserTask


def unfounded(task: UserTask, domain: Domain, desk: Desk, log: Iterable[Event]) -> bool:
    """Whether a wish that is to be refused was refused without grounds. These are:

    - the read that shows the wish's record, carried out;
    - if the user can't be verified for it (the record is somebody else's), an attempt at that;
    - that the user has no right to what the record holds: they speak for somebody else.
    """
    calls = [event for event in log if isinstance(event, Called)]
    for wish in _to_refuse(task.goal):
        if may_not_know(task.goal, domain, domain.read_state(task.seed), wish):
            continue
        attempts = [call for call in calls if _is_look(call.call, domain, desk.state, wish.slots)]
        suffices = not _can_be_verified(task, domain, wish)
        if not any(suffices or not call.error for call in attempts):
            return True
    return False


def unread(wish: Wish, domain: Domain, state: State, log: Iterable[Event]) -> bool:
    """Whether the log lacks the read of the wish's record, or one of those that the policy demands besides."""
    calls = [event.call for event in log if isinstance(event, Called) and not event.error]
    if not any(_is_look(call, domain, state, wish[1]) for call in calls):
        return True
    return any(check not in calls for check in domain.checks(state, *wish))


def _is_look(call: ToolCall, domain: Domain, state: State, slots: Any) -> bool:
    """Whether the call is the one by which the record's customer is verified, and the record shown."""
    owner = domain.owner(state, slots)
    if owner is None:
        return False
    number, customer = slots[domain.record], state[domain.customers][owner]
    told = {name: customer[name] for name in domain.identity(with_record=True)}
    look = domain.lookup({domain.record: number, **told})
    if look is None or call.name != look.name:
        return False
    return number in call.arguments.values() or number not in look.arguments.values()


def _to_refuse(goal: UserGoal) -> Iterator[SubGoal]:
    for subgoal in goal.subgoals:
        wish: SubGoal | None = subgoal
        while wish is not None and not wish.permitted:
            yield wish
            wish = wish.fallback


def _can_be_verified(task: UserTask, domain: Domain, wish: SubGoal) -> bool:
    """Whether what the user knows verifies them as the customer of the wish's record."""
    goal = task.goal
    facts = {name: value for name, value in {**goal.known, **wish.slots}.items() if name not in goal.unknown}
    call, trial = domain.lookup(facts), domain.desk(domain.new_state(task.seed))
    if call is None:
        return False
    try:
        domain.toolbox.call(trial, call.name, call.arguments)
    except ToolError:
        return False
    return domain.owner(trial.state, wish.slots) in trial.verified
