"""What an agent's answer asks for: calls of tools, or a message to the user. A broken call is no message."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from agentrl.simulators.models import ToolCall

MOST_CALLS: Final = 8
"""Calls of one answer that are carried out."""

_THOUGHT: Final = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_CALL: Final = re.compile(r"<tool_call>(.*?)(</tool_call>|(?=<tool_call>)|\Z)", re.DOTALL)
_ODD: Final = ("<", "{", "(", "[", "✿", "ction:")
"""One of them is in whatever looks like a call."""
_STRAY: Final = re.compile(
    r"</?(?:tool_?calls?|function|invoke)\b|<[|｜]\s*(?:tool|python_tag)|\[/?TOOL_?CALLS?\b|✿FUNCTION|"
    r"^\W*\{\s*\"(?:name|arguments|tool|tool_calls|function|action)\"|^```(?:json|tool\w*)\b",
    re.IGNORECASE,
)
"""Marks of the calls of other models, and of those without their tags."""
_IN_JSON: Final = json.JSONEncoder(ensure_ascii=False).encode
_FORM: Final = '<tool_call>{"name": "...", "arguments": {...}}</tool_call>'


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do in order: a call, or what is wrong with one. `message` goes to the user if there is nothing to do."""

    calls: tuple[ToolCall | str, ...]
    message: str


def parse(text: str, tools: Collection[str] = ()) -> Answer:
    """Read an answer. Thoughts in <think> are dropped, and so is text beside calls: it is a note.

    A thought may lack its beginning, which a model's template writes. What looks like a call without its tags, or in
    another form, is a broken call wherever it stands: a JSON object or `name(...)` of one of `tools`, for example.
    """
    if "think>" in text:
        text = _THOUGHT.sub("", text).rpartition("</think>")[2]
    if "<tool_call>" in text:
        found = list(_CALL.finditer(text))
        calls = [_read(match[1], closed=match[2].startswith("</")) for match in found[:MOST_CALLS]]
        if len(found) > MOST_CALLS:
            calls.append(f"only the first {MOST_CALLS} calls of an answer are carried out")
        return Answer(tuple(calls), "")
    message = text.strip()
    if any(sign in message for sign in _ODD) and (_STRAY.search(message) or _names(tuple(tools)).search(message)):
        return Answer((f"a call is written {_FORM}",), "")
    return Answer((), message) if message else Answer(("the message is empty",), "")


@lru_cache(maxsize=64)
def _names(tools: tuple[str, ...]) -> re.Pattern[str]:
    """A call of one of the tools in JSON, as in Python, or as an action, which no customer is meant to read."""
    name = "|".join(map(re.escape, tools)) or r"(?!)"
    return re.compile(
        rf"[\"'](?:name|tool|tool_name|function|action)[\"']\s*:\s*[\"'](?:{name})[\"']"
        rf"|^(?:{name})\s*\(|(?<![\w.])(?:{name})\(\s*(?:\)|[{{\"'#]|\w+\s*=)"
        rf"|(?:^|\n)\W*action:\W*(?:{name})\W*\n\W*action input\b",
        re.IGNORECASE,
    )


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
    name = data.get("name") if isinstance(data, dict) and set(data) <= {"name", "arguments"} else None
    if not isinstance(name, str) or not name:
        return f"a call has just a name and arguments: {_FORM}"
    arguments = data.get("arguments", {})
    if not isinstance(arguments, dict):
        return "the arguments of a call are an object"
    return ToolCall(name, arguments)
