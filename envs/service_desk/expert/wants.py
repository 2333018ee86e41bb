"""What the expert has understood that the user wants."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Want:
    """A wish as far as it was heard."""

    kind: str
    slots: dict[str, Any] = field(default_factory=dict)
    status: str = "open"
    """open, done or refused."""
    reason: str = ""
    told: bool = False
