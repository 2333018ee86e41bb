"""What an operator does at run time: the base class of `strategies.py`, and what its arguments must be."""

from collections.abc import Collection, Mapping
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
HEARD = (
    "apologise", "ask", "bye", "clarify", "confirm", "greet", "inform", "offer_more", "refuse", "report_done",
    "smalltalk", "wait",
)  # fmt: skip
"""What an agent's message can be understood as (`nlu.understand`), and so what a trigger can wait for."""


class Strategy:
    """An operator at run time. `fire` is called whenever the trigger's condition holds, until no `times` are left.

    A trigger on turn 0 is one on the opening; where it makes no sense there, it fires in the next turn where it does.
    """

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

    def opens(self, agenda: Agenda) -> bool:
        """Whether it fires in the opening."""
        if self.when is None:
            return True
        first = self.when.on == "turn" and int(self.when.match) == 0
        return first and not self.instead and self.ready(agenda, None)

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


def check_op(
    op: Op, strategy: type[Strategy] | None, task: UserTask, ontology: Ontology, predicates: Collection[str] = ()
) -> None:
    """Raises UserError when an operator's arguments lack one, when they or its trigger name what there is not, and when
    it could never fire. `predicates` are those of the domain that a trigger on the state may name.
    """
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
    _check_moment(op, strategy, task, where)
    _check_trigger(op.trigger, where, ontology, predicates)
    if "fallback" in op.name and not any(subgoal.fallback for subgoal in task.goal.subgoals):
        raise UserError(f"{where} is about what the user wants instead, but no wish of the goal has a fallback")


def _check_moment(op: Op, strategy: type[Strategy] | None, task: UserTask, where: str) -> None:
    if strategy is None or strategy.fire is Strategy.fire:
        if op.trigger is not None:
            raise UserError(f"{where} has a trigger, but nothing that it does waits for one; leave it out")
        return
    when = op.trigger or strategy.trigger
    number = 0 if when is None else int(when.match) if when.on == "turn" else when.nth
    if number > task.max_turns:
        raise UserError(f"{where} waits for number {number}, but the task has {task.max_turns} turns")
    if task.opener is not None and (when is None or (when.on == "turn" and int(when.match) == 0)):
        raise UserError(
            f"{where} acts in the opening, but the task's opener is said word for word: leave the opener out, or give "
            'the operator a trigger on a later turn, such as {"on": "turn", "match": "1"}'
        )


def _check_trigger(when: Trigger | None, where: str, ontology: Ontology, predicates: Collection[str]) -> None:
    if when is None or when.on == "turn":
        return
    kind, known = "state", predicates
    if when.on == "act":
        kind, known = "act", [*HEARD, "ask:intent", *(f"ask:{slot}" for slot in ontology.slots)]
    if when.match not in known:
        raise UserError(f"{where} waits for the {kind} {when.match!r}, which there is not.{nearest(when.match, known)}")


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
