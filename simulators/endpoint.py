"""A language model behind any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, a hosted one.

What goes wrong raises EndpointError, which makes the episode FAILED: it says nothing about the policy.
"""

import json
import os
import random
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from agentrl.errors import ConfigError, EndpointError

Message = Mapping[str, str]
"""{"role": "system" | "user" | "assistant", "content": text}"""

_MOST_BYTES = 8 << 20
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


class _Transient(Exception):
    """Something that another attempt may cure; `wait` is how long the server asked for, in seconds."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers, and how it is asked. May be shared by threads.

    `timeout` is in seconds and for one attempt; after a passing failure there are up to `retries` more, with waits of
    `backoff`, 2 `backoff`, ... seconds, a little shortened by chance. `extra` is added to each request's body, e.g.
    {"chat_template_kwargs": {"enable_thinking": False}}. Without `api_key` the variable OPENAI_API_KEY is used, if set.
    Raises ConfigError when `base_url` is no address.
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

    @property
    def url(self) -> str:
        """Where requests go."""
        return self.base_url.rstrip("/") + "/chat/completions"

    def chat(self, messages: Sequence[Message], seed: int | None = None) -> str:
        """What the model says next, without its thoughts. Raises EndpointError."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": list(messages),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            **({} if seed is None else {"seed": seed}),
            **self.extra,
        }
        data = json.dumps(body).encode()
        for attempt in range(1, self.retries + 2):
            try:
                return self._attempt(data)
            except _Transient as problem:
                if attempt > self.retries:
                    times = f" ({attempt} attempts)" if attempt > 1 else ""
                    raise EndpointError(f"{self.url}: {problem}{times}.") from problem
                wait = max(problem.wait, self.backoff * 2 ** (attempt - 1) * random.uniform(0.75, 1.0))
                time.sleep(min(wait, _LONGEST_WAIT))
        raise AssertionError("unreachable")

    def _attempt(self, data: bytes) -> str:
        key = self.api_key or os.environ.get("OPENAI_API_KEY")
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        request = urllib.request.Request(self.url, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:
                answer = response.read(_MOST_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                raise self._status(error.code, _shown(error.read(_MOST_BYTES)), error.headers) from error
        except TimeoutError as error:
            raise _Transient(f"did not answer within {self.timeout:g} s") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise _Transient(f"did not answer within {self.timeout:g} s") from error
            raise _Transient(f"cannot be reached: {_reason(error.reason)}; is the server running?") from error
        except (OSError, HTTPException) as error:
            raise _Transient(f"broke off: {_reason(error)}") from error
        return without_thoughts(_content(answer))

    def _status(self, code: int, text: str, headers: Any) -> Exception:
        name = next((status.phrase for status in HTTPStatus if status == code), "")
        problem = f"answered {code} {name}".rstrip() + (f": {text}" if text else "")
        if code in _TRANSIENT:
            asked = str(headers.get("Retry-After", ""))
            return _Transient(problem, float(asked) if asked.isdigit() else 0.0)
        return EndpointError(f"{self.url}: {problem}.{_ADVICE.get(code, '')}")


def without_thoughts(text: str) -> str:
    """The text without <think>...</think>, also where only one of the marks was written."""
    text = _THOUGHT.sub("", text)
    return _THOUGHT_END.sub("", text).strip()


def _content(answer: bytes) -> str:
    """The text of a chat completion."""
    try:
        completion = json.loads(answer)
    except ValueError as error:
        raise _Transient(f"answered what is no JSON: {_shown(answer)}") from error
    if not isinstance(completion, dict):
        raise _Transient(f"answered what is no chat completion: {_shown(answer)}")
    choices = completion.get("choices")
    if not isinstance(choices, list) or not choices:
        raise _Transient(f"answered without a choice: {_shown(answer)}")
    message = choices[0].get("message") if isinstance(choices[0], dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str):
        raise _Transient(f"answered without a text: {_shown(answer)}")
    if not without_thoughts(content):
        cut = choices[0].get("finish_reason") == "length"
        raise _Transient("answered with thoughts only; raise max_tokens" if cut else "answered with an empty text")
    return content


def _shown(data: bytes) -> str:
    text = " ".join(data[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _reason(error: object) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
