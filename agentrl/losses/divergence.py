"""Likelihood, entropy, and the distance to a reference policy."""

import math
from typing import Literal, assert_never

import torch
from torch import Tensor

from agentrl.losses.shapes import check_same_shape

KLEstimator = Literal["k1", "k2", "k3"]

_MAX_EXPONENT = 20.0
"""Bounds exp(-d) in k3; a sampled token that the reference finds e^20 times likelier has no business in the batch."""


def kl(logprobs: Tensor, ref_logprobs: Tensor, estimator: KLEstimator) -> Tensor:
    """Estimate KL(pi || ref) in nats from tokens that pi sampled; d = log pi - log ref, one estimate per token.

        k1 = d                  unbiased, may be negative
        k2 = d^2 / 2            biased, never negative
        k3 = exp(-d) - 1 + d    unbiased, never negative, low variance

    In a reward (detached), k1 is right and k3 is the quieter one. As a loss they differ, since the gradient of an
    estimate is not an estimate of the gradient; for tokens sampled from pi itself the expected gradients are:

        k1: 0. It adds noise and does nothing; never use it as a loss.
        k2: that of KL(pi || ref): what one means.
        k3: that of KL(ref || pi), the other direction (GRPO's choice); close to it while pi is near the reference.

    `logprobs`, `ref_logprobs`: one shape, finite; returns that shape. k3 has no gradient where d < -20.

    Source: Schulman 2020, http://joschu.net/blog/kl-approx.html; GRPO, arXiv 2402.03300, equation 4; the gradients:
    Liu et al. 2025, arXiv 2510.01555. Raises ValueError when the shapes differ.
    """
    check_same_shape(logprobs=logprobs, ref_logprobs=ref_logprobs)
    d = logprobs - ref_logprobs
    match estimator:
        case "k1":
            return d
        case "k2":
            return 0.5 * d.square()
        case "k3":
            # Clamp d as a whole: with only the exponent bounded, the remaining + d would push the wrong way.
            d = d.clamp(min=-_MAX_EXPONENT)
            return torch.expm1(-d) + d
    assert_never(estimator)


def entropy(logits: Tensor) -> Tensor:
    """The entropy of softmax(logits) in nats: (N, V) -> (N,), exact, with gradient.

    Logits of -inf (forbidden tokens) count as probability 0, with gradient 0; at least one per row must be finite.
    Logits in float32 or wider; bfloat16 is too coarse for a sum over a vocabulary.
    """
    logprobs = torch.log_softmax(logits, dim=-1)
    # 0 * -inf is NaN, forward and backward; 0 * 0 is the limit that is meant.
    return -(logprobs.exp() * logprobs.masked_fill(logprobs == -math.inf, 0.0)).sum(dim=-1)


def nll(logprobs: Tensor) -> Tensor:
    """The negative log-likelihood -log pi per token, in nats: (N,) -> (N,). The loss of supervised fine-tuning."""
    return -logprobs
