"""What an operator does at run time: the base class of `strategies.py`, and what its arguments must be."""

from collections.abc import Mapping
from typing import Any, ClassVar, get_args

from agentrl.errors import UserError, nearest
from agentrl.simulators.agenda import Agenda, Heard, Pursuit
from agentrl.simulators.models import DialogueAct, Locale, Op, Trigger, UserTask
from agentrl.simulators.nlg import RELATIONS
from agentrl.simulators.ontology import Ontology

Acts = list[DialogueAct]
TOPICS = ("weather", "sports", "pets", "food", "bot", "family")
"""What users talk about besides."""
AUTHORITIES = ("none", "colleague", "manager", "law", "press", "loyalty")
"""What users lean on when they press."""


class Strategy:
    """An operator at run time. `fire` is called whenever the trigger's condition holds, until no `times` are left."""

    trigger: ClassVar[Trigger | None] = None
    """When it fires if the operator does not say; None: in the opening."""
    needs: ClassVar[tuple[str, ...]] = ()
    """The arguments that it can't do without."""
    instead: bool = False
    """Whether what it says replaces the usual answer."""

    def __init__(self, op: Op) -> None:
        self.args: Mapping[str, Any] = op.args
        self.when = op.trigger or self.trigger
        self.left = int(op.args.get("times", 1))

    def prepare(self, agenda: Agenda) -> None:
        """Before the opening."""

    def notice(self, agenda: Agenda, heard: Heard) -> Acts:
        """At each turn, before the answer. What it returns is said before the answer."""
        return []

    def ready(self, agenda: Agenda, heard: Heard | None) -> bool:
        """Whether it makes sense now; `heard` is None in the opening."""
        return True

    def fire(self, agenda: Agenda) -> Acts:
        """What is said when the trigger fires."""
        return []

    def pursuit(self, agenda: Agenda) -> Pursuit:
        """The subgoal that it is about."""
        return agenda.pursuits[int(self.args.get("subgoal", 0))]


def turn(number: int) -> Trigger:
    """At the user's reply of this number."""
    return Trigger(on="turn", match=str(number))


def act(name: str) -> Trigger:
    """At the first act of this name."""
    return Trigger(on="act", match=name)


def check_op(op: Op, strategy: type[Strategy] | None, task: UserTask, ontology: Ontology) -> None:
    """Raises UserError when an operator's arguments lack one, or name what there is not."""
    where = f"the operator {op.name!r}"
    for name in strategy.needs if strategy else ():
        if name not in op.args:
            raise UserError(f"{where} needs the argument {name!r}")
    known = {
        "slot": ontology.slots,
        "intent": ontology.intents,
        "tool": ontology.claims,
        "secret": {**ontology.secrets, **ontology.slots},
        "relation": RELATIONS,
        "topic": TOPICS,
        "authority": AUTHORITIES,
        "to": get_args(Locale),
        "fix": ("self", "confirm"),
        "subgoal": range(len(task.goal.subgoals)),
    }
    _check_types(op, where)
    given = [(name, op.args[name]) for name in known if name in op.args]
    given += [("slot", slot) for slot in op.args.get("slots", ())]
    for name, value in given:
        if value not in tuple(known[name]):
            hint = nearest(value, map(str, known[name])) if isinstance(value, str) else ""
            raise UserError(f"{where} has {name} = {value!r}, which there is not.{hint}")


def _check_types(op: Op, where: str) -> None:
    for name, right, what in (
        ("slots", _is_filled, "a mapping of slots to values"),
        ("value", _is_value, "a text or a number"),
        ("text", lambda given: isinstance(given, str), "a text"),
        ("hint", _is_words, 'texts by language, e.g. {"en": ["the blue one"]}'),
        ("times", lambda given: isinstance(given, int), "a whole number"),
        ("asks", lambda given: isinstance(given, int), "a whole number"),
    ):
        if name in op.args and not right(op.args[name]):
            raise UserError(f"{where} has {name} = {op.args[name]!r}; it must be {what}")


def _is_value(given: Any) -> bool:
    return isinstance(given, str | int | float)


def _is_filled(given: Any) -> bool:
    return isinstance(given, Mapping) and all(map(_is_value, given.values()))


def _is_words(given: Any) -> bool:
    texts = given.values() if isinstance(given, Mapping) and "en" in given else [()]
    return all(isinstance(some, list | tuple) and some and all(isinstance(x, str) for x in some) for some in texts)
