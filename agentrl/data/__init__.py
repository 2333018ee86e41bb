"""Data sets in and out: episodes as lines of JSON, and as chat messages."""

from agentrl.data.export import to_messages
from agentrl.data.jsonl import JsonlWriter, iter_episodes, write_jsonl

__all__ = ["JsonlWriter", "iter_episodes", "to_messages", "write_jsonl"]
