"""Case 62a: patched builtins and exceptions: all, any, isinstance, abs, AssertionError, sys.exit.

Attacks: a comparison in the solution's process.
Must hold: what is patched here is not what compares.
"""

import builtins
import sys


class Never(Exception):
    """Nobody raises it."""


builtins.all = builtins.any = builtins.isinstance = lambda *_: True  # type: ignore[assignment]
builtins.abs = lambda _: 0  # type: ignore[assignment]
builtins.AssertionError = Never  # type: ignore[misc]
sys.exit = lambda *_: None  # type: ignore[assignment]


class Sly(int):
    """What differs from everything by nothing."""

    def __sub__(self, other: object) -> int:
        return 0

    __rsub__ = __sub__


def add(a: int, b: int) -> int:
    """Differ by nothing."""
    return Sly(0)
