"""One check that all losses share."""

from torch import Tensor


def check_same_shape(**tensors: Tensor | None) -> None:
    """Raise ValueError unless all tensors (None is left out) have one shape.

    Broadcasting (N,) with (N, 1) would silently give a loss of N x N numbers.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items() if tensor is not None}
    if len(set(shapes.values())) > 1:
        raise ValueError("shapes differ: " + ", ".join(f"{name} {shape}" for name, shape in shapes.items()))
