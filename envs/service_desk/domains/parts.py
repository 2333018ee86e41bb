"""Whether a class is a whole domain: whoever forgets a part learns it before anything is played."""

import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any

from agentrl.envs.importing import describe
from agentrl.envs.service_desk.domains.base import Domain, Write
from agentrl.envs.service_desk.domains.trial import problems_of_trial
from agentrl.envs.tools import Tool
from agentrl.errors import AgentRLError, UserError
from agentrl.simulators.schema import Intent

_HOW = "docs/service_desk.md shows a whole one"


def tiny_of(cls: type[Domain]) -> type[Domain] | None:
    """The class's own `tiny`; what it has from the class that it derives from is that one's."""
    return cls.tiny if "tiny" in vars(cls) or cls.tiny is cls else None


def check_domain(cls: Any, name: str) -> Domain:
    """One of the class, which `name` names. Raises UserError that says what is missing or does not fit together."""
    if not (isinstance(cls, type) and issubclass(cls, Domain)):
        raise UserError(
            f"{name} is no domain: derive the class from agentrl.envs.service_desk.domains.base.Domain ({_HOW})"
        )
    if lacks := sorted(_missing(cls)):
        raise UserError(f"{name} lacks {', '.join(lacks)}: a domain has to say them ({_HOW})")
    try:
        domain = cls()
        problem = next(chain(_problems(domain), _problems_of_state(domain), problems_of_trial(domain)), None)
    except AgentRLError:
        raise
    except Exception as error:
        told = describe(error, getattr(sys.modules.get(cls.__module__), "__file__", None) or "")
        raise UserError(f"{name} cannot be used: trying it raised {told}") from error
    if problem:
        raise UserError(f"{name} does not fit together: {problem}")
    return domain


def _missing(cls: type[Domain]) -> Iterator[str]:
    for name in Domain.__annotations__:
        if not hasattr(cls, name):
            yield name
    yield from cls.__abstractmethods__
    if cls.wishes is Domain.wishes and cls.goal_by is Domain.goal_by:
        yield "wishes"


def _problems(domain: Domain) -> Iterator[str]:
    """What does not fit the ontology and the tools."""
    intents, slots, tools = domain.ontology.intents, domain.ontology.slots, domain.toolbox.tools
    if not any(slot.kind == "id" for slot in slots.values()):
        yield "ontology.slots has none of the kind 'id', the number of a record"
    for name in (*domain.identity(with_record=False), domain.thing):
        if name not in slots:
            yield f"users are to tell {name!r}, which is not in ontology.slots"
    for kind, intent in intents.items():
        if kind not in domain.does:
            yield f"`does` has no words for the intent {kind!r}"
        if intent.info == (kind in domain.writes):
            yield f"the intent {kind!r} must be in `writes`, or else a question (info=True), and not both"
    for kind, write in domain.writes.items():
        if kind not in intents:
            yield f"`writes` has {kind!r}, which is none of the ontology's intents"
        elif write.tool not in tools:
            yield f"`writes` carries {kind!r} out by the tool {write.tool!r}, which the toolbox lacks"
        else:
            yield from _problems_of_write(kind, write, intents[kind], tools[write.tool], domain.does[kind])
    # `moves` may be that of the class which it derives from, whose intents it need not have.
    known = {kind for cls in type(domain).__mro__ if hasattr(cls, "ontology") for kind in cls.ontology.intents}
    for name, movers in domain.moves.items():
        if name not in domain.minefields:
            yield f"`moves` has {name!r}, which is none of the minefields"
        if lacks := sorted(movers - known):
            yield f"`moves` of {name!r} has {lacks[0]!r}, which is none of the ontology's intents"


def _problems_of_write(kind: str, write: Write, intent: Intent, called: Tool, does: tuple[str, str]) -> Iterator[str]:
    for slot, argument in write.arguments.items():
        if slot not in intent.slots:
            yield f"`writes` of {kind!r} has {slot!r}, which is none of the intent's slots"
        if argument not in called.arguments.model_fields:
            yield f"`writes` of {kind!r} has {argument!r}, which is no argument of the tool {write.tool!r}"
        if not all(f"{{{slot}}}" in words for words in does):
            yield f"`does` of {kind!r} lacks {{{slot}}}: who is not told all details cannot agree to them"


def _problems_of_state(domain: Domain) -> Iterator[str]:
    """What its databases lack."""
    customer, people, things = domain.customers[:-1], domain.customers, domain.things
    told = {"facts": (domain.facts, (domain.records,)), "personal": (domain.personal, (domain.records, people))}
    for seed, split in enumerate(("train", "test")):
        state = domain.read_state(seed)
        for part in ("split", domain.records, people):
            if part not in state:
                yield f"make_state makes no {part!r}"
        if domain.make_state(seed) != domain.make_state(seed):
            yield f"make_state({seed}) makes another database each time: it must follow from the seed"
        if state["split"] != split:
            yield f"make_state makes the split {state['split']!r} of seed {seed}; it must be split_of_seed(seed)"
        for key, row in state[people].items():
            if lacks := [name for name in domain.identity(with_record=False) if name not in row]:
                yield f"{key!r} of the {people} has no {lacks[0]!r}, by which users are to be recognised"
        for number, row in state[domain.records].items():
            if row.get(customer) not in state[people]:
                yield f"{number!r} of the {domain.records} has no {customer!r} that is a key of the {people}"
            if row.get(domain.thing) not in things:
                yield f"{number!r} of the {domain.records} has no {domain.thing!r} that is one of `things`"
        for called, (names, parts) in told.items():
            fields = {name for part in parts for row in state[part].values() for name in row}
            if lacks := [name for name in names if name not in fields]:
                yield f"`{called}` has {lacks[0]!r}, which is no field of the {' or the '.join(parts)}"
