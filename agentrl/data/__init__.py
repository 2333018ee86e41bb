"""Data sets in and out: episodes as lines of JSON, and the forms that other tools fine-tune on."""

from agentrl.data.export import from_messages, to_messages
from agentrl.data.formats import (
    FORMATS,
    from_alpaca,
    from_preference,
    from_prompt_response,
    from_sharegpt,
    to_alpaca,
    to_preference,
    to_prompt_response,
    to_sharegpt,
)
from agentrl.data.jsonl import JsonlWriter, iter_episodes, write_jsonl

__all__ = [
    "FORMATS",
    "JsonlWriter",
    "from_alpaca",
    "from_messages",
    "from_preference",
    "from_prompt_response",
    "from_sharegpt",
    "iter_episodes",
    "to_alpaca",
    "to_messages",
    "to_preference",
    "to_prompt_response",
    "to_sharegpt",
    "write_jsonl",
]
