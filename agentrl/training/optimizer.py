"""The optimiser: AdamW, or Muon for the matrices of the transformer's blocks and AdamW for all else.

Muon (Jordan et al. 2024; in torch since 2.9) orthogonalises the momentum of each matrix. From random weights it needs
far fewer steps than AdamW: the tiny policy rests on that.
"""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import nn

OptimizerName = Literal["adamw", "muon"]

_BETAS = (0.9, 0.95)
"""A short memory of squared gradients: runs have hundreds of steps, not hundreds of thousands."""
_MUON_RATE = 20 / 3
"""Muon's learning rate relative to AdamW's: an orthogonal update has a norm of its own."""


class Optimizer:
    """One or two torch optimisers as one. `learning_rate` is AdamW's; Muon's follows it at a fixed ratio."""

    def __init__(self, policy: nn.Module, name: OptimizerName, weight_decay: float) -> None:
        learned = [(key, value) for key, value in policy.named_parameters() if value.requires_grad]
        blocks = [p for key, p in learned if name == "muon" and p.ndim == 2 and ".layers." in key]
        inside = {id(parameter) for parameter in blocks}
        others = [p for _, p in learned if id(p) not in inside]
        groups = [
            {"params": [p for p in others if p.ndim >= 2], "weight_decay": weight_decay},
            {"params": [p for p in others if p.ndim < 2], "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        self._parts: list[tuple[torch.optim.Optimizer, float]] = []
        if groups:
            self._parts.append((torch.optim.AdamW(groups, lr=0.0, betas=_BETAS, fused=True), 1.0))
        if blocks:
            self._parts.append((torch.optim.Muon(blocks, lr=0.0, weight_decay=weight_decay), _MUON_RATE))

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for optimizer, _ in self._parts:
            optimizer.zero_grad(set_to_none=True)

    def step(self, learning_rate: float) -> None:
        """Apply the gradients."""
        for optimizer, ratio in self._parts:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * ratio
            optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """The state of the parts, by number."""
        return {str(number): optimizer.state_dict() for number, (optimizer, _) in enumerate(self._parts)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        for number, (optimizer, _) in enumerate(self._parts):
            optimizer.load_state_dict(state[str(number)])
