"""Which split a database, and a number in one, belongs to: numbers of one split never occur in the other."""

import random
from functools import cache
from hashlib import sha256
from typing import Final

_FEW: Final = 5
"""Up to so many digits, all numbers are looked at once, which takes 0.05 seconds."""


def split_of_seed(seed: int) -> str:
    """Which split a task's seed, hence its database, belongs to."""
    return "test" if seed % 2 else "train"


def held_out(number: str) -> bool:
    """Whether an identifier is the held-out split's: one in five, by a hash that is the same everywhere."""
    return sha256(number.encode()).digest()[0] % 5 == 0


@cache
def _all_held_out(digits: int) -> bytes:
    """`held_out` of each number with so many digits, or fewer: each database draws a dozen of them."""
    return bytes(held_out(str(number)) for number in range(10**digits))


def number_in(rng: random.Random, split: str, digits: int) -> str:
    """A number of so many digits, without a leading zero, that belongs to the split."""
    smallest, wanted = 10 ** (digits - 1), split == "test"
    table = _all_held_out(digits) if digits <= _FEW else b""
    while True:
        number = int(smallest * (1 + 9 * rng.random()))
        if (table[number] if table else held_out(str(number))) == wanted:
            return str(number)
