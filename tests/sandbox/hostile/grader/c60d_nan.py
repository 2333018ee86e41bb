"""Case 60d: nan, of which no difference is ever too large.

Attacks: a tolerance written as `not abs(got - expected) > limit`.
Must hold: nan equals nothing but an expected nan.
"""


def add(a: int, b: int) -> float:
    """Answer with it."""
    return float("nan")
