"""Hugging Face's `datasets` loads every form by the card's head. Skipped where it is not installed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentrl.data import FORMATS
from agentrl.data.dataset import KINDS, open_folder
from agentrl.data.selection import Selection
from agentrl.episode import End, Episode, Trajectory, Turn

datasets = pytest.importorskip("datasets", reason="the optional package `datasets` is not installed")

TOOLS = [
    {"type": "function", "function": {"name": "find", "parameters": {"properties": {"id": {"type": "string"}}}}},
    {"type": "function", "function": {"name": "list", "parameters": {"properties": {"most": {"type": "integer"}}}}},
]
REWARD = 0.9758620689655172
CALL = '<tool_call>{"name": "find", "arguments": {"id": "#W1"}}</tool_call>'


def spoken(answer: str, success: bool) -> Episode:
    """An episode without tools, slips and several turns: its records have fewer keys."""
    seat = Trajectory("agent", (Turn(observation="hi", text=answer, reward=REWARD * success),), End.TERMINATED)
    return Episode("desk", "t", 0, "g", (seat,), info={"success": success})


def episode(answer: str, success: bool) -> Episode:
    turns = (
        Turn(observation="user: hi", text=CALL, rewards={"told": 0.0}, info={"imitate": False}),
        Turn(observation='tool: {"a": 1}', text=answer, reward=REWARD * success),
    )
    seat = Trajectory("agent", turns, End.TERMINATED, system_prompt="Be kind.")
    return Episode("desk", "t", 0, "g", (seat,), info={"success": success, "tools": TOOLS})


def rounded(record: dict[str, Any]) -> dict[str, Any]:
    """With the nine digits of a reward that are left next to a column of JSON."""
    nested = {key: rounded(value) for key, value in record.items() if key.endswith("_outcome")}
    return record | nested | ({"reward": round(record["reward"], 8)} if "reward" in record else {})


def test_every_form_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with open_folder(tmp_path / "d", KINDS, Selection(), settings={"env": "desk"}, shard_size=3) as data:
        for number in range(7):
            data.add([episode(f"good {number}", True), episode(f"bad {number}", False)])
    for kind in KINDS:
        cache = str(tmp_path / "cache")
        table = datasets.load_dataset(str(tmp_path / "d"), kind, split="train", cache_dir=cache)
        assert len(table) == (7 if kind == "preference" else 14)
    messages = datasets.load_dataset(str(tmp_path / "d"), "messages", split="train", cache_dir=cache)[0]["messages"]
    assert messages[2]["tool_calls"][0]["function"]["name"] == "find"


@pytest.mark.parametrize("first", [spoken, episode])
@pytest.mark.parametrize("kind", KINDS)
def test_later_records_may_have_more_than_the_first(
    kind: str, first: Callable[..., Episode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    other = episode if first is spoken else spoken
    with open_folder(tmp_path / "d", [kind], Selection(), settings={"env": "desk"}, shard_size=1) as data:
        for make in (first, other, other):
            data.add([make("good", True), make("bad", False)])
    table = datasets.load_dataset(str(tmp_path / "d"), kind, split="train", cache_dir=str(tmp_path / "cache"))
    lines = [json.loads(line) for path in sorted((tmp_path / "d" / kind).iterdir()) for line in path.open()]
    assert len(table) == len(lines) == (3 if kind == "preference" else 6)
    if kind in FORMATS:  # what the table gives back is the same episode
        reads = [[FORMATS[kind].read(rounded(record)) for record in records] for records in (table, lines)]
        assert reads[0] == reads[1]
        assert max(read.reward for read in reads[0]) == pytest.approx(REWARD, abs=1e-8)
