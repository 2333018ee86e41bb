"""Random inputs for generated tasks: small values from a small vocabulary, so that texts stay short and regular."""

import random
from typing import Any, Final

from agentrl.envs.code_sandbox.families import ValueType

_WORDS = (
    "ant bee cat cow dog fox hen owl pig rat sea sun sky ice oak ash tea pie "
    "bear bird fish frog goat lion rain snow wind fire tree rose seed salt rice "
    "stone river table train horse onion apple"
)
WORDS: Final = tuple(_WORDS.split())


def draw(value_type: ValueType, rng: random.Random, *, small: bool) -> Any:
    """A random input of the type; `small` ones are shown to the policy, the others may be a little longer."""
    if value_type is ValueType.INT:
        return rng.randint(2, 99)
    if value_type is ValueType.STR:
        return " ".join(rng.choices(WORDS, k=rng.randint(1, 2 if small else 3)))
    size = rng.randint(3, 5 if small else 7)
    if value_type is ValueType.NUMS:
        return _with_repeats([rng.randint(0, 15) for _ in range(size)], rng)
    if value_type is ValueType.WORDS:
        return _with_repeats(rng.choices(WORDS, k=min(size, 4 if small else 6)), rng)
    return {word: rng.randint(0, 15) for word in rng.sample(WORDS, k=min(size - 1, 3) if small else size - 1)}


def _with_repeats(values: list[Any], rng: random.Random) -> list[Any]:
    """In four lists of ten, one value takes the place of another: repeats would be rare otherwise."""
    if rng.random() < 0.4:
        source, target = rng.sample(range(len(values)), k=2)
        values[target] = values[source]
    return values
