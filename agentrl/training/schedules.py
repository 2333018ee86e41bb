"""What changes over a run: learning rate, temperature, the weight of the KL penalty."""

import math
from typing import Literal

Decay = Literal["constant", "linear", "cosine"]


def learning_rate_factor(step: int, total: int, warmup: int, decay: Decay) -> float:
    """The share of the peak learning rate at optimiser step `step` (from 0) of `total`, after `warmup` linear steps."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    if decay == "linear":
        return 1 - progress
    return 0.5 * (1 + math.cos(math.pi * progress)) if decay == "cosine" else 1.0


def temperature_at(step: int, total: int, start: float, end: float | None) -> float:
    """The sampling temperature at training step `step` (from 0) of `total`: linear from `start` to `end`."""
    if end is None or total <= 1:
        return start
    return start + (end - start) * min(1.0, step / (total - 1))


class KLController:
    """The weight of the KL penalty.

    "fixed" keeps it. "adaptive" steers the KL per trajectory towards `target` nats, by at most 20 % of the error per
    `horizon` trajectories (Ziegler et al. 2019, arXiv 1909.08593, section 2.2).
    """

    def __init__(self, coef: float, target: float | None = None, horizon: int = 1000) -> None:
        self.coef, self.target, self.horizon = coef, target, horizon

    def update(self, kl: float, trajectories: int) -> None:
        """Take note of the mean KL of this many trajectories."""
        if self.target is not None and math.isfinite(kl):
            error = min(0.2, max(-0.2, kl / self.target - 1))
            self.coef *= 1 + error * trajectories / self.horizon
