"""Whether a domain's functions agree with one another: tried on a few databases, wish by wish.

What would fail, or would never be asked, only while it is played is found here: an episode that raises is left out of
figures, and which ones do is no accident.
"""

from collections.abc import Iterator
from typing import Final

from agentrl.envs.service_desk.domains.base import Domain, Level, State, Wish
from agentrl.envs.tools import ToolError
from agentrl.simulators.models import SubGoal
from agentrl.simulators.users import seeded

TRIED: Final = range(4)
"""The databases whose wishes are tried, half of each split."""
SEARCHED: Final = range(64)
"""Those in which an intent is looked for that the former hold no wish of."""
_GOALS: Final = 8


def problems_of_trial(domain: Domain) -> Iterator[str]:
    """What does not fit. Whatever the domain's functions raise goes through."""
    for seed in TRIED:
        state = domain.read_state(seed)
        if not state[domain.records]:
            yield f"make_state makes no {domain.records} of seed {seed}"
        for name, happened in domain.minefields.items():
            if happened(state, state):
                yield f"the minefield {name!r} has happened before anything is done"
        yield from _problems_of_lookup(domain, seed)
        wishes = list(_wishes(domain, state, seed))
        if wishes != list(_wishes(domain, state, seed)):
            yield "`wishes` does not follow from the database and its `rng`: other wishes when asked again"
        for wish in wishes:
            yield from _problems_of_wish(domain, state, seed, wish)
        for _ in _goals(domain, state, seed):
            pass  # a goal is checked where it is made
        if domain.make_state(seed) != state:
            yield "its functions change the database that they are given: they may only read it"
    yield from _never_asked(domain)


def _wishes(domain: Domain, state: State, seed: int) -> Iterator[Wish]:
    """All that `wishes` names, or that drawn goals hold, where the domain makes its goals in another way."""
    if type(domain).wishes is Domain.wishes:
        yield from _goals(domain, state, seed)
        return
    rng = seeded("trial", seed)
    for number, record in state[domain.records].items():
        yield from domain.wishes(number, record, state, rng)


def _goals(domain: Domain, state: State, seed: int) -> Iterator[Wish]:
    """The wishes of some goals."""
    level: Level = "tiny" if domain.tiny is type(domain) else "full"
    rng = seeded("trial goals", seed)
    for _ in range(_GOALS):
        goal = domain.sample_goal(rng, level, state)
        yield from ((wish.kind, dict(wish.slots)) for wish in (goal.every_wish() if goal else ()))


def _problems_of_lookup(domain: Domain, seed: int) -> Iterator[str]:
    """Whether the first record's customer is found, by its number, and without it at levels where it may be unknown."""
    state = domain.read_state(seed)
    number, record = next(iter(state[domain.records].items()))
    key = record[domain.customers[:-1]]
    for with_record in (True,) if domain.tiny is type(domain) else (True, False):
        facts = {name: state[domain.customers][key][name] for name in domain.identity(with_record=with_record)}
        if with_record:
            facts[domain.record] = number
        call, desk = domain.lookup(facts), domain.desk(domain.new_state(seed))
        if call is None:
            yield f"`lookup` names no read for a user who has told {', '.join(facts)}, as `identity` wants it"
            continue
        try:
            domain.toolbox.call(desk, call.name, call.arguments)
        except ToolError as error:
            yield f"`lookup` names the call {call.name}({', '.join(call.arguments)}), which fails: {error}"
        if key not in desk.verified:
            yield f"the tool {call.name!r} of `lookup` does not put the customer's key into `self.verified`"


def _problems_of_wish(domain: Domain, state: State, seed: int, wish: Wish) -> Iterator[str]:
    kind, slots = wish
    if kind not in domain.ontology.intents:
        yield f"`wishes` has {kind!r}, which is none of the ontology's intents"
    if set(slots) != set(domain.ontology.intents[kind].slots):
        yield f"`wishes` has {kind!r} with the slots {', '.join(slots)}, not with those of the intent"
    if next(iter(slots)) != domain.record or slots[domain.record] not in state[domain.records]:
        yield f"`wishes` has {kind!r}, whose first slot is not {domain.record!r}, the number of a record"
    refused, answers = domain.refusal(state, kind, slots), domain.answers(state, kind, slots)
    if not isinstance(refused, str):
        yield f"`refusal` of {kind!r} gives {refused!r}, which is no text"
    if not isinstance(answers, tuple) or not all(isinstance(value, str) for value in answers):
        yield f"`answers` of {kind!r} gives {answers!r}, which is no tuple of texts"
    for call in domain.checks(state, kind, slots):
        if call.name not in domain.toolbox.tools:
            yield f"`checks` of {kind!r} names the tool {call.name!r}, which the toolbox lacks"
    happened = domain.holds(state, kind, slots)
    if happened and kind not in domain.writes:
        yield f"`holds` of the question {kind!r} must be False"
    if kind in domain.writes and not refused and not happened:
        yield from _problems_of_write(domain, state, seed, wish)


def _problems_of_write(domain: Domain, state: State, seed: int, wish: Wish) -> Iterator[str]:
    """What is not so after a wish was carried out that the policy allows."""
    kind, slots = wish
    call, desk = domain.call_for(kind, slots), domain.desk(domain.new_state(seed))
    try:
        domain.toolbox.call(desk, call.name, call.arguments)
    except ToolError as error:
        yield f"`refusal` allows a wish {kind!r} for which the tool {call.name!r} fails: {error}"
    if not domain.holds(desk.state, kind, slots):
        yield f"`holds` of {kind!r} is False after the tool {call.name!r} has carried it out"
    if domain.project(desk.state) == domain.project(state):
        yield f"`project` shows no difference after {kind!r} was carried out"
    before, after = domain.answers(state, kind, slots), domain.answers(desk.state, kind, slots)
    if before != after:
        yield f"`answers` of {kind!r} must be the same before it is carried out as after: {before} and then {after}"
    forbidden = domain.forbidden_for([SubGoal(kind=kind, slots=slots)])
    for name, happened in domain.minefields.items():
        if happened(desk.state, state) and name in forbidden:
            yield f"the wish {kind!r} has the effect {name!r} of `minefields`: `moves` has to say so"


def _never_asked(domain: Domain) -> Iterator[str]:
    """The intents that nobody would ever ask for."""
    if type(domain).wishes is Domain.wishes:
        return
    missing, made = set(domain.ontology.intents), set()
    for seed in SEARCHED:
        state = domain.read_state(seed)
        for kind, slots in _wishes(domain, state, seed) if missing else ():
            made.add(kind)
            if kind in missing and not domain.holds(state, kind, slots):
                missing.remove(kind)
    for kind in sorted(missing):
        why = "`holds` says that each has happened already" if kind in made else "`wishes` makes none"
        yield f"nobody would ever ask for {kind!r}: {why} ({len(SEARCHED)} databases were tried)"
