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

from agentrl.errors import ConfigError, ContextError, EndpointError, UnusableAnswerError
from agentrl.simulators.completions import Refused, Transient, Unusable, shown, text_of
from agentrl.simulators.transport import is_address, post

Message = Mapping[str, str]
"""{"role": "system" | "user" | "assistant", "content": text}"""

_LONGEST_WAIT = 30.0
_TRANSIENT = frozenset([408, 409, 425, 429, 500, 502, 503, 504])
_REFUSED = frozenset([400, 403, 413, 422, 451])
"""What servers answer to a conversation that does not fit, or that their filter does not let pass; and to other things,
which get no better when it is cut."""
_OVERFLOW = re.compile(r"context.?(?:length|size|window)|maximum context|too long|too many tokens", re.IGNORECASE)
_ADVICE = {
    401: " Check api_key (or the variable OPENAI_API_KEY).",
    403: " Check api_key (or the variable OPENAI_API_KEY).",
    404: " Check the model's name, and that base_url ends where /chat/completions is to follow (usually in /v1).",
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 100.0),
    "max_tokens": (1, 1 << 20),
    "timeout": (0.001, 86_400.0),
    "retries": (0, 100),
    "backoff": (0, 86_400.0),
}
"""The least and the most of each setting; whole numbers where the most is one."""
_GREETING = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."})


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
        if not isinstance(self.model, str) or not self.model:
            raise ConfigError(f"model={self.model!r}: must be the name by which the server knows the model")
        if not isinstance(self.base_url, str) or not is_address(self.base_url):
            raise ConfigError(f"base_url={self.base_url!r} is no address; it looks like http://localhost:8000/v1")
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            kind = int if isinstance(most, int) else int | float
            if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
                what = "a whole number" if isinstance(most, int) else "a number"
                raise ConfigError(f"{name}={value!r}: must be {what} from {least:g} to {most:.10g}")
        try:
            json.dumps(self.extra if isinstance(self.extra, Mapping) else object(), allow_nan=False)
        except (TypeError, ValueError) as error:
            told = "must be a mapping that JSON can hold, which is added to each request's body"
            raise ConfigError(f"extra={self.extra!r}: {told}") from error

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
        """What the model says next, without its thoughts.

        Raises EndpointError: ContextError where the messages may be too long for the model, or are refused;
        UnusableAnswerError for an
        answer that was cut or is empty.
        """
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
            except Transient as problem:
                unusable, overflow = isinstance(problem, Unusable), _OVERFLOW.search(str(problem))
                if overflow or attempt > self.retries:
                    times = f" ({attempt} attempts)" if attempt > 1 else ""
                    refused = overflow or isinstance(problem, Refused)
                    kind = UnusableAnswerError if unusable else ContextError if refused else EndpointError
                    raise kind(f"{self.url}: {problem}{times}.") from problem
                if unusable and seed is not None:
                    body["seed"] = seed + attempt
                wait = max(problem.wait, self.backoff * 2 ** (attempt - 1) * random.uniform(0.75, 1.0))
                time.sleep(min(wait, _LONGEST_WAIT))
        raise AssertionError("unreachable")

    def _attempt(self, data: bytes) -> str:
        headers = {"Content-Type": "application/json"} | self._authorization()
        try:
            status, told, answer = post(self.url, data, headers, self.timeout)
        except TimeoutError as error:
            raise Transient(f"did not answer within {self.timeout:g} s") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise Transient(f"did not answer within {self.timeout:g} s") from error
            raise Transient(f"cannot be reached: {_reason(error.reason)}; is the server running?") from error
        except (OSError, HTTPException, ValueError) as error:
            raise Transient(f"broke off: {_reason(error)}") from error
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise self._status(status, shown(answer), told)
        return text_of(answer, self.max_tokens)

    def _authorization(self) -> dict[str, str]:
        key = (self.api_key or os.environ.get("OPENAI_API_KEY", "")).strip()
        if not (key.isascii() and key.isprintable()):
            raise EndpointError("the key (api_key, or OPENAI_API_KEY) holds characters that no HTTP header can carry")
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _status(self, code: int, text: str, headers: Any) -> Exception:
        name = next((status.phrase for status in HTTPStatus if status == code), "")
        problem = f"answered {code} {name}".rstrip() + (f": {text}" if text else "")
        if code in _TRANSIENT:
            asked = str(headers.get("Retry-After", ""))
            return Transient(problem, float(asked) if asked.isdecimal() else 0.0)
        advice = _ADVICE.get(code, "")
        if code < HTTPStatus.BAD_REQUEST:
            advice = f" Requests are not sent on to {headers.get('Location', 'elsewhere')}; give the right base_url."
        return (ContextError if code in _REFUSED else EndpointError)(f"{self.url}: {problem}.{advice}")


def _reason(error: object) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
