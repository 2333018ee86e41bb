"""Policy losses: the probability ratio, and what to do where it leaves the trusted range.

All tensors are (N,), N >= 1: one entry per *sampled* token, in any order. `logprobs` are those of the policy that
learns (with gradient), `old_logprobs` those of the same policy before the update, `advantages` are constants. All
log-probs are natural and finite.
"""

from typing import Literal

import torch
from torch import Tensor

from agentrl.losses.shapes import check_same_shape

RatioLevel = Literal["token", "sequence"]

_MAX_LOG_RATIO = 20.0
"""exp(20) is far outside of every trusted range; an overflow to inf would make the backward pass NaN (0 * inf)."""


def policy_loss(
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    *,
    clip_low: float,
    clip_high: float,
    level: RatioLevel = "token",
    sequence_ids: Tensor | None = None,
    weights: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """-min(r A, clip(r, 1 - clip_low, 1 + clip_high) A) per token, r = pi(token) / pi_old(token).

    The gradient is r A grad(log pi), and 0 where the update has gone far enough: A > 0 and r > 1 + clip_high, or A < 0
    and r < 1 - clip_low. `math.inf` for both clips nothing.

    level "token": PPO; with clip_high > clip_low DAPO's clip-higher, which leaves rare tokens room to grow.
    level "sequence": r is one number per sequence, exp(mean over its tokens of log pi - log pi_old), and `sequence_ids`
    (N,), integers in any order, tells the sequence of each token. Its gradient flows through each token by itself
    (GSPO-token): with one advantage per sequence that is the gradient of GSPO, and it stays right when the turns of a
    sequence have different advantages. All tokens of a sequence must be in the same call.

    `weights` (N,): constants that multiply the loss, see `truncated_is_weights`.

    Returns (losses (N,), metrics). The metrics are detached scalars: `clip_fraction_low` and `clip_fraction_high`, the
    shares of tokens whose gradient is cut; `ratio_mean`, `ratio_max`; `approx_kl`, Schulman's k3 estimate of
    KL(pi_old || pi) in nats per token.

    Source: PPO, Schulman et al. 2017, arXiv 1707.06347, equation 7; DAPO, Yu et al. 2025, arXiv 2503.14476, section
    3.1; GSPO, Zheng et al. 2025, arXiv 2507.18071, sections 4.1 and 4.3 (GSPO-token).
    Raises ValueError when shapes differ, or for level "sequence" without `sequence_ids`.
    """
    check_same_shape(
        logprobs=logprobs, old=old_logprobs, advantages=advantages, sequence_ids=sequence_ids, weights=weights
    )
    log_ratio = logprobs - old_logprobs
    if level == "sequence":
        if sequence_ids is None:
            raise ValueError("level 'sequence' needs sequence_ids")
        # The value is the sequence's, the gradient is the token's own: x - x.detach() is 0 with gradient 1.
        level_log_ratio = _sequence_mean(log_ratio.detach(), sequence_ids) + logprobs - logprobs.detach()
    else:
        level_log_ratio = log_ratio
    ratio = level_log_ratio.clamp(max=_MAX_LOG_RATIO).exp()
    clipped = ratio.clamp(1 - clip_low, 1 + clip_high)
    losses = torch.maximum(-advantages * ratio, -advantages * clipped)
    too_low = (ratio < 1 - clip_low) & (advantages < 0)
    too_high = (ratio > 1 + clip_high) & (advantages > 0)
    return _weighted(losses, weights), _metrics(log_ratio, ratio, too_low, too_high)


def cispo(
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    *,
    clip_low: float,
    clip_high: float,
    weights: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """-stop_gradient(clip(r, 1 - clip_low, 1 + clip_high)) A log pi per token: clip the weight, keep the gradient.

    Where PPO drops a token whose ratio left the range, CISPO limits its weight, so that every token with A != 0 goes on
    learning. clip_low >= 1 sets no lower limit (as in the paper). The arguments are those of `policy_loss`.

    Returns (losses (N,), metrics) as `policy_loss` does; here the clip fractions are the shares of tokens whose weight
    was limited, whatever the sign of A. The value of this loss means nothing, only its gradient does.

    Source: MiniMax-M1, 2025, arXiv 2506.13585, section 3.1. Raises ValueError when shapes differ.
    """
    check_same_shape(logprobs=logprobs, old=old_logprobs, advantages=advantages, weights=weights)
    log_ratio = (logprobs - old_logprobs).detach()
    ratio = log_ratio.clamp(max=_MAX_LOG_RATIO).exp()
    losses = -ratio.clamp(1 - clip_low, 1 + clip_high) * advantages * logprobs
    metrics = _metrics(log_ratio, ratio, ratio < 1 - clip_low, ratio > 1 + clip_high)
    return _weighted(losses, weights), metrics


def truncated_is_weights(trainer_logprobs: Tensor, sampler_logprobs: Tensor, cap: float) -> Tensor:
    """min(pi_trainer / pi_sampler, cap) per token, without gradient; of the shape of its arguments.

    The engine that samples and the learner compute different log-probs for the same weights (kernels, precision,
    quantisation), so samples are slightly off-policy. These weights correct that; the cap bounds their variance.

    Source: Yao et al. 2025, "Your Efficient RL Framework Secretly Brings You Off-Policy RL Training"; Ionides 2008.
    Raises ValueError when the shapes differ.
    """
    check_same_shape(trainer=trainer_logprobs, sampler=sampler_logprobs)
    return (trainer_logprobs - sampler_logprobs).detach().exp().clamp(max=cap)


def _sequence_mean(x: Tensor, sequence_ids: Tensor) -> Tensor:
    """The mean of `x` over each sequence, at each of its tokens."""
    _, index, counts = torch.unique(sequence_ids, return_inverse=True, return_counts=True)
    sums = torch.zeros(len(counts), dtype=x.dtype, device=x.device).index_add(0, index, x)
    means: Tensor = (sums / counts)[index]
    return means


def _weighted(losses: Tensor, weights: Tensor | None) -> Tensor:
    return losses if weights is None else losses * weights.detach()


@torch.no_grad()
def _metrics(log_ratio: Tensor, ratio: Tensor, too_low: Tensor, too_high: Tensor) -> dict[str, Tensor]:
    bounded = log_ratio.clamp(max=_MAX_LOG_RATIO)
    return {
        "clip_fraction_low": too_low.to(ratio.dtype).mean(),
        "clip_fraction_high": too_high.to(ratio.dtype).mean(),
        "ratio_mean": ratio.mean(),
        "ratio_max": ratio.max(),
        "approx_kl": (torch.expm1(bounded) - bounded).mean(),
    }
