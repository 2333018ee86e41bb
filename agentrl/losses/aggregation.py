"""From one loss per token to one number, exactly the same whatever the micro-batches and rows.

A mean over a micro-batch is not a part of the mean over the mini-batch, because micro-batches hold different numbers of
tokens and trajectories. So the weights are computed once over the whole mini-batch, and what remains is a sum, which
may be taken in any pieces:

    weights = token_weights(trajectory_ids, "trajectory")          # over all tokens of the mini-batch
    for part in micro_batches:                                     # any cut
        aggregate(losses[part], weights[part]).backward()          # gradients add up to those of one pass

A trajectory is told by its id, not by its row: cut into several rows it still counts once.
"""

from typing import Literal, assert_never

import torch
from torch import Tensor

from agentrl.losses.shapes import check_same_shape

Aggregation = Literal["token", "trajectory", "constant"]


def token_weights(trajectory_ids: Tensor, how: Aggregation, *, constant: float | None = None) -> Tensor:
    """The weight of each token's loss, for all N sampled tokens of a mini-batch.

    `trajectory_ids` (N,) integers in any order; n is the number of different ones.

        "token"       1 / N                                 every token counts the same: DAPO
        "trajectory"  1 / (n * tokens of its trajectory)    every trajectory counts the same: GRPO
        "constant"    1 / (n * constant)                    a sum over tokens, unbiased by length: Dr. GRPO

    "trajectory" makes a token of a long trajectory weigh less, so long failures cost little and answers grow; "token"
    lets long trajectories dominate; "constant" has neither bias if `constant` (in tokens, such as the longest that a
    trajectory may be) stays the same throughout the run.

    Returns (N,) in torch's default float type, on the device of `trajectory_ids`; the first two sum to 1.
    Source: GRPO, arXiv 2402.03300, equation 3; DAPO, arXiv 2503.14476, section 3.3; Dr. GRPO, arXiv 2503.20783.
    Raises ValueError when `trajectory_ids` is not (N,), or `constant` is not positive or given for another `how`.
    """
    if trajectory_ids.ndim != 1:
        raise ValueError(f"trajectory_ids must have shape (N,), not {tuple(trajectory_ids.shape)}")
    if (how == "constant") != (constant is not None and constant > 0):
        raise ValueError(f"'constant' needs a positive constant, the others none; got how={how!r}, constant={constant}")
    tokens = len(trajectory_ids)
    _, index, counts = torch.unique(trajectory_ids, return_inverse=True, return_counts=True)
    match how:
        case "token":
            return torch.full((tokens,), 1.0 / max(tokens, 1), device=trajectory_ids.device)
        case "trajectory":
            weights: Tensor = (len(counts) * counts[index]).reciprocal()
            return weights
        case "constant":
            assert constant is not None
            return torch.full((tokens,), 1.0 / (max(len(counts), 1) * constant), device=trajectory_ids.device)
    assert_never(how)


def aggregate(losses: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum of `losses` (N,) with the matching `weights` (N,) of `token_weights`: a scalar.

    The sums over the micro-batches of a mini-batch add up to its loss. Raises ValueError when the shapes differ.
    """
    check_same_shape(losses=losses, weights=weights)
    return (losses * weights).sum()
