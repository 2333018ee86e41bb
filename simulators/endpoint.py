"""A language model behind any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, a hosted one.

What goes wrong raises EndpointError, which makes the episode FAILED: it says nothing about the policy.
"""

import json
import os
import random
import re
import time
import urllib.error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from agentrl.errors import ConfigError, EndpointError
from agentrl.simulators.transport import post

Message = Mapping[str, str]
"""{"role": "system" | "user" | "assistant", "content": text}"""

_SHOWN = 200
_LONGEST_WAIT = 30.0
_TRANSIENT = frozenset([408, 409, 425, 429, 500, 502, 503, 504])
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_THOUGHT_END = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL)
_ADVICE = {
    401: " Check api_key (or the variable OPENAI_API_KEY).",
    403: " Check api_key (or the variable OPENAI_API_KEY).",
    404: " Check the model's name, and that base_url ends where /chat/completions is to follow (usually in /v1).",
}


_GREETING = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."})


class _Transient(Exception):
    """Something that another attempt may cure; `wait` is how long the server asked for, in seconds."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


class _Unusable(_Transient):
    """An answer that is no text to use. The same seed would give it again."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers, and how it is asked. May be shared by threads.

    `timeout` is in seconds and for the whole of one attempt; after a passing failure there are up to `retries` more,
    with waits of `backoff`, 2 `backoff`, ... seconds, a little shortened by chance. `extra` is added to each request's
    body, e.g.
    {"chat_template_kwargs": {"enable_thinking": False}}. Without `api_key` the variable OPENAI_API_KEY is used, if set;
    blanks and line feeds around a key are dropped. Raises ConfigError when `base_url` is no address, or a number is out
    of range.
    """

    model: str
    base_url: str
    api_key: str | None = field(default=None, repr=False)
    temperature: float = 0.7
    max_tokens: int = 512
    timeout: float = 60.0
    retries: int = 3
    backoff: float = 0.5
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.match(r"https?://[^/\s]+", self.base_url):
            raise ConfigError(f"base_url={self.base_url!r} is no address; it looks like http://localhost:8000/v1")
        least = {"temperature": 0, "max_tokens": 1, "timeout": 0.001, "retries": 0, "backoff": 0}
        for name, bound in least.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= bound:
                raise ConfigError(f"{name}={value!r}: must be a number of at least {bound:g}")
        if not isinstance(self.extra, Mapping):
            raise ConfigError(f"extra={self.extra!r}: must be a mapping, which is added to each request's body")

    @property
    def url(self) -> str:
        """Where requests go."""
        return self.base_url.rstrip("/") + "/chat/completions"

    def check(self) -> str:
        """Asks for a greeting; how that went, in a line. Raises EndpointError, soon where nobody answers."""
        began = time.monotonic()
        replace(self, retries=min(1, self.retries)).chat(_GREETING, 0)
        return f"{self.model} at {self.base_url} answered a greeting in {time.monotonic() - began:.2f} s"

    def chat(self, messages: Sequence[Message], seed: int | None = None) -> str:
        """What the model says next, without its thoughts. Raises EndpointError, also for an answer that was cut."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": list(messages),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            **({} if seed is None else {"seed": seed}),
            **self.extra,
        }
        for attempt in range(1, self.retries + 2):
            try:
                return self._attempt(json.dumps(body).encode())
            except _Transient as problem:
                if attempt > self.retries:
                    times = f" ({attempt} attempts)" if attempt > 1 else ""
                    raise EndpointError(f"{self.url}: {problem}{times}.") from problem
                if isinstance(problem, _Unusable) and seed is not None:
                    body["seed"] = seed + attempt
                wait = max(problem.wait, self.backoff * 2 ** (attempt - 1) * random.uniform(0.75, 1.0))
                time.sleep(min(wait, _LONGEST_WAIT))
        raise AssertionError("unreachable")

    def _attempt(self, data: bytes) -> str:
        headers = {"Content-Type": "application/json"} | self._authorization()
        try:
            status, told, answer = post(self.url, data, headers, self.timeout)
        except TimeoutError as error:
            raise _Transient(f"did not answer within {self.timeout:g} s") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise _Transient(f"did not answer within {self.timeout:g} s") from error
            raise _Transient(f"cannot be reached: {_reason(error.reason)}; is the server running?") from error
        except (OSError, HTTPException) as error:
            raise _Transient(f"broke off: {_reason(error)}") from error
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise self._status(status, _shown(answer), told)
        return self._text(answer)

    def _authorization(self) -> dict[str, str]:
        key = (self.api_key or os.environ.get("OPENAI_API_KEY", "")).strip()
        if not (key.isascii() and key.isprintable()):
            raise EndpointError("the key (api_key, or OPENAI_API_KEY) holds characters that no HTTP header can carry")
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _text(self, answer: bytes) -> str:
        """The text of a chat completion, without thoughts."""
        content, cut = _content(answer)
        text = without_thoughts(content)
        if cut:
            what = "answered with thoughts only" if not text else "did not finish its answer"
            raise _Unusable(f"{what} within max_tokens={self.max_tokens}; raise it")
        if not text:
            raise _Unusable("answered with an empty text")
        return text

    def _status(self, code: int, text: str, headers: Any) -> Exception:
        name = next((status.phrase for status in HTTPStatus if status == code), "")
        problem = f"answered {code} {name}".rstrip() + (f": {text}" if text else "")
        if code in _TRANSIENT:
            asked = str(headers.get("Retry-After", ""))
            return _Transient(problem, float(asked) if asked.isdecimal() else 0.0)
        return EndpointError(f"{self.url}: {problem}.{_ADVICE.get(code, '')}")


def without_thoughts(text: str) -> str:
    """The text without <think>...</think>, also where only one of the marks was written."""
    text = _THOUGHT.sub("", text)
    return _THOUGHT_END.sub("", text).strip()


def _content(answer: bytes) -> tuple[str, bool]:
    """The text of a chat completion, and whether it was cut by the limit on tokens."""
    try:
        completion = json.loads(answer)
    except (ValueError, RecursionError) as error:  # brackets without end are no JSON either
        raise _Transient(f"answered what is no JSON: {_shown(answer)}") from error
    if not isinstance(completion, dict):
        raise _Transient(f"answered what is no chat completion: {_shown(answer)}")
    choices = completion.get("choices")
    if not isinstance(choices, list) or not choices:
        raise _Transient(f"answered without a choice: {_shown(answer)}")
    choice = choices[0] if isinstance(choices[0], dict) else {}
    message, cut = choice.get("message"), choice.get("finish_reason") == "length"
    content = message.get("content") if isinstance(message, dict) else None
    if content is None and cut:
        return "", True  # a server that hands thoughts out in a field of their own
    if not isinstance(content, str):
        raise _Transient(f"answered without a text: {_shown(answer)}")
    return content, cut


def _shown(data: bytes) -> str:
    """The error that a server's answer tells, else the beginning of the answer."""
    text = _told(data) or " ".join(data[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _told(data: bytes) -> str:
    """The message of an error in one of the forms that servers use: {"error": {"message"}}, {"message"}, {"error"}."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    error = answer.get("error", answer) if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return message.strip().rstrip(".") if isinstance(message, str) else ""


def _reason(error: object) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
