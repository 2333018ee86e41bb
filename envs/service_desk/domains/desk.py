"""What domains are made of: databases, wishes, how a wish is carried out, and the object of the tools."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["tiny", "easy", "full"]
State = dict[str, Any]
Facts = Mapping[str, Any]
Wish = tuple[str, dict[str, Any]]
"""An intent of the ontology, and its slots."""


@dataclass(frozen=True, slots=True)
class Write:
    """How an intent is carried out: the tool that does it, and which argument each of the intent's slots is."""

    tool: str
    arguments: Mapping[str, str]


class Desk:
    """The tools' object: the database that they work on, and the customers whom they have verified."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.verified: set[str] = set()
        """The keys of the customers whom a tool has recognised: it puts them in."""
        self.transferred = False
        """Whether a tool has handed the customer over."""
