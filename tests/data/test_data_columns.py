"""The columns that the card tells are those of the records, all of them."""

import json
from typing import Any

import pytest

from agentrl.data import FORMATS
from agentrl.data.columns import COLUMNS, features
from agentrl.data.dataset import KINDS
from agentrl.episode import End, Episode, Trajectory, Turn

CALL = '<tool_call>{"name": "find", "arguments": {"id": 3}}</tool_call>'
TYPES = {"string": str, "int64": int, "float64": float, "bool": bool}


def episode(success: bool, answer: str) -> Episode:
    slip = Turn(observation="user: hi", text=CALL, info={"imitate": False}, rewards={"told": 1.0}, value=0.5)
    turns = (slip, Turn(observation="tool: 1", text=answer, reward=1.0, logprobs=(-0.5,), action=(3,), prompt=(1, 2)))
    seat = Trajectory("agent", turns, End.TERMINATED, system_prompt="Be kind.", final_prompt=(4,))
    info = {"success": success, "tools": [{"type": "function", "function": {"name": "find"}}], "category": "easy"}
    return Episode("desk", "t", 1, "g", (seat,), ("agent",), states=({"x": 1},), info=info)


def records(kind: str) -> list[dict[str, Any]]:
    good, bad = episode(True, "good"), episode(False, "bad")
    made = FORMATS[kind].records([good], [bad]) if kind in FORMATS else [json.loads(good.to_json())]
    return json.loads(json.dumps(list(made)))


def unlike(value: Any, column: Any, where: str) -> list[str]:
    """Where a value is not what its column says."""
    if column == "json" or value is None:
        return []
    if isinstance(column, str):
        return [] if type(value) is TYPES[column] else [where]
    if isinstance(column, list):
        return [one for i, item in enumerate(value) for one in unlike(item, column[0], f"{where}[{i}]")]
    more = [f"{where}.{key}" for key in value if key not in column]
    return more + [one for key in value if key in column for one in unlike(value[key], column[key], f"{where}.{key}")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_has_its_column(kind: str) -> None:
    assert set(COLUMNS) == set(KINDS)
    for record in records(kind):
        assert unlike(record, COLUMNS[kind], kind) == []
    assert {key for record in records(kind) for key in record} == set(COLUMNS[kind])


def test_columns_as_a_card_tells_them() -> None:
    told = {feature["name"]: feature for feature in features("messages")}
    assert told["reward"] == {"name": "reward", "dtype": "float64"}
    assert told["tools"] == {"name": "tools", "list": "json"}
    assert told["messages"]["list"][0] == {"name": "role", "dtype": "string"}
    assert {"name": "history", "list": {"list": "string"}} in features("alpaca")
