"""Hugging Face's `datasets` loads every form by the card's head. Skipped where it is not installed."""

from pathlib import Path

import pytest

from agentrl.data.dataset import KINDS, open_folder
from agentrl.data.selection import Selection
from agentrl.episode import End, Episode, Trajectory, Turn

datasets = pytest.importorskip("datasets", reason="the optional package `datasets` is not installed")

TOOLS = [
    {"type": "function", "function": {"name": "find", "parameters": {"properties": {"id": {"type": "string"}}}}},
    {"type": "function", "function": {"name": "list", "parameters": {"properties": {"most": {"type": "integer"}}}}},
]
CALL = '<tool_call>{"name": "find", "arguments": {"id": "#W1"}}</tool_call>'


def episode(answer: str, success: bool) -> Episode:
    turns = (
        Turn(observation="user: hi", text=CALL),
        Turn(observation='tool: {"a": 1}', text=answer, reward=float(success)),
    )
    seat = Trajectory("agent", turns, End.TERMINATED, system_prompt="Be kind.")
    return Episode("desk", "t", 0, "g", (seat,), info={"success": success, "tools": TOOLS})


def test_every_form_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with open_folder(tmp_path / "d", KINDS, Selection(), settings={"env": "desk"}, shard_size=3) as data:
        for number in range(7):
            data.add([episode(f"good {number}", True), episode(f"bad {number}", False)])
    for kind in KINDS:
        cache = str(tmp_path / "cache")
        table = datasets.load_dataset(str(tmp_path / "d"), kind, split="train", cache_dir=cache)
        assert len(table) == {"preference": 7, "prompt_response": 28}.get(kind, 14)
    messages = datasets.load_dataset(str(tmp_path / "d"), "messages", split="train", cache_dir=cache)[0]["messages"]
    assert messages[2]["tool_calls"][0]["function"]["name"] == "find"
