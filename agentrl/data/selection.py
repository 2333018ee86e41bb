"""Which episodes of a task are kept: the good ones, the best one, no duplicates, and no more than so many of a kind."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

from agentrl.episode import Episode
from agentrl.errors import ConfigError, nearest

Dedup = Literal["off", "exact", "near"]
_DIGITS = re.compile(r"\d+")
_BLANKS = re.compile(r"\s+")


def in_turn(cells: Iterable[str]) -> list[int]:
    """The positions of `cells` in an order that takes one of each cell in turn, as long as a cell has any left.

    However many are taken from its beginning, no cell has two more than another that has any left.
    """
    rounds: Counter[str] = Counter()
    placed: list[tuple[int, int]] = []
    for position, cell in enumerate(cells):
        placed.append((rounds[cell], position))
        rounds[cell] += 1
    return [position for _, position in sorted(placed)]


@dataclass(slots=True)
class Selection:
    """Chooses episodes, and counts why it left others out.

    `dedup`: "exact" drops an episode whose observations and answers were seen before, "near" also one that differs in
    numbers, case and blanks only. `cap_per_cell`: the most episodes of a cell, which is made of the labels named in
    `cell` (all of them, if none is). `best_only`: one episode of each task: success first, then reward, then brevity.
    """

    only_success: bool = False
    best_only: bool = False
    dedup: Dedup = "off"
    cap_per_cell: int | None = None
    cell: Sequence[str] = ()
    tally: Counter[str] = field(default_factory=Counter)
    """played, succeeded, failed (the machinery broke), unsuccessful, not_best, duplicate, over_cap, kept.

    Where pairs are written, also these, and rival_played and rival_succeeded: pairs, episodes of the worse policy."""
    cells: Counter[str] = field(default_factory=Counter)
    _seen: set[str] = field(default_factory=set)

    def choose(self, group: Sequence[Episode]) -> list[Episode]:
        """The episodes of one task that are kept, in order."""
        played = [episode for episode in group if not episode.failed]
        for episode in played[: 1 if self.cell else 0]:
            self.cell_of(episode.info)  # a wrong name is told before anything is counted
        self.tally["played"] += len(group)
        self.tally["failed"] += len(group) - len(played)
        self.tally["succeeded"] += sum(episode.success for episode in played)
        good = [episode for episode in played if episode.success or not self.only_success]
        self.tally["unsuccessful"] += len(played) - len(good)
        if self.best_only and good:
            self.tally["not_best"] += len(good) - 1
            good = [max(good, key=lambda e: (e.success, e.reward, -e.turns))]
        return [episode for episode in good if self._admit(episode)]

    def cell_of(self, info: Mapping[str, Any]) -> str:
        """The cell of a task by what its environment says of it: labels, or a category where it gives none.

        Raises ConfigError for a name in `cell` that is no label there.
        """
        labels = info.get("labels")
        known = labels if isinstance(labels, Mapping) else {}
        for name in self.cell:
            if name not in known:
                told = f"Its labels: {', '.join(known)}." if known else "It tells none: leave --cell out."
                raise ConfigError(f"--cell {name}: the environment tells no such label.{nearest(name, known)} {told}")
        return " | ".join(str(known[name]) for name in self.cell or known) if known else str(info.get("category", ""))

    def digest_of(self, episode: Episode) -> str:
        """16 hexadecimal digits that tell apart what is no duplicate."""
        return digest(episode, near=self.dedup == "near")

    def different(self, episodes: Iterable[Episode]) -> list[Episode]:
        """The first of those with the same digest."""
        found: dict[str, Episode] = {}
        for episode in episodes:
            found.setdefault(self.digest_of(episode), episode)
        return list(found.values())

    def remember(self, cell: str, known: str) -> None:
        """Count an episode that an earlier process kept."""
        self.cells[cell] += 1
        self._seen.add(known)

    def _admit(self, episode: Episode) -> bool:
        cell = self.cell_of(episode.info)
        known = self.digest_of(episode) if self.dedup != "off" else ""
        if known and known in self._seen:
            self.tally["duplicate"] += 1
            return False
        if self.cap_per_cell is not None and self.cells[cell] >= self.cap_per_cell:
            self.tally["over_cap"] += 1
            return False
        self.remember(cell, known)
        self.tally["kept"] += 1
        return True


def digest(episode: Episode, *, near: bool = False) -> str:
    """A digest of the trainable seats' observations and answers; `near` makes numbers, case and blanks equal."""
    texts = [
        text
        for trajectory in episode.trajectories
        if trajectory.trainable
        for turn in trajectory.turns
        for text in (turn.observation, turn.text)
    ]
    whole = "\x1f".join(texts)
    if near:
        whole = _BLANKS.sub(" ", _DIGITS.sub("0", whole.lower()))
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
