"""The trainer's state as a file that is read without running anything: torch.load(weights_only=True)."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentrl.errors import CheckpointError
from agentrl.runs.disk import plain_errors

PLAIN = (bool, int, float, str, bytes, type(None))


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a nested state of tensors, numbers, strings, None, lists, tuples and dicts (state_dicts, RNG states).

    Raises TypeError, naming the key, for anything else (NumPy scalars and arrays too: `.item()`, `.tolist()` or
    `torch.from_numpy` them), because it could not be read back. OSError or RuntimeError when the disk refuses, which
    `save_checkpoint` explains.
    """
    import torch

    _check(dict(state), "state")
    torch.save(dict(state), path)


def read_state(path: Path) -> dict[str, Any]:
    """Read what `write_state` wrote, with its tensors on the CPU. Raises CheckpointError when that is not possible."""
    import torch

    with plain_errors(CheckpointError, path):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except OSError:
            raise
        except Exception as error:  # torch raises many kinds for damaged files: RuntimeError, UnpicklingError, EOFError
            raise CheckpointError(f"{path} is damaged: it is no trainer state ({type(error).__name__}).") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} is no trainer state: it holds a {type(state).__name__}.")
    return state


def _check(value: Any, where: str) -> None:
    from torch import Tensor

    # exact types: a numpy.float64 is a float too, but pickles as a NumPy scalar
    if type(value) in PLAIN or isinstance(value, Tensor):
        return
    if type(value) in (dict, OrderedDict):
        for key, item in value.items():
            _check(key, f"a key of {where}")
            _check(item, f"{where}[{key!r}]")
    elif type(value) in (list, tuple):
        for index, item in enumerate(value):
            _check(item, f"{where}[{index}]")
    else:
        raise TypeError(f"{where} is a {type(value).__module__}.{type(value).__name__}, which is not kept in a state")
