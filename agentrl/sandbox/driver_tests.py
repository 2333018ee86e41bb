"""Inside a second sandbox: run the tests, with proxies in the place of the solution's functions.

The solution lives in another process. What it answers is data (exact builtins), so there is nothing of it here that
could change what the tests do. Outcomes go, one JSON line each, to what was stdout.
"""

import ast
import builtins
import json
import os
import traceback
from collections.abc import Callable
from typing import Any

from agentrl.sandbox import codec, program, solution

_TESTS = "tests.py"
_MOST_CHARACTERS = 600


class SolutionGoneError(BaseException):
    """The solution's process ended. No `except Exception` of a test may take it for an answer."""


class Calls:
    """Makes proxies, and remembers the last answer for the report."""

    def __init__(self) -> None:
        self.last = ""
        self.error = ""
        self.count = 0

    def proxy(self, name: str) -> Callable[..., Any]:
        """A function that has the solution's process call `name`."""

        def candidate(*arguments: Any, **keywords: Any) -> Any:
            return self._call(name, arguments, keywords)

        candidate.__name__ = name
        return candidate

    def _call(self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        self.count += 1
        self.last = self.error = ""
        call = {
            "name": name,
            "arguments": [codec.encode(item) for item in arguments],
            "keywords": {key: codec.encode(item) for key, item in keywords.items()},
        }
        try:
            solution.send(codec.to_bytes(call))
            answer = solution.receive()
        except OSError:
            answer = None
        return self._take(answer)

    def _take(self, answer: Any) -> Any:
        if not isinstance(answer, dict):
            raise SolutionGoneError("the solution's process ended")
        if "value" in answer:
            try:
                value = codec.decode(answer["value"])
            except codec.CodecError as error:
                raise SolutionGoneError(str(error)) from None
            self.last = shorten(value)
            return value
        self.error = str(answer.get("error") or answer.get("refused"))[:_MOST_CHARACTERS]
        raise _exception(str(answer.get("raised")), str(answer.get("text") or answer.get("refused")))


def shorten(value: Any, most: int = 200) -> str:
    """`repr(value)`, cut in the middle when it is long."""
    try:
        text = repr(value)
    except ValueError:  # an int beyond sys.get_int_max_str_digits
        return "<a value with a huge int>"
    return text if len(text) <= most else f"{text[: most * 2 // 3]}...{text[-most // 4 :]}"


def _exception(name: str, text: str) -> Exception:
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, UnicodeError):
        return kind(text)
    return RuntimeError(f"{name}: {text}")


def main() -> None:
    """The whole program of the tests' side of `grade_source`."""
    verdicts = os.dup(1)
    order = solution.read_order()
    ready = solution.receive()
    if not isinstance(ready, dict) or not isinstance(ready.get("loaded"), list):
        error = ready.get("failed") if isinstance(ready, dict) else None
        _tell(verdicts, failed=str(error or "the solution's process ended while loading")[:_MOST_CHARACTERS])
        os._exit(0)
    calls = Calls()
    names = [name for name in ready["loaded"] if isinstance(name, str) and name.isidentifier()]
    space: dict[str, Any] = {name: calls.proxy(name) for name in names if not hasattr(builtins, name)}
    candidate = calls.proxy(order["entry_point"])
    space |= {order["entry_point"]: candidate, "candidate": candidate, "__name__": "tests"}
    program.register_source(_TESTS, order["tests"])
    _run(order, space, calls, verdicts)
    os._exit(0)


def _run(order: dict[str, Any], space: dict[str, Any], calls: Calls, verdicts: int) -> None:
    """Run the test source statement by statement; each step that the grader counts gives an outcome."""
    for number, statement in enumerate(ast.parse(order["tests"]).body):
        step = compile(ast.Module([statement], []), _TESTS, "exec", dont_inherit=True)
        outcome = _outcome(lambda step=step: exec(step, space), calls)  # type: ignore[misc]
        if number in order["counted"]:
            _tell(verdicts, **outcome)
        elif not outcome["passed"]:
            _tell(verdicts, failed=outcome["error"])
            return
    if order["check"]:
        calls.count = 0
        outcome = _outcome(lambda: space["check"](space["candidate"]), calls)
        if outcome["passed"] and not calls.count:
            outcome |= {"passed": False, "error": "check() never called the solution"}
        _tell(verdicts, **outcome)


def _outcome(action: Callable[[], object], calls: Calls) -> dict[str, Any]:
    calls.last = calls.error = ""
    try:
        action()
    except BaseException as error:
        gone = isinstance(error, SolutionGoneError)
        return {"passed": False, "got": calls.last, "error": _describe(error, calls), "gone": gone}
    return {"passed": True, "got": calls.last, "error": "", "gone": False}


def _describe(error: BaseException, calls: Calls) -> str:
    """What the solution raised; else the line of the test that failed."""
    if calls.error:
        return calls.error
    if isinstance(error, SolutionGoneError):
        return str(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _TESTS]
    where = (frames[-1].line or "").strip() if frames else ""
    text = str(error)
    summary = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"{where}\n{summary}"[:_MOST_CHARACTERS]


def _tell(verdicts: int, **message: Any) -> None:
    os.write(verdicts, json.dumps(message).encode() + b"\n")
