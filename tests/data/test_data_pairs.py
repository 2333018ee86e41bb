"""Pairs in a data set: each failure that differs from the others once, whether or not it is kept by itself."""

import json
from pathlib import Path

import pytest

from agentrl.data.dataset import open_files
from agentrl.data.selection import Dedup, Selection
from agentrl.episode import End, Episode, Trajectory, Turn


def episode(text: str, success: bool = False) -> Episode:
    turn = Turn(observation="?", text=text, reward=float(success))
    return Episode("game", "t", 0, "g", (Trajectory("agent", (turn,), End.TERMINATED),), info={"success": success})


@pytest.mark.parametrize("only_success", [True, False])
@pytest.mark.parametrize(("dedup", "expected"), [("off", 3), ("exact", 3), ("near", 2)])
def test_a_pair_for_each_failure_that_differs(dedup: Dedup, expected: int, only_success: bool, tmp_path: Path) -> None:
    group = [episode("right", True), *map(episode, ["wrong 1", "wrong 1", "wrong 2", "worse"])]
    selection = Selection(only_success, dedup=dedup)
    with open_files({"preference": tmp_path / "pairs.jsonl"}, selection) as data:
        data.add(group, [episode("worse"), episode("Right?", True)])
    pairs = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]
    rejected = [pair["rejected"][0]["content"] for pair in pairs]
    assert rejected == ["wrong 1", "wrong 2", "worse"][: 3 if expected == 3 else 1] + ["worse"] * (expected == 2)
