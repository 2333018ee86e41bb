"""Rows side by side on one token axis, in parts that fit a forward pass."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agentrl.training.batch import Row


class Flat:
    """Where the sampled tokens, turns and final states of rows stand on their common token axis.

    `starts` (B,) are the flat positions at which the rows begin. For the A sampled tokens of all rows: `before` (A,),
    the flat position whose hidden state predicts each; `targets`, `temperature` (A,), and `turn` (A,). For the S turns:
    `states`, `turns` (S,). `finals`: the flat positions of `Row.final`. `cuts` split (A,) into rows again.
    """

    def __init__(self, rows: Sequence[Row], starts: Tensor) -> None:
        device, offsets = starts.device, starts.tolist()

        def place(positions: Sequence[NDArray[np.int64]]) -> Tensor:
            moved = [part + offset for part, offset in zip(positions, offsets, strict=True)]
            return torch.from_numpy(np.concatenate(moved)).to(device)

        self.before = place([row.at - 1 for row in rows])
        self.states = place([row.states for row in rows])
        self.finals = place([np.array([row.final] if row.final >= 0 else [], dtype=np.int64) for row in rows])
        self.targets = torch.from_numpy(np.concatenate([row.ids[row.at] for row in rows])).to(device)
        temperatures = np.concatenate([row.temperature for row in rows])
        self.temperature = torch.from_numpy(temperatures).float().to(device)
        self.turn = np.concatenate([row.turn for row in rows])
        self.turns = np.concatenate([row.turns for row in rows])
        self.cuts = np.cumsum([len(row.at) for row in rows])[:-1]


def micro_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Cut items into parts of at most `budget` tokens (one item at least), by length, so that parts need little pad."""
    part: list[int] = []
    tokens = 0
    for index in sorted(range(len(lengths)), key=lambda item: (lengths[item], item)):
        if part and tokens + lengths[index] > budget:
            yield part
            part, tokens = [], 0
        part.append(index)
        tokens += lengths[index]
    if part:
        yield part
