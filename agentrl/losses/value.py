"""The critic's loss."""

import torch
from torch import Tensor

from agentrl.losses.shapes import check_same_shape


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, *, clip: float) -> Tensor:
    """0.5 max((v - R)^2, (v_clipped - R)^2) per element, with v_clipped within `clip` of the old value.

    Tensors of one shape, usually one entry per turn: `values` with gradient, `old_values` the critic's estimates before
    the update, `returns` its targets. A value that has already moved more than `clip` towards its target gets no
    gradient; one that moved away from it does. `clip=math.inf` is the plain squared error.

    Source: the value clipping of PPO's reference code, described in Engstrom et al. 2020, arXiv 2005.12729, section 2.
    Raises ValueError when the shapes differ.
    """
    check_same_shape(values=values, old_values=old_values, returns=returns)
    clipped = old_values + (values - old_values).clamp(-clip, clip)
    return 0.5 * torch.maximum((values - returns).square(), (clipped - returns).square())
