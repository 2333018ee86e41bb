"""Metrics of an update, gathered from its micro-batches."""

import math


class Meter:
    """Averages, sums per optimiser step, and maxima, by name."""

    def __init__(self) -> None:
        self._means: dict[str, tuple[float, int]] = {}
        self._parts: dict[str, float] = {}
        self._maxima: dict[str, float] = {}
        self._steps = 0

    def add(self, name: str, total: float, count: int) -> None:
        """Add `total`, the sum over `count` items, to an average over all items."""
        before, items = self._means.get(name, (0.0, 0))
        self._means[name] = (before + total, items + count)

    def part(self, name: str, value: float) -> None:
        """Add a part of a number that is a sum within each optimiser step, and averaged over the steps."""
        self._parts[name] = self._parts.get(name, 0.0) + value

    def most(self, name: str, value: float) -> None:
        """Keep the largest value."""
        self._maxima[name] = max(value, self._maxima.get(name, -math.inf))

    def step(self) -> None:
        """An optimiser step is done."""
        self._steps += 1

    def means(self) -> dict[str, float]:
        """All of it."""
        means = {name: total / count for name, (total, count) in self._means.items() if count}
        parts = {name: value / max(1, self._steps) for name, value in self._parts.items()}
        return {**means, **parts, **self._maxima}
