"""Which split a database, and a number in one, belongs to: numbers of one split never occur in the other."""

import random
from functools import cache
from hashlib import sha256


def split_of_seed(seed: int) -> str:
    """Which split a task's seed, hence its database, belongs to."""
    return "test" if seed % 2 else "train"


@cache
def held_out(number: str) -> bool:
    """Whether an identifier is the held-out split's: one in five, by a hash that is the same everywhere."""
    return sha256(number.encode()).digest()[0] % 5 == 0


def number_in(rng: random.Random, split: str, digits: int) -> str:
    """A number of so many digits, without a leading zero, that belongs to the split."""
    smallest, wanted = 10 ** (digits - 1), split == "test"
    while True:
        number = str(int(smallest * (1 + 9 * rng.random())))
        if held_out(number) == wanted:
            return number
