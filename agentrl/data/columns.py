"""The columns of each form, for Hugging Face's `datasets`: told in the card's head, they are not guessed from the first
records, which may lack what later ones have.

A column is the name of a type, a list of one kind of value, or a structure. "json" is any value.
"""

from collections.abc import Mapping
from typing import Any, Final

_OUTCOME: Final = {
    "reward": "float64",
    "success": "bool",
    "task_id": "string",
    "category": "string",
    "env": "string",
    "seed": "int64",
    "agent": "string",
    "end": "string",
    "final_observation": "string",
}
_TEXT: Final = {"role": "string", "content": "string", "weight": "int64"}
_CALL: Final = {"id": "string", "type": "string", "function": {"name": "string", "arguments": "string"}}
_MESSAGE: Final = _TEXT | {"tool_calls": [_CALL], "tool_call_id": "string"}
_TURN: Final = {
    "action": ["int64"],
    "prompt": ["int64"],
    "keep": "int64",
    "logprobs": ["float64"],
    "reward": "float64",
    "rewards": "json",
    "value": "float64",
    "temperature": "float64",
    "policy_version": "int64",
    "stop": "string",
    "observation": "string",
    "text": "string",
    "info": "json",
}
_SEAT: Final = {
    "agent": "string",
    "turns": [_TURN],
    "end": "string",
    "failure": "string",
    "final_keep": "int64",
    "final_prompt": ["int64"],
    "trainable": "bool",
    "system_prompt": "string",
    "final_observation": "string",
}
COLUMNS: Final[Mapping[str, Mapping[str, Any]]] = {
    "episodes": {
        "version": "int64",
        "env": "string",
        "task_id": "string",
        "seed": "int64",
        "group": "string",
        "trajectories": [_SEAT],
        "order": ["string"],
        "states": ["json"],
        "info": "json",
    },
    "messages": {"messages": [_MESSAGE], "tools": ["json"]} | _OUTCOME,
    "sharegpt": {
        "conversations": [{"from": "string", "value": "string"}],
        "system": "string",
        "unlearned": ["int64"],
        "tools": "string",
    }
    | _OUTCOME,
    "alpaca": {
        "instruction": "string",
        "input": "string",
        "output": "string",
        "system": "string",
        "history": [["string"]],
        "unlearned": ["int64"],
    }
    | _OUTCOME,
    "prompt_response": {"prompt": [_TEXT], "response": "string", "turn": "int64", "turns": "int64"} | _OUTCOME,
    "preference": {
        "prompt": [_TEXT],
        "chosen": [_TEXT],
        "rejected": [_TEXT],
        "chosen_outcome": _OUTCOME,
        "rejected_outcome": _OUTCOME,
    },
}


def features(kind: str) -> list[dict[str, Any]]:
    """A form's columns as the head of a card tells them. Raises KeyError for an unknown form."""
    return [_feature(name, column) for name, column in COLUMNS[kind].items()]


def _feature(name: str, column: Any) -> dict[str, Any]:
    if isinstance(column, str):
        return {"name": name, "dtype": column}
    return (
        {"name": name, "list": _item(column[0])}
        if isinstance(column, list)
        else {"name": name, "struct": _item(column)}
    )


def _item(column: Any) -> Any:
    if isinstance(column, list):
        return {"list": _item(column[0])}
    return column if isinstance(column, str) else [_feature(name, part) for name, part in column.items()]
