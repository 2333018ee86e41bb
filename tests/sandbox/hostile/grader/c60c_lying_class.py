"""Case 60c: an object whose `__class__` says int, and that equals everything.

Attacks: a check by isinstance, which believes `__class__`.
Must hold: only exact builtin types cross.
"""


class Liar:
    """Says that it is an int."""

    __class__ = int  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = object.__hash__


def add(a: int, b: int) -> object:
    """Answer with it."""
    return Liar()
