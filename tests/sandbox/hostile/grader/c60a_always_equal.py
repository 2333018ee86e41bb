"""Case 60a: an object that equals everything.

Attacks: a comparison in the solution's process.
Must hold: only exact builtin types cross; the object is refused.
"""


class Equal:
    """Equal to whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


def add(a: int, b: int) -> object:
    """Answer with it."""
    return Equal()
