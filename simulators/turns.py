"""What is said and done in one turn, checked as it is made: plain data, of which a dialogue makes dozens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Final, Literal, get_args

Reason = Literal["satisfied", "refused", "gave_up"]
"""Why a user ends a dialogue. Limits on turns are the environment's, and a broken machine is never a reason."""
_REASONS: Final = (None, *get_args(Reason))


@dataclass(frozen=True, slots=True)
class DialogueAct:
    """One move in a dialogue, in the ontology's words: `name`, and the slots that it carries.

    Raises TypeError or ValueError that names the field, as the other classes here do.
    """

    name: str
    slots: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_named("DialogueAct", self.name, "slots", self.slots)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool by name, with its arguments."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_named("ToolCall", self.name, "arguments", self.arguments)


@dataclass(frozen=True, slots=True)
class UserTurn:
    """What a user does in one turn. Only `text` reaches the agent; the rest is for experts, rewards and records.

    Raises TypeError or ValueError that names the field, also for a turn that ends the dialogue without a reason, or has
    a reason and does not end it.
    """

    text: str
    acts: tuple[DialogueAct, ...] = ()
    emotion: float = 0.0
    """How annoyed they are, in [0, 1]."""
    stall: int = 0
    """Turns since the last progress."""
    done: bool = False
    reason: Reason | None = None
    guard: tuple[str, ...] = ()
    """What a guard did to the text, e.g. "regenerated: leaked an order number"."""
    by_model: bool = False
    """Whether a language model was asked for the text, even if the guard took the grammar's in the end."""
    distorted: bool = False
    """Whether noise changed the words: typing errors, mishearings."""

    def __post_init__(self) -> None:
        if (
            type(self.text) is str
            and type(self.acts) is tuple
            and type(self.emotion) is float
            and 0.0 <= self.emotion <= 1.0
            and type(self.stall) is int
            and self.stall >= 0
            and type(self.by_model) is type(self.distorted) is type(self.done) is bool
            and self.done is (self.reason is not None)
            and self.reason in _REASONS
            and type(self.guard) is tuple
        ):
            for act in self.acts:
                if type(act) is not DialogueAct:
                    break
            else:
                if not self.guard:
                    return
        _check_turn(self)


def _check_named(cls: str, name: str, field: str, given: Mapping[str, Any]) -> None:
    if type(name) is str and name and type(given) is dict:  # all but a few: abstract classes are slow to ask
        for key in given:
            if type(key) is not str:
                break
        else:
            return
    if not isinstance(name, str):
        raise TypeError(f"{cls}.name is {name!r}; it must be a text")
    if not name:
        raise ValueError(f"{cls}.name is empty")
    if not isinstance(given, Mapping):
        raise TypeError(f"{cls}.{field} is {given!r}; it must be a mapping")
    for key in given:
        if not isinstance(key, str):
            raise TypeError(f"{cls}.{field} has the key {key!r}; keys must be texts")


def _check_turn(turn: UserTurn) -> None:
    """Raises TypeError or ValueError that names the first field that is wrong."""
    for name, right, what in (
        ("text", isinstance(turn.text, str), "a text"),
        ("acts", _are(turn.acts, DialogueAct), "a tuple of DialogueAct"),
        ("emotion", _is_number(turn.emotion, Real), "a number"),
        ("stall", _is_number(turn.stall, Integral), "a whole number"),
        ("done", isinstance(turn.done, bool), "True or False"),
        ("guard", _are(turn.guard, str), "a tuple of texts"),
        ("by_model", isinstance(turn.by_model, bool), "True or False"),
        ("distorted", isinstance(turn.distorted, bool), "True or False"),
    ):
        if not right:
            raise TypeError(f"UserTurn.{name} is {getattr(turn, name)!r}; it must be {what}")
    if not 0 <= turn.emotion <= 1:
        raise ValueError(f"UserTurn.emotion is {turn.emotion}; it must be in [0, 1]")
    if turn.stall < 0:
        raise ValueError(f"UserTurn.stall is {turn.stall}; it must not be negative")
    if turn.reason not in _REASONS:
        raise ValueError(f"UserTurn.reason is {turn.reason!r}; it must be one of {', '.join(get_args(Reason))}")
    if turn.done == (turn.reason is None):
        raise ValueError(f"done is {turn.done}, but the reason is {turn.reason!r}")


def _are(given: Any, kind: type) -> bool:
    return isinstance(given, tuple) and all(isinstance(one, kind) for one in given)


def _is_number(given: Any, kind: Any) -> bool:
    return isinstance(given, kind) and not isinstance(given, bool)
