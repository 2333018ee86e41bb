"""Losses: pure functions of tensors on a flat token axis (N,). They see no configuration and no batch object.

Each returns one loss per token; `token_weights` and `aggregate` make one number of them, so that what is averaged over
what is a choice of its own.
"""

from agentrl.losses.aggregation import Aggregation, aggregate, token_weights
from agentrl.losses.divergence import KLEstimator, entropy, kl, nll
from agentrl.losses.policy import RatioLevel, cispo, policy_loss, truncated_is_weights
from agentrl.losses.value import value_loss

__all__ = [
    "Aggregation",
    "KLEstimator",
    "RatioLevel",
    "aggregate",
    "cispo",
    "entropy",
    "kl",
    "nll",
    "policy_loss",
    "token_weights",
    "truncated_is_weights",
    "value_loss",
]
