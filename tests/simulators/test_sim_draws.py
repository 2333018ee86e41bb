"""The quick generator draws what `random.Random` draws: or else every task and database would be another one."""

import random

import pytest

from agentrl.simulators.draws import Draws


@pytest.mark.parametrize("seed", range(20))
def test_the_numbers_are_those_of_the_standard_library(seed: int) -> None:
    quick, plain = Draws(seed), random.Random(seed)
    shapes = random.Random(seed + 1000)
    for _ in range(300):
        size, low = shapes.randint(1, 90), shapes.randint(-50, 50)
        items = tuple(range(size))
        assert quick.choice(items) == plain.choice(items)
        assert quick.randint(low, low + size) == plain.randint(low, low + size)
        count = shapes.randint(0, size)
        assert quick.sample(items, count) == plain.sample(items, count)
        assert quick.sample(items, 1, counts=[2] * size) == plain.sample(items, 1, counts=[2] * size)
        assert quick.random() == plain.random()


def test_nothing_is_drawn_from_nothing() -> None:
    with pytest.raises(IndexError):
        Draws(0).choice(())
    with pytest.raises(ValueError, match="from 3 to 2"):
        Draws(0).randint(3, 2)
    with pytest.raises(ValueError, match="larger than population"):
        Draws(0).sample((1, 2), 3)
