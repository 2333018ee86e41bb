"""KL estimators by exact expectation over a small vocabulary; entropy against torch.distributions."""

import math
from collections.abc import Callable
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Categorical, kl_divergence

from agentrl.losses import KLEstimator, entropy, kl, nll

every_estimator = pytest.mark.parametrize("estimator", get_args(KLEstimator))


def two_policies(seed: int = 0, vocabulary: int = 7) -> tuple[Tensor, Tensor]:
    """Logits of a policy (with gradient) and of its reference."""
    generator = torch.Generator().manual_seed(seed)
    policy, reference = 1.5 * torch.randn(2, vocabulary, generator=generator, dtype=torch.float64)
    return policy.requires_grad_(), reference


def expected_estimate(policy: Tensor, reference: Tensor, estimator: KLEstimator) -> Tensor:
    """The expectation over tokens that the policy samples, by enumeration; the samples themselves carry no gradient."""
    logprobs = policy.log_softmax(dim=-1)
    return (logprobs.exp().detach() * kl(logprobs, reference.log_softmax(dim=-1), estimator)).sum()


def exact(left: Tensor, right: Tensor) -> Tensor:
    return kl_divergence(Categorical(logits=left), Categorical(logits=right))


def gradient(value: Tensor, wrt: Tensor) -> Tensor:
    return torch.autograd.grad(value, wrt)[0]


@pytest.mark.parametrize("estimator", ["k1", "k3"])
@pytest.mark.parametrize("seed", range(3))
def test_k1_and_k3_are_unbiased(estimator: KLEstimator, seed: int) -> None:
    policy, reference = two_policies(seed)
    torch.testing.assert_close(expected_estimate(policy, reference, estimator), exact(policy, reference))


def test_k2_is_nearly_unbiased_near_the_reference_only() -> None:
    policy, reference = two_policies()
    near = reference + 0.01 * policy
    torch.testing.assert_close(expected_estimate(near, reference, "k2"), exact(near, reference), rtol=0.02, atol=0)
    assert not torch.isclose(expected_estimate(policy, reference, "k2"), exact(policy, reference), rtol=0.02, atol=0)


@pytest.mark.parametrize("estimator", ["k2", "k3"])
@settings(deadline=None, derandomize=True)
@given(d=st.floats(-60, 60))
def test_k2_and_k3_are_never_negative(estimator: KLEstimator, d: float) -> None:
    estimate = kl(torch.tensor([d]), torch.zeros(1), estimator)
    assert estimate >= 0
    assert estimate.isfinite()


@every_estimator
def test_equal_policies_have_no_distance(estimator: KLEstimator) -> None:
    logprobs = torch.tensor([-0.1, -3.0, -40.0])
    assert not kl(logprobs, logprobs, estimator).any()


@every_estimator
@settings(deadline=None, derandomize=True)
@given(d=st.floats(-5, 5))
def test_estimators_are_what_they_are_called(estimator: KLEstimator, d: float) -> None:
    formula = {"k1": d, "k2": d * d / 2, "k3": math.exp(-d) - 1 + d}[estimator]
    estimate = kl(torch.tensor([d], dtype=torch.float64), torch.zeros(1, dtype=torch.float64), estimator)
    assert float(estimate) == pytest.approx(formula, abs=1e-12)


def test_k1_as_a_loss_does_nothing() -> None:
    policy, reference = two_policies()
    drift = gradient(expected_estimate(policy, reference, "k1"), policy)
    torch.testing.assert_close(drift, torch.zeros_like(drift))


def test_k2_as_a_loss_has_the_gradient_of_the_reverse_kl() -> None:
    policy, reference = two_policies()
    ours = gradient(expected_estimate(policy, reference, "k2"), policy)
    torch.testing.assert_close(ours, gradient(exact(policy, reference), policy))


def test_k3_as_a_loss_has_the_gradient_of_the_forward_kl() -> None:
    policy, reference = two_policies()
    ours = gradient(expected_estimate(policy, reference, "k3"), policy)
    torch.testing.assert_close(ours, gradient(exact(reference, policy), policy))


@every_estimator
def test_the_kl_of_wild_tokens_never_pushes_the_wrong_way(estimator: KLEstimator) -> None:
    """d << 0: the reference likes the token far better, so its log-prob must not be pushed down by k2 and k3."""
    logprobs = torch.tensor([-200.0], requires_grad=True)
    slope = gradient(kl(logprobs, torch.zeros(1), estimator).sum(), logprobs)
    assert slope.isfinite()
    assert estimator == "k1" or slope <= 0


def test_kl_does_not_broadcast_a_column() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        kl(torch.zeros(3), torch.zeros(3, 1), "k3")


@pytest.mark.parametrize("scale", [0.0, 1.0, 50.0])
def test_entropy_equals_the_distribution_s(scale: float) -> None:
    logits = scale * torch.randn(5, 11, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(entropy(logits), Categorical(logits=logits).entropy())  # type: ignore[no-untyped-call]


def test_entropy_of_equal_logits_is_the_log_of_their_number() -> None:
    torch.testing.assert_close(entropy(torch.full((2, 8), 3.0)), torch.full((2,), math.log(8)))


def test_the_gradient_of_entropy_equals_finite_differences() -> None:
    logits = torch.randn(3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(entropy, logits)


@pytest.mark.parametrize("forbidden", [-math.inf, -1e30, torch.finfo(torch.float32).min])
def test_forbidden_tokens_change_neither_entropy_nor_gradient(forbidden: float) -> None:
    allowed = torch.tensor([[0.3, -1.0, 2.0]], requires_grad=True)
    logits = torch.tensor([[0.3, forbidden, -1.0, 2.0, forbidden]], requires_grad=True)
    torch.testing.assert_close(entropy(logits), entropy(allowed))
    slope = gradient(entropy(logits).sum(), logits)
    torch.testing.assert_close(slope[:, [0, 2, 3]], gradient(entropy(allowed).sum(), allowed))
    assert not slope[:, [1, 4]].any()


def test_one_allowed_token_has_no_entropy() -> None:
    logits = torch.tensor([[-math.inf, 5.0, -math.inf]], requires_grad=True)
    assert entropy(logits) == 0
    assert not gradient(entropy(logits).sum(), logits).any()


def test_nll_is_the_cross_entropy_of_the_chosen_tokens() -> None:
    logits, tokens = torch.randn(4, 9, generator=torch.Generator().manual_seed(0)), torch.tensor([1, 8, 0, 3])
    chosen = logits.log_softmax(dim=-1).gather(1, tokens[:, None]).squeeze(1)
    reference: Callable[..., Tensor] = torch.nn.functional.cross_entropy
    torch.testing.assert_close(nll(chosen), reference(logits, tokens, reduction="none"))
