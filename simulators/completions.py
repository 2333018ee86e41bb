"""What a server of chat completions answered: a text without thoughts, or what is wrong with it."""

import json
import re
from typing import Any

_SHOWN = 200
_NAMES = r"(?:seed:)?(?:think(?:ing)?|thoughts?|reasoning)"
_BEGIN = rf"(?:<{_NAMES}(?:\s[^<>]*)?>|◁{_NAMES}▷|<\|(?:start|begin)_(?:of_)?{_NAMES}\|>|(?-i:\[THINK\]))"
_END = rf"(?:</{_NAMES}>|◁/{_NAMES}▷|<\|end_(?:of_)?{_NAMES}\|>|(?-i:\[/THINK\]))"
_THOUGHT = re.compile(rf"{_BEGIN}.*?(?:{_END}|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(rf"\A.*{_END}", re.DOTALL | re.IGNORECASE)
_CHANNEL = re.compile(
    r"<\|channel\|>\s*(?:analysis|commentary).*?"
    r"(?:<\|end\|>|(?=(?:<\|start\|>\s*assistant\s*)?<\|channel\|>\s*final)|\Z)",
    re.DOTALL,
)
_BARE_CHANNEL = re.compile(r"\A\s*(?:analysis|commentary).*?assistant\s?final", re.DOTALL)
"""The same where the server has dropped the marks: "analysisThey want ...assistantfinalHello"."""
_CHANNEL_MARK = re.compile(r"(?:<\|start\|>\s*assistant\s*)?<\|channel\|>\s*final\s*<\|message\|>|<\|(?:end|return)\|>")
_BROKEN_OFF = frozenset(["content_filter", "abort", "error", "cancelled"])
"""Values of `finish_reason` that come with a part of an answer."""
_QUOTES = {'"': '"', "“": "”", "「": "」"}


class Transient(Exception):
    """Something that another attempt may cure; `wait` is how long the server asked for, in seconds."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


class Unusable(Transient):
    """An answer that is no text to use. The same seed would give it again."""


class Refused(Transient):
    """An error in place of an answer: perhaps just for this conversation."""


def text_of(answer: bytes, max_tokens: int) -> str:
    """The text of a chat completion, without thoughts. Raises Transient or Unusable where there is none."""
    content, reason = _content(answer)
    text = without_thoughts(content)
    if reason == "length":
        what = "answered with thoughts only" if not text else "did not finish its answer"
        raise Unusable(f"{what} within max_tokens={max_tokens}; raise it")
    if reason in _BROKEN_OFF:
        raise Unusable(f"broke its answer off (finish_reason={reason})")
    if not text:
        raise Unusable("answered with an empty text")
    return text


def without_thoughts(text: str) -> str:
    """The text without <think>...</think>, in any of the spellings that models have for it, also where only one of the
    marks was written, and without the channels of thoughts that some have ("<|channel|>analysis")."""
    text = _BARE_CHANNEL.sub("", text)
    text = _CHANNEL_MARK.sub("", _CHANNEL.sub("", text)) if "<|" in text else text
    text = _THOUGHT.sub("", text)
    return _THOUGHT_END.sub("", text).strip()


def unquoted(text: str) -> str:
    """The text without the quotation marks around the whole of it, if there are any; those within stay."""
    text = text.strip()
    closing = _QUOTES.get(text[:1], "")
    within = text[1:-1]
    if len(text) > 1 and closing and text.endswith(closing) and closing not in within and text[0] not in within:
        return within.strip()
    return text


def shown(data: bytes) -> str:
    """The error that a server's answer tells, else the beginning of the answer."""
    text = _told(data) or " ".join(data[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _content(answer: bytes) -> tuple[str, str]:
    """The text of a chat completion, and why it ended."""
    try:
        completion = json.loads(answer)
    except (ValueError, RecursionError) as error:  # brackets without end are no JSON either
        raise Transient(f"answered what is no JSON: {shown(answer)}") from error
    if not isinstance(completion, dict):
        raise Transient(f"answered what is no chat completion: {shown(answer)}")
    choices = completion.get("choices")
    if not isinstance(choices, list) or not choices:
        raise (Refused if completion.get("error") else Transient)(f"answered without a choice: {shown(answer)}")
    if completion.get("error"):
        raise Refused(f"answered with an error: {shown(answer)}")
    choice = choices[0] if isinstance(choices[0], dict) else {}
    message, reason = choice.get("message"), str(choice.get("finish_reason"))
    content, refusal = (message.get("content"), message.get("refusal")) if isinstance(message, dict) else (None, None)
    if content is None and (reason == "length" or reason in _BROKEN_OFF or refusal):
        return "", reason  # of "length": a server that hands thoughts out in a field of their own
    if not isinstance(content, str):
        raise Transient(f"answered without a text: {shown(answer)}")
    return content.encode("utf-8", "replace").decode(), reason  # half an emoji fits into no file


def _told(data: bytes) -> str:
    """The message of an error in one of the forms that servers use: {"error": {"message"}}, {"message"}, {"error"}."""
    try:
        answer: Any = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    error = answer.get("error", answer) if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return message.strip().rstrip(".") if isinstance(message, str) else ""
