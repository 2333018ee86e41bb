"""Aggregation: the same number and the same gradient, however the tokens are cut into rows and micro-batches."""

from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from agentrl.losses import Aggregation, aggregate, policy_loss, token_weights

CONSTANT = 50.0
LENGTHS = {0: 1, 1: 7, 2: 3, 3: 12}  # tokens per trajectory
IDS = torch.tensor([trajectory for trajectory, tokens in LENGTHS.items() for _ in range(tokens)])
every_way = pytest.mark.parametrize("how", get_args(Aggregation))


def weights_of(ids: Tensor, how: Aggregation) -> Tensor:
    return token_weights(ids, how, constant=CONSTANT if how == "constant" else None)


def losses_of(parameters: Tensor, tokens: Tensor) -> Tensor:
    """A loss per token that depends on shared parameters, as the tokens of one policy do."""
    features = torch.sin(tokens[:, None] * torch.arange(1, len(parameters) + 1))
    logprobs = -(features @ parameters).exp()
    losses, _ = policy_loss(logprobs, logprobs.detach() + 0.1, torch.cos(tokens.float()), clip_low=0.2, clip_high=0.2)
    return losses


def gradient_in_pieces(how: Aggregation, pieces: list[Tensor], ids: Tensor = IDS) -> Tensor:
    """The accumulated gradient over micro-batches, each given by the indices of its tokens."""
    parameters = torch.tensor([0.3, -0.2, 0.5], requires_grad=True)
    weights = weights_of(ids, how)
    for piece in pieces:
        aggregate(losses_of(parameters, piece), weights[piece]).backward()  # type: ignore[no-untyped-call]
    assert parameters.grad is not None
    return parameters.grad


def plain_mean(losses: list[float], how: Aggregation) -> float:
    """The three formulas of the papers, as loops."""
    trajectories: dict[int, list[float]] = {}
    for trajectory, loss in zip(IDS.tolist(), losses, strict=True):
        trajectories.setdefault(trajectory, []).append(loss)
    if how == "token":
        return sum(losses) / len(losses)
    if how == "trajectory":
        return sum(sum(part) / len(part) for part in trajectories.values()) / len(trajectories)
    return sum(sum(part) / CONSTANT for part in trajectories.values()) / len(trajectories)


@every_way
def test_the_sum_is_the_mean_of_the_paper(how: Aggregation) -> None:
    losses = torch.randn(len(IDS), generator=torch.Generator().manual_seed(0))
    assert float(aggregate(losses, weights_of(IDS, how))) == pytest.approx(plain_mean(losses.tolist(), how), rel=1e-5)


@every_way
@settings(deadline=None, derandomize=True)
@given(cuts=st.lists(st.integers(1, len(IDS) - 1), max_size=6), seed=st.integers(0, 1000))
def test_micro_batches_add_up_to_the_gradient_of_one_pass(how: Aggregation, cuts: list[int], seed: int) -> None:
    """Any number of micro-batches, of any sizes, with the tokens in any order."""
    order = torch.randperm(len(IDS), generator=torch.Generator().manual_seed(seed))
    pieces = list(order.tensor_split(sorted(set(cuts))))
    whole = gradient_in_pieces(how, [torch.arange(len(IDS))])
    torch.testing.assert_close(gradient_in_pieces(how, pieces), whole, rtol=1e-4, atol=1e-6)


@every_way
def test_a_trajectory_cut_into_rows_counts_once(how: Aggregation) -> None:
    """The rows of a trajectory share its id, wherever they lie in the batch: each token keeps its weight."""
    rows = torch.cat([IDS[:4], IDS[15:], IDS[4:15]])  # trajectories 1 and 3 are in two rows each
    cut, whole = weights_of(rows, how), weights_of(IDS, how)
    torch.testing.assert_close(cut, torch.cat([whole[:4], whole[15:], whole[4:15]]), rtol=0, atol=0)


def test_every_trajectory_weighs_the_same() -> None:
    weights = token_weights(IDS, "trajectory")
    shares = torch.zeros(4).index_add(0, IDS, weights)
    torch.testing.assert_close(shares, torch.full((4,), 0.25))


def test_every_token_weighs_the_same() -> None:
    assert token_weights(IDS, "token").tolist() == pytest.approx([1 / 23] * 23)


def test_a_constant_makes_weights_independent_of_lengths() -> None:
    longer = torch.cat([IDS, IDS[-1:].repeat(100)])
    torch.testing.assert_close(weights_of(longer, "constant")[: len(IDS)], weights_of(IDS, "constant"))


def test_only_the_ids_equality_matters() -> None:
    torch.testing.assert_close(token_weights(IDS * 1000 - 7, "trajectory"), token_weights(IDS, "trajectory"))


@every_way
def test_no_tokens_have_no_weights(how: Aggregation) -> None:
    assert weights_of(torch.zeros(0, dtype=torch.long), how).shape == (0,)


@pytest.mark.parametrize(
    ("how", "constant"), [("constant", None), ("constant", 0.0), ("token", 5.0), ("trajectory", 5.0)]
)
def test_a_constant_goes_with_constant_only(how: Aggregation, constant: float | None) -> None:
    with pytest.raises(ValueError, match="positive constant"):
        token_weights(IDS, how, constant=constant)


def test_ids_must_be_flat() -> None:
    with pytest.raises(ValueError, match="must have shape"):
        token_weights(IDS[None], "token")


def test_losses_and_weights_must_match() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        aggregate(torch.zeros(3), torch.zeros(3, 1))
