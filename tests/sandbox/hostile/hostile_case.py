"""A hostile program in the tables: what must be true of it, in each tier, and what holds it there.

A program's docstring says what it attacks and what must hold; the tables say how a run of it may end. Tiers:
namespaces, lockdown, container (the embedded back-end inside a container), docker (the same from outside).
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agentrl.sandbox import Limits

HERE = Path(__file__).parent
TIERS = ("namespaces", "lockdown", "container", "docker")
_NORMAL = Limits(wall_seconds=5.0)


@dataclass(frozen=True, slots=True)
class Case:
    """One program. `statuses` are the ways in which a run of it may end, but for what `instead` says of a tier."""

    name: str
    statuses: str
    limits: Limits = _NORMAL
    by: str = ""
    """What holds it where programs have namespaces of their own; docs/hostile.md shows it."""
    by_lockdown: str = ""
    by_container: str = ""
    instead: Mapping[str, str] = field(default_factory=dict)
    kept: str = ""
    """How stdout must begin."""
    not_kept_in: str = ""
    stdin_kb: int = 0
    real: str = ""
    """Where a test shows that the attack succeeds: "none" (the tier), "subprocess" (a plain one), or not at all: "".

    The tier "none" isolates nothing, but does bound what programs use."""
    open_in: tuple[str, ...] = ()
    """Tiers where it is not held, as `uncovered` says. The machine's state is checked there all the same."""
    uncovered: str = ""
    session: str = ""
    """What is different where the program is a command of a session, and why."""
    session_statuses: str = ""
    """How the command may end there, if not as a run may: "killed" is also a session that ended with it."""
    session_shows: str = ""
    """How the lines begin that tell of an escape, but mean none in a session."""
    has_predecessor: bool = False
    slow: bool = False

    @property
    def path(self) -> Path:
        """The program."""
        return HERE / f"{self.name}.py"

    @property
    def source(self) -> str:
        """The program's text."""
        return self.path.read_text()

    @property
    def is_solution(self) -> bool:
        """Whether it is a solution for the graders rather than a program."""
        return self.name.startswith("grader/")

    @property
    def number(self) -> str:
        """Its number in the list of 64, with a letter where several programs share one."""
        return self.path.stem[1:].split("_")[0].lstrip("0")

    def statuses_of(self, tier: str) -> list[str]:
        """How a run may end in `tier`."""
        return self.instead.get(tier.partition(",")[0], self.statuses).split()

    def kept_of(self, tier: str) -> str:
        """How stdout must begin in `tier`."""
        return "" if tier in self.not_kept_in.split() else self.kept

    def lines(self) -> dict[str, str]:
        """The docstring's parts: title, "Attacks" and "Must hold"."""
        text = ast.get_docstring(ast.parse(self.source)) or ""
        title, *rest = [line.strip() for line in text.splitlines() if line.strip()]
        parts = {"title": title, "Attacks": "", "Must hold": ""}
        last = "title"
        for line in rest:
            head, colon, tail = line.partition(": ")
            if colon and head in parts:
                last, line = head, tail
            parts[last] = f"{parts[last]} {line}".strip()
        return parts
