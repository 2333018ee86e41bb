"""The embedded engine's key-value memory: one row per live conversation, and attention over it.

A flat batch of N tokens is `decode` rows first (one token for each of rows 0..decode-1, contiguous, so that a prefix
of the slab is used as it lies), then `segments` (several new tokens of one row). Keys are stored transposed, (K, D, S)
per row, because that is what the product with the queries reads.

Products are shaped so that a token's result does not depend, to the last bit, on what else is in the batch: at least
two query rows (one would go to a matrix-vector kernel), and sums over tokens in fixed blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from agentrl.runtime import ieee_matmul

_BLOCK = 256
"""Tokens per product of attention weights and values: longer ones are split by the BLAS as it sees fit."""


@dataclass(frozen=True, slots=True)
class Segment:
    """`length` new tokens of a row, which already holds `start` tokens."""

    row: int
    start: int
    length: int


class Slab:
    """Keys and values of `rows` conversations of up to `width` tokens, for every layer of a model."""

    def __init__(self, model: Any, rows: int, width: int) -> None:
        config = model.config
        self.heads: int = config.num_attention_heads
        self.kv_heads: int = getattr(config, "num_key_value_heads", None) or self.heads
        self.dim: int = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.width = width
        options = {"dtype": model.dtype, "device": model.device}
        shape = (rows * self.kv_heads, self.dim, width)
        self._keys = [torch.zeros(shape, **options) for _ in range(config.num_hidden_layers)]
        shape = (rows * self.kv_heads, width, self.dim)
        self._values = [torch.zeros(shape, **options) for _ in range(config.num_hidden_layers)]
        self._decode = 0
        self._segments: Sequence[Segment] = ()

    def copy(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of a row over those of another."""
        source_rows, target_rows = self._rows(source), self._rows(target)
        for keys, values in zip(self._keys, self._values, strict=True):
            keys[target_rows, :, :length] = keys[source_rows, :, :length]
            values[target_rows, :length] = values[source_rows, :length]

    def swap(self, left: int, right: int, length: int) -> None:
        """Exchange the first `length` tokens of two rows."""
        a, b = self._rows(left), self._rows(right)
        for keys, values in zip(self._keys, self._values, strict=True):
            kept_keys, kept_values = keys[a, :, :length].clone(), values[a, :length].clone()
            keys[a, :, :length], values[a, :length] = keys[b, :, :length], values[b, :length]
            keys[b, :, :length], values[b, :length] = kept_keys, kept_values

    def plan(self, lengths: Tensor, segments: Sequence[Segment], padding: int) -> None:
        """Lay out the next batch: one token for rows 0..len(lengths)-1, which hold `lengths` tokens, then segments.

        `padding` dummy tokens at the end belong to nobody.
        """
        self._decode, self._segments, self._padding = len(lengths), segments, padding
        if self._decode:
            self._extent = int(lengths.max()) + 1
            self._slots = torch.arange(self._decode * self.kv_heads, device=lengths.device)
            self._positions = lengths.repeat_interleave(self.kv_heads)
            beyond = torch.arange(self._extent, device=lengths.device)[None] > lengths[:, None]
            mask = torch.zeros(beyond.shape, dtype=self._keys[0].dtype, device=lengths.device)
            mask.masked_fill_(beyond, torch.finfo(mask.dtype).min)
            self._mask = mask.repeat_interleave(self.kv_heads, 0)[:, None]  # (decode * K, 1, extent)

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Store the new keys and values and attend to everything before: (N, H, D) to (N, H, D)."""
        query = query * scaling
        parts, start = [], self._decode
        with ieee_matmul():
            if self._decode:
                parts.append(self._attend_decode(layer, query[:start], key[:start], value[:start]))
            for segment in self._segments:
                part = slice(start, start + segment.length)
                parts.append(self._attend_segment(layer, segment, query[part], key[part], value[part]))
                start += segment.length
        if self._padding:
            parts.append(query[start:])
        return torch.cat(parts)

    def _rows(self, row: int) -> slice:
        return slice(row * self.kv_heads, (row + 1) * self.kv_heads)

    def _attend_decode(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        count = self._decode * self.kv_heads
        keys, values = self._keys[layer], self._values[layer]
        keys[self._slots, :, self._positions] = key.reshape(count, self.dim)
        values[self._slots, self._positions] = value.reshape(count, self.dim)
        group = self.heads // self.kv_heads
        grouped = query.reshape(count, group, self.dim)
        if group == 1:
            grouped = grouped.expand(-1, 2, -1)
        scores = torch.baddbmm(self._mask, grouped, keys[:count, :, : self._extent])
        out = _weigh(torch.softmax(scores, -1), values[:count, : self._extent])[:, :group]
        return out.reshape(self._decode, self.heads, self.dim)

    def _attend_segment(self, layer: int, segment: Segment, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        rows, length, group = self._rows(segment.row), segment.length, self.heads // self.kv_heads
        end = segment.start + length
        keys, values = self._keys[layer], self._values[layer]
        keys[rows, :, segment.start : end] = key.permute(1, 2, 0)
        values[rows, segment.start : end] = value.transpose(0, 1)
        grouped = query.view(length, self.kv_heads, group, self.dim).permute(1, 2, 0, 3)
        scores = torch.bmm(grouped.reshape(self.kv_heads, group * length, self.dim), keys[rows, :, :end])
        future = torch.ones(length, length, dtype=torch.bool, device=query.device).triu(1)
        scores = scores.view(self.kv_heads, group, length, end)
        scores[..., segment.start :].masked_fill_(future, torch.finfo(scores.dtype).min)
        weights = torch.softmax(scores, -1).view(self.kv_heads, group * length, end)
        out = _weigh(weights, values[rows, :end]).view(self.kv_heads, group, length, self.dim)
        return out.permute(2, 0, 1, 3).reshape(length, self.heads, self.dim)


def _weigh(weights: Tensor, values: Tensor) -> Tensor:
    """The product of (B, M, S) and (B, S, D), summed over S in fixed blocks."""
    out = torch.bmm(weights[..., :_BLOCK], values[:, :_BLOCK])
    for start in range(_BLOCK, values.shape[1], _BLOCK):
        block = slice(start, start + _BLOCK)
        out = torch.baddbmm(out, weights[..., block], values[:, block])
    return out
