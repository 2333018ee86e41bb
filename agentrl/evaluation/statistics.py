"""Success rates with honest intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agentrl.episode import Episode

_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of successes out of `n`, with its 95 % Wilson interval."""

    success: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.success:.1%} [{self.low:.1%}, {self.high:.1%}]" if self.n else "-"

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge thought of `n` episodes: the mean share, in [0, 1], and the mean grade by criterion. It graded
    `missing` others not, the first of them for `reason`."""

    share: float
    criteria: dict[str, float]
    n: int
    missing: int
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.share:.2f}" if self.n else "-"

    @property
    def note(self) -> str:
        """ "the judge did not grade 3 of 64 episodes; the first: it can't be reached", or "" when it did them all."""
        told = f"the judge did not grade {self.missing} of {self.n + self.missing} episodes; the first: {self.reason}"
        return told if self.missing else ""

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


def judged(episodes: Sequence[Episode]) -> Judged | None:
    """What the environment's judge thought of the episodes; None where it has none."""
    said = [one for episode in episodes if isinstance(one := episode.info.get("judge"), Mapping)]
    graded = [one for one in said if "share" in one]
    missing = [str(one.get("missing", "")) for one in said if "share" not in one]
    grades: dict[str, list[float]] = {}
    for one in graded:
        for name, grade in one.get("criteria", {}).items():
            grades.setdefault(name, []).append(grade)
    criteria = {name: sum(given) / len(given) for name, given in grades.items()}
    share = sum(one["share"] for one in graded) / max(1, len(graded))
    return Judged(share, criteria, len(graded), len(missing), next(iter(missing), "")) if said else None


def rate(successes: Sequence[bool]) -> Rate:
    """The share of true values; Wilson 1927's score interval, which holds near 0 and 1 and for few samples."""
    n = len(successes)
    if n == 0:
        return Rate(0.0, 0.0, 1.0, 0)
    share, spread = sum(successes) / n, _Z95**2 / n
    centre = (share + spread / 2) / (1 + spread)
    half = _Z95 / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return Rate(share, max(0.0, centre - half), min(1.0, centre + half), n)


def pass_at_k(successes: int, n: int, k: int) -> float:
    """The chance that at least one of k samples succeeds, unbiased from n >= k samples.

    1 - C(n - c, k) / C(n, k): Chen et al. 2021, arXiv 2107.03374, equation 1.
    """
    return 1.0 - math.comb(n - successes, k) / math.comb(n, k)


def pass_hat_k(successes: int, n: int, k: int) -> float:
    """The chance that all k samples succeed, unbiased from n >= k samples.

    C(c, k) / C(n, k): Yao et al. 2024, arXiv 2406.12045, section 3.
    """
    return math.comb(successes, k) / math.comb(n, k)


def by_category(episodes: Sequence[Episode]) -> dict[str, Rate]:
    """The success rate of each category that the environment named."""
    names = sorted({episode.category for episode in episodes} - {""})
    return {name: rate([e.success for e in episodes if e.category == name]) for name in names}


def by_operator(episodes: Sequence[Episode]) -> dict[str, Rate]:
    """The success rate with each of the operators that made a user adversarial, and of "plain" episodes beside them.

    Empty where no episode's label "operator" names any: it holds their names with "+" between them.
    """
    labels = [episode.info.get("labels") or {} for episode in episodes]
    used = [str(label.get("operator", "")).split("+") for label in labels]
    names = sorted({name for some in used for name in some} - {""})
    found = {name: rate([e.success for e, some in zip(episodes, used, strict=True) if name in some]) for name in names}
    return {} if set(found) <= {"plain"} else found


def by_turns(episodes: Sequence[Episode]) -> dict[int, Rate]:
    """The success rate of episodes by how many turns they took."""
    counts = sorted({episode.turns for episode in episodes})
    return {turns: rate([e.success for e in episodes if e.turns == turns]) for turns in counts}
