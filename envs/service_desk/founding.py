"""Whether the agent had grounds for what it refused: nobody knows that a wish is forbidden before they look."""

from collections.abc import Iterable, Iterator

from agentrl.envs.service_desk.domain import Desk, Domain
from agentrl.envs.service_desk.events import Called, Event
from agentrl.envs.tools import ToolError
from agentrl.simulators.models import SubGoal, UserGoal, UserTask


def unfounded(task: UserTask, domain: Domain, desk: Desk, log: Iterable[Event]) -> bool:
    """Whether a wish that is to be refused was refused without grounds. These are:

    - a call about the wish's record, its customer being verified;
    - if the user can't be verified for it (the record is somebody else's), a call that tried to;
    - that the user has no right to what the record holds, as `goal.secrets` says: they speak for somebody else.
    """
    called = {
        value for event in log if isinstance(event, Called) for value in event.call.arguments.values() if _plain(value)
    }
    for wish in _to_refuse(task.goal):
        facts = domain.facts_about(domain.read_state(task.seed), wish.slots)
        if set(facts.values()) & set(map(str, task.goal.secrets.values())):
            continue
        owner = domain.owner(desk.state, wish.slots)
        known = owner in desk.verified or not _can_be_verified(task, domain, wish)
        if not known or wish.slots.get(domain.record) not in called:
            return True
    return False


def _plain(value: object) -> bool:
    return isinstance(value, str)


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
