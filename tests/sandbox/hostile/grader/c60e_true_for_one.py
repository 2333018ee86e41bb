"""Case 60e: True where 1 is expected, and the like.

Attacks: `==`, for which True is 1.
Must hold: a bool is no number.
"""


def add(a: int, b: int) -> bool:
    """Answer with the truth of it."""
    return bool(a + b)
