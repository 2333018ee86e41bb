"""Which operator to try next: an upper confidence bound with discounting, since the policy that is probed moves."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class Bandit:
    """Discounted UCB1 (Garivier and Moulines 2011, arXiv 0805.3415) over arms with values in [0, 1].

    Not every arm can be used each time, so it ranks them, and the first that can be is used. What was drawn and has no
    value yet counts as pulled, so that a batch of draws is spread; it is forgotten as pulls are.
    """

    def __init__(self, *, discount: float = 0.99, exploration: float = 0.5) -> None:
        self.discount, self.exploration = discount, exploration
        self._pulls: dict[str, float] = {}
        self._values: dict[str, float] = {}
        self._pending: dict[str, float] = {}

    def ranked(self, arms: Sequence[str], rng: random.Random) -> list[str]:
        """The arms by their bound, the highest first; those never drawn lead, and ties are in random order."""
        shuffled = rng.sample(arms, len(arms))
        total = sum(map(self._count, arms))
        return sorted(shuffled, key=lambda arm: self._bound(arm, total), reverse=True)

    def drawn(self, arms: Iterable[str]) -> None:
        """Arms that were used, and whose value is to come."""
        for arm in arms:
            self._pending[arm] = self._pending.get(arm, 0.0) + 1

    def update(self, arms: Sequence[str], value: float) -> None:
        """The value that came of arms which were used together."""
        for table in (self._pulls, self._values, self._pending):
            for arm in table:
                table[arm] *= self.discount
        for arm in arms:
            self._pulls[arm] = self._pulls.get(arm, 0.0) + 1
            self._values[arm] = self._values.get(arm, 0.0) + value
            self._pending[arm] = max(0.0, self._pending.get(arm, 0.0) - 1)

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
        return self._pulls.get(arm, 0.0) + self._pending.get(arm, 0.0)

    def _bound(self, arm: str, total: float) -> float:
        count, pulls = self._count(arm), self._pulls.get(arm, 0.0)
        if not count:
            return math.inf
        mean = self._values[arm] / pulls if pulls else 0.5
        return mean + self.exploration * math.sqrt(math.log(max(total, 1.0) + 1) / count)
