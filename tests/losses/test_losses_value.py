"""The clipped value loss, case by case."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.losses import value_loss

numbers = st.floats(-10, 10)


def loss_and_gradient(value: float, old: float, target: float, clip: float) -> tuple[float, float]:
    values = torch.tensor([value], dtype=torch.float64, requires_grad=True)
    losses = value_loss(values, torch.tensor([old]).double(), torch.tensor([target], dtype=torch.float64), clip=clip)
    return float(losses.detach()), float(torch.autograd.grad(losses.sum(), values)[0])


@pytest.mark.parametrize(
    ("value", "target", "loss", "gradient"),
    [
        (0.1, 1.0, 0.5 * 0.9**2, -0.9),  # within the clip: the plain error
        (0.5, 1.0, 0.5 * 0.8**2, 0.0),  # moved towards the target by more than the clip: stop
        (-0.5, 1.0, 0.5 * 1.5**2, -1.5),  # moved away from it: come back
        (0.5, -1.0, 0.5 * 1.5**2, 1.5),
        (-0.5, -1.0, 0.5 * 0.8**2, 0.0),
        (3.0, 1.0, 0.5 * 2.0**2, 2.0),  # overshot so far that the clipped value would be better
    ],
)
def test_cases_around_an_old_value_of_zero(value: float, target: float, loss: float, gradient: float) -> None:
    assert loss_and_gradient(value, 0.0, target, clip=0.2) == pytest.approx((loss, gradient))


@settings(deadline=None, derandomize=True)
@given(value=numbers, old=numbers, target=numbers, clip=st.floats(0.01, 5))
def test_it_is_the_larger_of_the_two_errors(value: float, old: float, target: float, clip: float) -> None:
    old = float(torch.tensor(old))  # float32, as the helper stores it
    clipped = min(max(value, old - clip), old + clip)
    expected = max(0.5 * (value - target) ** 2, 0.5 * (clipped - target) ** 2)
    assert loss_and_gradient(value, old, target, clip)[0] == pytest.approx(expected, abs=1e-9)


def test_an_infinite_clip_is_the_squared_error() -> None:
    assert loss_and_gradient(3.0, 0.0, 1.0, math.inf) == (2.0, 2.0)


def test_a_column_is_not_broadcast() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        value_loss(torch.zeros(3), torch.zeros(3), torch.zeros(3, 1), clip=0.2)
