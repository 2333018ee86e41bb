"""Policy losses: gradients against autograd of the papers' formulas, written down directly."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from agentrl.losses import aggregate, cispo, policy_loss, token_weights, truncated_is_weights

LOW, HIGH = 0.2, 0.3


def batch(tokens: int = 40, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probs of the learner (with gradient) and the sampler, and advantages; many ratios lie out of the range."""
    generator = torch.Generator().manual_seed(seed)
    old = -torch.rand(tokens, generator=generator, dtype=torch.float64) * 4
    new = old + 0.4 * torch.randn(tokens, generator=generator, dtype=torch.float64)
    advantages = torch.randn(tokens, generator=generator, dtype=torch.float64)
    return new.requires_grad_(), old, advantages


def gradient(loss: Tensor, wrt: Tensor) -> Tensor:
    return torch.autograd.grad(loss, wrt)[0]


def one_token(ratio: float, advantage: float, loss: Callable[..., tuple[Tensor, object]] = policy_loss) -> float:
    """d loss / d logprob of a token with this ratio and advantage."""
    new = torch.tensor([math.log(ratio)], dtype=torch.float64, requires_grad=True)
    losses, _ = loss(new, torch.zeros(1), torch.tensor([advantage]), clip_low=LOW, clip_high=HIGH)
    return float(gradient(losses.sum(), new))


@settings(deadline=None, derandomize=True)
@given(log_ratio=st.floats(-3, 3), advantage=st.floats(-5, 5))
def test_the_loss_is_the_pessimistic_one_of_two(log_ratio: float, advantage: float) -> None:
    losses, _ = policy_loss(
        torch.tensor([log_ratio], dtype=torch.float64),
        torch.zeros(1, dtype=torch.float64),
        torch.tensor([advantage], dtype=torch.float64),
        clip_low=LOW,
        clip_high=HIGH,
    )
    ratio = math.exp(log_ratio)
    expected = -min(ratio * advantage, min(max(ratio, 1 - LOW), 1 + HIGH) * advantage)
    assert float(losses) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("ratio", "advantage"), [(1.31, 1.0), (5.0, 1.0), (0.79, -1.0), (0.1, -1.0)])
def test_a_token_that_went_far_enough_gets_no_gradient(ratio: float, advantage: float) -> None:
    assert one_token(ratio, advantage) == 0.0


@pytest.mark.parametrize("ratio", [1.0, 0.81, 1.29])
@pytest.mark.parametrize("advantage", [1.0, -1.0])
def test_inside_of_the_range_the_gradient_is_ratio_times_advantage(ratio: float, advantage: float) -> None:
    assert one_token(ratio, advantage) == pytest.approx(-ratio * advantage)


@pytest.mark.parametrize(("ratio", "advantage"), [(0.1, 1.0), (5.0, -1.0)])
def test_a_token_that_went_the_wrong_way_is_pulled_back(ratio: float, advantage: float) -> None:
    assert one_token(ratio, advantage) == pytest.approx(-ratio * advantage)


@pytest.mark.parametrize(("ratio", "moves"), [(1.25, True), (0.75, False)])
def test_the_range_is_wider_above_than_below(ratio: float, moves: bool) -> None:
    """1.25 = 1 + 0.25 is within clip_high = 0.3; 0.75 = 1 - 0.25 is not within clip_low = 0.2."""
    assert (one_token(ratio, 1.0 if ratio > 1 else -1.0) != 0.0) is moves


def test_at_the_old_policy_the_gradient_is_that_of_reinforce() -> None:
    new, _, advantages = batch()
    losses, _ = policy_loss(new, new.detach(), advantages, clip_low=LOW, clip_high=HIGH)
    torch.testing.assert_close(gradient(losses.sum(), new), -advantages)


def test_infinite_clips_leave_plain_importance_sampling() -> None:
    new, old, advantages = batch()
    losses, metrics = policy_loss(new, old, advantages, clip_low=math.inf, clip_high=math.inf)
    torch.testing.assert_close(losses, -(new - old).exp() * advantages)
    assert metrics["clip_fraction_low"] == metrics["clip_fraction_high"] == 0


def test_huge_ratios_give_finite_gradients() -> None:
    new = torch.tensor([0.0, 0.0, -200.0], requires_grad=True)
    old = torch.tensor([-200.0, -200.0, 0.0])
    losses, metrics = policy_loss(new, old, torch.tensor([1.0, -1.0, 1.0]), clip_low=LOW, clip_high=HIGH)
    assert gradient(losses.sum(), new).isfinite().all()
    assert all(metric.isfinite() for metric in metrics.values())


