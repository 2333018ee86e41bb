"""What happens in a dialogue: the entries of its log."""

from typing import Any, NamedTuple

from agentrl.simulators.models import ToolCall, UserTurn


class Said(NamedTuple):
    """A message to the user."""

    text: str


class Called(NamedTuple):
    """A call, and what the tool gave; `error` is "" for one that was carried out."""

    call: ToolCall
    result: Any
    error: str


class Heard(NamedTuple):
    """The user's turn."""

    turn: UserTurn


Event = Said | Called | Heard
