"""What an agent's answer asks for: calls of tools, or a message to the user. A broken call is no message."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from agentrl.simulators.models import ToolCall

MOST_CALLS: Final = 8
"""Calls of one answer that are carried out."""

_THOUGHT: Final = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_CALL: Final = re.compile(r"<tool_call>(.*?)(</tool_call>|(?=<tool_call>)|\Z)", re.DOTALL)
_STRAY: Final = re.compile(r"</?tool_?calls?\b|^\s*\{\s*\"(?:name|arguments|tool|function)\"")
_IN_JSON: Final = json.JSONEncoder(ensure_ascii=False).encode
_FORM: Final = '<tool_call>{"name": "...", "arguments": {...}}</tool_call>'


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do in order: a call, or what is wrong with one. `message` goes to the user if there is nothing to do."""

    calls: tuple[ToolCall | str, ...]
    message: str


def parse(text: str, tools: Collection[str] = ()) -> Answer:
    """Read an answer. Thoughts in <think> are dropped, and so is text beside calls: it is a note.

    What looks like a call without its tags, also a bare `name(...)` of one of `tools`, is a broken call.
    """
    text = _THOUGHT.sub("", text) if "<think>" in text else text
    if "<tool_call>" in text:
        found = list(_CALL.finditer(text))
        calls = [_read(match[1], closed=match[2].startswith("</")) for match in found[:MOST_CALLS]]
        if len(found) > MOST_CALLS:
            calls.append(f"only the first {MOST_CALLS} calls of an answer are carried out")
        return Answer(tuple(calls), "")
    message = text.strip()
    odd = "<" in message or message.startswith("{")
    if (odd and _STRAY.search(message)) or ((name := message.partition("(")[0].rstrip()) != message and name in tools):
        return Answer((f"a call is written {_FORM}",), "")
    return Answer((), message) if message else Answer(("the message is empty",), "")


def written(call: ToolCall) -> str:
    """The call as an answer."""
    body = _IN_JSON({"name": call.name, "arguments": dict(call.arguments)})
    return f"<tool_call>{body}</tool_call>"


def _read(body: str, *, closed: bool) -> ToolCall | str:
    if not closed:
        return "a call is not closed by </tool_call>"
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        return f"a call is no JSON ({error}); it is written {_FORM}"
    if not isinstance(data, dict) or not isinstance(data.get("name"), str) or not set(data) <= {"name", "arguments"}:
        return f"a call has just a name and arguments: {_FORM}"
    arguments = data.get("arguments", {})
    if not isinstance(arguments, dict):
        return "the arguments of a call are an object"
    return ToolCall(data["name"], arguments)
