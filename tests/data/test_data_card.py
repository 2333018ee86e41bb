"""The measures of variety look at each conversation once, whatever the form."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from agentrl.data.dataset import KINDS, open_folder
from agentrl.data.selection import Selection
from agentrl.episode import End, Episode, Trajectory, Turn

TURNS = 4


def episode(rng: random.Random, index: int, success: bool = True) -> Episode:
    """Random words, after an observation that all episodes of a task share."""
    turns = tuple(
        Turn(
            observation=f"task {index}" if turn == 0 else f"seen {rng.random()}",
            text=" ".join(str(rng.randrange(5000)) for _ in range(30)),
            reward=float(success),
        )
        for turn in range(TURNS)
    )
    seat = Trajectory("agent", turns, End.TERMINATED, system_prompt="Be kind.")
    return Episode("game", f"t{index}", index, "g", (seat,), info={"success": success})


def variety(folder: Path, kinds: tuple[str, ...], *, failures: int = 3, samples: int = 1) -> dict[str, Any]:
    rng = random.Random(0)
    with open_folder(folder, kinds, Selection(only_success=True), settings={}, shard_size=50) as data:
        for index in range(20):
            group = [episode(rng, index) for _ in range(samples)]
            data.add(group, [episode(rng, index, False) for _ in range(failures)])
    return json.loads((folder / "card.json").read_text())["variety"]


@pytest.mark.parametrize("kind", KINDS)
def test_records_of_one_conversation_are_no_near_duplicates(kind: str, tmp_path: Path) -> None:
    measured = variety(tmp_path / "d", (kind,))
    assert measured["episodes_looked_at"] == 20
    assert measured["near_duplicate_share"] == 0
    assert measured["answers"] == variety(tmp_path / "all", KINDS)["answers"]


def test_several_episodes_of_a_task_are_several_conversations(tmp_path: Path) -> None:
    assert variety(tmp_path / "d", ("prompt_response",), samples=2)["episodes_looked_at"] == 40
    assert variety(tmp_path / "e", ("prompt_response", "messages"), samples=2)["episodes_looked_at"] == 40