def test_metrics_against_a_plain_loop() -> None:
    new, old, advantages = batch()
    _, metrics = policy_loss(new, old, advantages, clip_low=LOW, clip_high=HIGH)
    ratios = (new - old).exp().tolist()
    pairs = list(zip(ratios, advantages.tolist(), strict=True))
    expected = {
        "clip_fraction_low": sum(r < 1 - LOW and a < 0 for r, a in pairs) / len(pairs),
        "clip_fraction_high": sum(r > 1 + HIGH and a > 0 for r, a in pairs) / len(pairs),
        "ratio_mean": sum(ratios) / len(ratios),
        "ratio_max": max(ratios),
        "approx_kl": sum(r - 1 - math.log(r) for r in ratios) / len(ratios),
    }
    assert {name: float(metric) for name, metric in metrics.items()} == pytest.approx(expected)


def test_clip_fractions_count_the_tokens_without_gradient() -> None:
    new, old, advantages = batch()
    losses, metrics = policy_loss(new, old, advantages, clip_low=LOW, clip_high=HIGH)
    share = (gradient(losses.sum(), new) == 0).double().mean()
    assert share > 0
    torch.testing.assert_close(metrics["clip_fraction_low"] + metrics["clip_fraction_high"], share)


def test_metrics_carry_no_gradient() -> None:
    _, metrics = policy_loss(*batch(), clip_low=LOW, clip_high=HIGH)
    assert not any(metric.requires_grad for metric in metrics.values())


# Sequence level (GSPO)

SEQUENCES = torch.tensor([7, 3, 3, 7, 3, 9, 9, 9, 9, 7, 3, 5])  # interleaved, of 3, 4, 4 and 1 tokens


