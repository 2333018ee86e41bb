"""The text in which agents call tools, and the same as the structured messages of chat completions.

An action is words, then calls: `Let me look.\\n<tool_call>{"name": "find", "arguments": {"id": 3}}</tool_call>`. What
is observed after it is one line `tool: {...}` for each call, and then what the user says, as `user: ...` up to the end.
Lines for what was no proper call (`error: ...`) are kept whole, as if the user had said them.

What a model writes in <think> is no call, and words behind a call are a note: they come to stand before it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BEGIN = "<tool_call>"
_CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>\s*", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_TOOL, _USER, _ERROR = "tool: ", "user: ", "error: "
_RAW = (_TOOL, _ERROR)


def split_action(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The words and the calls ({"name", "arguments"}) of an action; what holds a broken call is words as a whole."""
    aloud = _aloud(text)
    first = position = aloud.find(_BEGIN)
    if first < 0:
        return text, []
    calls: list[dict[str, Any]] = []
    notes: list[str] = []
    while position >= 0:
        match = _CALL.match(text, position)
        call = _call(match[1]) if match else None
        if match is None or call is None:
            return text, []
        calls.append(call)
        position = aloud.find(_BEGIN, match.end())
        notes.append(text[match.end() : position if position >= 0 else None].strip())
    behind = [note for note in notes if note]
    if any("think>" in note for note in behind):  # before the calls it would make them a part of the thought
        return text, []
    before = text[:first].rstrip("\n")
    return "\n".join([before, *behind] if before else behind), calls


def join_action(words: str, calls: Sequence[Mapping[str, Any]]) -> str:
    """The action in its canonical form: words, then one call on each line."""
    lines = [words] if words or not calls else []
    for call in calls:
        whole = {"name": call["name"], "arguments": call["arguments"]}
        lines.append(f"<tool_call>{json.dumps(whole, ensure_ascii=False)}</tool_call>")
    return "\n".join(lines)


def split_observation(text: str, calls: int) -> tuple[list[str], str | None] | None:
    """The results of `calls` calls, and what the user said after them (None: nothing).

    None when the text has another form, or a result that no call asked for.
    """
    results: list[str] = []
    rest: str | None = text
    while rest is not None and len(results) < calls:
        if not rest.startswith(_TOOL):
            return None
        line, feed, after = rest.partition("\n")
        results.append(line[len(_TOOL) :])
        rest = after if feed else None
    if rest is None:
        return (results, None) if len(results) == calls else None
    if rest.startswith(_USER) and not rest.startswith(_RAW, len(_USER)):
        return results, rest[len(_USER) :]
    return (results, rest) if rest.startswith(_ERROR) and f"\n{_TOOL}" not in rest else None


def join_observation(results: Sequence[str], said: str | None) -> str:
    """What `split_observation` splits."""
    lines = [_TOOL + result for result in results]
    if said is not None:
        lines.append(said if said.startswith(_RAW) else _USER + said)
    return "\n".join(lines)


def _aloud(text: str) -> str:
    """The text with blanks for thoughts; one may lack its beginning, which a model's template writes."""
    if "think>" not in text:
        return text
    shown = _THOUGHT.sub(lambda thought: " " * len(thought[0]), text)
    end = shown.rfind("</think>") + len("</think>") if "</think>" in shown else 0
    return " " * end + shown[end:]


def _call(source: str) -> dict[str, Any] | None:
    try:
        found = json.loads(source)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.keys() - {"name", "arguments"} or not isinstance(found.get("name"), str):
        return None
    arguments = found.get("arguments", {})
    return {"name": found["name"], "arguments": arguments} if isinstance(arguments, dict) else None
