"""One attention function for all models, so that generation and training run *unmodified* transformers modules.

The function is registered with transformers under `ATTENTION`; what it does is decided by the layout that is active:
`PackedLayout` here (training: sequences side by side on one flat token axis), and the key-value slab of the embedded
engine. Linear layers, norms and the loss then see real tokens only, and never a pad.
"""

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from agentrl.errors import ModelError
from agentrl.runtime import ieee_matmul

ATTENTION = "agentrl"
_MATH_LENGTH = 512
_UNSUPPORTED = {"softcap": "capped logits", "s_aux": "sinks"}


class Layout(Protocol):
    """How the tokens of a flat batch attend to each other."""

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Map query (N, H, D), key and value (N, K, D) to the attention's output (N, H, D)."""


_active: ContextVar[Layout | None] = ContextVar("agentrl_attention_layout", default=None)


@contextlib.contextmanager
def attention_layout(layout: Layout) -> Iterator[None]:
    """Make `layout` decide who attends to whom in every model call inside the block."""
    token = _active.set(layout)
    try:
        yield
    finally:
        _active.reset(token)


def _attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **wishes: Any,
) -> tuple[Tensor, None]:
    """The registered function: query (1, H, N, D), key and value (1, K, N, D) to (1, N, H, D).

    A `sliding_window` is no wish that needs care: `LanguagePolicy.max_context` ends where it would begin to matter.
    Raises ModelError for a model that asks for more than causal attention.
    """
    for name, what in _UNSUPPORTED.items():
        if wishes.get(name) is not None:
            raise ModelError(f"this architecture needs {what} in its attention, which is not supported")
    layout = _active.get()
    if layout is None:
        raise RuntimeError("the model was called outside of attention_layout(...)")
    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    return layout.attend(module.layer_idx, q, k, v, scale)[None], None


AttentionInterface.register(ATTENTION, _attention)
AttentionMaskInterface.register(ATTENTION, lambda *_, **__: None)


class PackedLayout:
    """Sequences side by side on the token axis, each causal and blind to its neighbours.

    Attention runs on a padded (B, T) view: right padding is never seen by a real query, because attention is causal.
    """

    def __init__(self, lengths: Sequence[int], device: torch.device | str = "cpu") -> None:
        self.rows, self.width = len(lengths), max(lengths)
        sizes = torch.tensor(lengths)
        starts = torch.cumsum(sizes, 0) - sizes
        positions = [torch.arange(length) for length in lengths]
        self.positions = torch.cat(positions).to(device)  # (N,)
        scatter = torch.cat([row * self.width + position for row, position in enumerate(positions)])
        gather = torch.zeros(self.rows * self.width, dtype=torch.long)
        gather[scatter] = torch.arange(len(scatter))
        self.gather, self.scatter = gather.to(device), scatter.to(device)
        self.ends = (starts + sizes - 1).to(device)  # (B,) flat index of each sequence's last token
        self.starts = starts.to(device)
        future = torch.ones(self.width, self.width, dtype=torch.bool).triu(1)
        self._mask = torch.zeros(self.width, self.width).masked_fill_(future, float("-inf")).to(device)

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Causal attention within each sequence."""
        q, k, v = (self._pad(tensor) for tensor in (query, key, value))  # (B, heads, T, D)
        attend = self._math if self.width <= _MATH_LENGTH and not q.is_cuda else self._fused
        out = attend(q, k, v, scaling).transpose(1, 2)
        return out.reshape(self.rows * self.width, query.shape[1], query.shape[2])[self.scatter]

    def _pad(self, flat: Tensor) -> Tensor:
        heads, dim = flat.shape[1:]
        return flat[self.gather].view(self.rows, self.width, heads, dim).transpose(1, 2)

    def _math(self, q: Tensor, k: Tensor, v: Tensor, scaling: float) -> Tensor:
        rows, heads, width, dim = q.shape
        kv = k.shape[1]
        group = heads // kv
        q, k, v = q.reshape(rows * kv, group * width, dim), k.reshape(-1, width, dim), v.reshape(-1, width, dim)
        mask = self._mask.to(q.dtype).repeat(group, 1).expand(rows * kv, -1, -1)
        scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=scaling)
        return torch.bmm(torch.softmax(scores, -1), v).view(rows, heads, width, dim)

    def _fused(self, q: Tensor, k: Tensor, v: Tensor, scaling: float) -> Tensor:
        with ieee_matmul():
            return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scaling, enable_gqa=True)