def sequence_batch(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    new, old, _ = batch(len(SEQUENCES), seed)
    advantages = torch.zeros_like(old)
    for sequence, advantage in {7: 1.0, 3: -1.5, 9: 2.0, 5: -0.5}.items():
        advantages[sequence == SEQUENCES] = advantage
    return new, old, advantages


def gspo(new: Tensor, old: Tensor, advantages: Tensor, low: float, high: float) -> Tensor:
    """-J of GSPO as the paper has it: one ratio, one clip and one term per sequence."""
    terms = []
    for sequence in set(SEQUENCES.tolist()):
        members = sequence == SEQUENCES
        ratio = (new[members] - old[members]).mean().exp()
        advantage = advantages[members][0]
        terms.append(torch.minimum(ratio * advantage, ratio.clamp(1 - low, 1 + high) * advantage))
    return -torch.stack(terms).mean()


@pytest.mark.parametrize("clip", [10.0, 0.05], ids=["nothing clipped", "some clipped"])
@pytest.mark.parametrize("seed", range(5))
def test_sequence_level_has_the_value_and_gradient_of_gspo(clip: float, seed: int) -> None:
    new, old, advantages = sequence_batch(seed)
    losses, _ = policy_loss(
        new, old, advantages, clip_low=clip, clip_high=clip, level="sequence", sequence_ids=SEQUENCES
    )
    ours = aggregate(losses, token_weights(SEQUENCES, "trajectory").double())
    direct = gspo(new, old, advantages, clip, clip)
    # The weights are float32.
    torch.testing.assert_close(ours, direct, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(gradient(ours, new), gradient(direct, new), rtol=1e-6, atol=1e-7)


def test_a_clipped_sequence_is_dropped_as_a_whole() -> None:
    new = torch.tensor([0.4, 0.4, 0.0, 0.0], requires_grad=True)
    ids = torch.tensor([0, 0, 1, 1])
    losses, metrics = policy_loss(
        new, torch.zeros(4), torch.ones(4), clip_low=LOW, clip_high=HIGH, level="sequence", sequence_ids=ids
    )
    assert gradient(losses.sum(), new).tolist() == [0.0, 0.0, -1.0, -1.0]
    assert metrics["clip_fraction_high"] == 0.5


def test_sequences_of_one_token_are_the_token_level() -> None:
    new, old, advantages = batch()
    by_token, _ = policy_loss(new, old, advantages, clip_low=LOW, clip_high=HIGH)
    by_sequence, _ = policy_loss(
        new, old, advantages, clip_low=LOW, clip_high=HIGH, level="sequence", sequence_ids=torch.arange(len(new))
    )
    torch.testing.assert_close(by_sequence, by_token)
    torch.testing.assert_close(gradient(by_sequence.sum(), new), gradient(by_token.sum(), new))


def test_turns_of_a_sequence_may_have_different_advantages() -> None:
    """GSPO-token: each token's gradient is the sequence's ratio times its own advantage."""
    new, old = torch.tensor([0.3, -0.1], dtype=torch.float64, requires_grad=True), torch.zeros(2, dtype=torch.float64)
    advantages = torch.tensor([1.0, -2.0], dtype=torch.float64)
    losses, _ = policy_loss(
        new, old, advantages, clip_low=LOW, clip_high=HIGH, level="sequence", sequence_ids=torch.zeros(2).long()
    )
    torch.testing.assert_close(gradient(losses.sum(), new), -math.exp(0.1) * advantages)


def test_sequence_level_needs_ids() -> None:
    with pytest.raises(ValueError, match="sequence_ids"):
        policy_loss(*batch(), clip_low=LOW, clip_high=HIGH, level="sequence")


# CISPO


def test_cispo_has_the_clipped_ratio_as_a_constant_weight() -> None:
    new, old, advantages = batch()
    losses, _ = cispo(new, old, advantages, clip_low=LOW, clip_high=HIGH)
    weights = (new.detach() - old).exp().clamp(1 - LOW, 1 + HIGH)
    torch.testing.assert_close(gradient(losses.sum(), new), -weights * advantages)


def test_cispo_teaches_every_token_that_ppo_drops() -> None:
    new, old, advantages = batch()
    ppo = gradient(policy_loss(new, old, advantages, clip_low=LOW, clip_high=HIGH)[0].sum(), new)
    ours = gradient(cispo(new, old, advantages, clip_low=LOW, clip_high=HIGH)[0].sum(), new)
    assert (ppo == 0).any()
    assert (ours != 0).all()
    assert (ours.sign() == -advantages.sign()).all()


def test_cispo_without_a_lower_limit_keeps_small_weights() -> None:
    new = torch.tensor([math.log(0.01)], requires_grad=True)
    losses, metrics = cispo(new, torch.zeros(1), torch.ones(1), clip_low=1.0, clip_high=HIGH)
    assert float(gradient(losses.sum(), new)) == pytest.approx(-0.01)
    assert metrics["clip_fraction_low"] == 0


def test_cispo_counts_the_weights_it_limits() -> None:
    new, old, advantages = batch()
    _, metrics = cispo(new, old, advantages, clip_low=LOW, clip_high=HIGH)
    ratios = (new - old).exp()
    assert metrics["clip_fraction_low"] == (ratios < 1 - LOW).double().mean()
    assert metrics["clip_fraction_high"] == (ratios > 1 + HIGH).double().mean()


# Weights and shapes


@pytest.mark.parametrize("loss", [policy_loss, cispo])
def test_weights_scale_the_gradient_and_get_none(loss: Callable[..., tuple[Tensor, object]]) -> None:
    new, old, advantages = batch()
    weights = torch.rand(len(new), dtype=torch.float64, requires_grad=True)
    plain, _ = loss(new, old, advantages, clip_low=LOW, clip_high=HIGH)
    weighted, _ = loss(new, old, advantages, clip_low=LOW, clip_high=HIGH, weights=weights)
    torch.testing.assert_close(gradient(weighted.sum(), new), gradient(plain.sum(), new) * weights.detach())
    assert torch.autograd.grad(weighted.sum(), weights, allow_unused=True)[0] is None


def test_truncated_weights_are_the_ratio_up_to_the_cap() -> None:
    trainer = torch.tensor([0.0, math.log(1.5), math.log(9.0), -1.0, 500.0], requires_grad=True)
    weights = truncated_is_weights(trainer, torch.zeros(5), 2.0)
    torch.testing.assert_close(weights, torch.tensor([1.0, 1.5, 2.0, math.exp(-1.0), 2.0]))
    assert not weights.requires_grad


def test_truncated_weights_correct_the_sampler() -> None:
    """The expectation under the sampler of weight x reward is the trainer's expected reward, if the cap is not met."""
    generator = torch.Generator().manual_seed(0)
    trainer, sampler = torch.randn(2, 6, generator=generator).log_softmax(dim=-1)
    reward = torch.randn(6, generator=generator)
    corrected = (sampler.exp() * truncated_is_weights(trainer, sampler, math.inf) * reward).sum()
    torch.testing.assert_close(corrected, (trainer.exp() * reward).sum())


@pytest.mark.parametrize("loss", [policy_loss, cispo])
def test_a_column_is_not_broadcast(loss: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match=r"shapes differ.*advantages \(3, 1\)"):
        loss(torch.zeros(3), torch.zeros(3), torch.zeros(3, 1), clip_low=LOW, clip_high=HIGH)
