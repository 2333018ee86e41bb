"""Case 60b: a subclass of int that equals everything.

Attacks: a check by isinstance before the comparison.
Must hold: only exact builtin types cross.
"""


class Equal(int):
    """An int, and equal to whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


def add(a: int, b: int) -> int:
    """Answer with it."""
    return Equal(0)
