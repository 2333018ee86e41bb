"""Which operator to try next: an upper confidence bound with discounting, since the policy that is probed moves."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any


class Bandit:
    """Discounted UCB1 (Garivier and Moulines 2011, arXiv 0805.3415) over arms with values in [0, 1]."""

    def __init__(self, *, discount: float = 0.99, exploration: float = 0.5) -> None:
        self.discount, self.exploration = discount, exploration
        self._pulls: dict[str, float] = {}
        self._values: dict[str, float] = {}
        self._pending: dict[str, int] = {}

    def choose(self, arms: Sequence[str], rng: random.Random) -> str:
        """The arm with the highest bound; arms without a value yet come first, in random order.

        Arms that were chosen since the last value count as pulled, so that a batch of choices is spread.
        """
        fresh = [arm for arm in arms if not self._count(arm)]
        if fresh:
            return self._chosen(rng.choice(fresh))
        total = sum(self._count(arm) for arm in arms)
        bounds = {arm: self._bound(arm, total) for arm in arms}
        best = max(bounds.values())
        return self._chosen(rng.choice([arm for arm in arms if bounds[arm] >= best - 1e-12]))

    def update(self, arms: Sequence[str], value: float) -> None:
        """The value that came of arms which were used together."""
        for arm in self._pulls:
            self._pulls[arm] *= self.discount
            self._values[arm] *= self.discount
        for arm in arms:
            self._pulls[arm] = self._pulls.get(arm, 0.0) + 1
            self._values[arm] = self._values.get(arm, 0.0) + value
            self._pending.pop(arm, None)

    def means(self) -> dict[str, float]:
        """The discounted mean value of each arm that has one."""
        return {arm: self._values[arm] / pulls for arm, pulls in self._pulls.items() if pulls}

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes, as plain values."""
        return {"pulls": dict(self._pulls), "values": dict(self._values), "pending": dict(self._pending)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self._pulls, self._values = dict(state["pulls"]), dict(state["values"])
        self._pending = dict(state["pending"])

    def _count(self, arm: str) -> float:
        return self._pulls.get(arm, 0.0) + self._pending.get(arm, 0)

    def _bound(self, arm: str, total: float) -> float:
        pulls = self._pulls.get(arm, 0.0)
        mean = self._values[arm] / pulls if pulls else 0.5
        return mean + self.exploration * math.sqrt(math.log(max(total, 1.0) + 1) / self._count(arm))

    def _chosen(self, arm: str) -> str:
        self._pending[arm] = self._pending.get(arm, 0) + 1
        return arm
