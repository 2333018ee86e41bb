"""The trainer's state: comes back bit for bit, and reading it never runs anything."""

import os
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import CheckpointError
from agentrl.runs.state import read_state, write_state

LEAVES = st.none() | st.booleans() | st.integers(-(2**130), 2**130) | st.floats(allow_nan=False) | st.text("aé\n")
STATES = st.dictionaries(
    st.text("abc") | st.integers(),
    st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner) | st.tuples(inner)),
)


@given(state=STATES)
def test_plain_values_come_back_unchanged(tmp_path_factory: pytest.TempPathFactory, state: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("state") / "trainer.pt"
    write_state(path, state)
    assert read_state(path) == state


def test_optimiser_and_random_generators_go_on_where_they_were(tmp_path: Path) -> None:
    layer = torch.nn.Linear(3, 2)
    optimiser = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(3)).sum().backward()
    optimiser.step()
    numbers, python = np.random.default_rng(5), random.Random(5)
    state = {
        "model": layer.state_dict(),
        "optimiser": optimiser.state_dict(),
        "torch": torch.get_rng_state(),
        "numpy": numbers.bit_generator.state,
        "python": python.getstate(),
    }
    write_state(tmp_path / "trainer.pt", state)
    expected = (torch.rand(3), numbers.random(), python.random())
    read = read_state(tmp_path / "trainer.pt")
    torch.set_rng_state(read["torch"])
    numbers.bit_generator.state = read["numpy"]
    python.setstate(read["python"])
    assert torch.equal(torch.rand(3), expected[0])
    assert (numbers.random(), python.random()) == expected[1:]
    other = torch.optim.AdamW(torch.nn.Linear(3, 2).parameters())
    other.load_state_dict(read["optimiser"])
    assert torch.equal(other.state_dict()["state"][0]["exp_avg"], optimiser.state_dict()["state"][0]["exp_avg"])


@pytest.mark.parametrize("value", [np.float64(1.0), np.ones(2), {1, 2}, Path("a"), object()])
def test_what_could_not_be_read_back_is_refused_with_its_key(tmp_path: Path, value: object) -> None:
    with pytest.raises(TypeError, match=r"state\['outer'\]\[1\]\['inner'\] is a"):
        write_state(tmp_path / "trainer.pt", {"outer": [0, {"inner": value}]})


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("pwned",)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_reading_never_runs_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Any) -> None:
    monkeypatch.chdir(tmp_path)
    save({"a": Hostile()}, tmp_path / "trainer.pt")
    with pytest.raises(CheckpointError, match=r"trainer\.pt is damaged"):
        read_state(tmp_path / "trainer.pt")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("left", [0, 1, 100, 600, -1])
def test_a_cut_file_is_said(tmp_path: Path, left: int) -> None:
    path = tmp_path / "trainer.pt"
    write_state(path, {"a": torch.arange(300)})
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(CheckpointError, match=r"trainer\.pt is damaged"):
        read_state(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"trainer\.pt cannot be used: No such file"):
        read_state(tmp_path / "trainer.pt")


def test_a_file_without_a_state_is_said(tmp_path: Path) -> None:
    torch.save(torch.ones(2), tmp_path / "trainer.pt")
    with pytest.raises(CheckpointError, match="holds a Tensor"):
        read_state(tmp_path / "trainer.pt")
