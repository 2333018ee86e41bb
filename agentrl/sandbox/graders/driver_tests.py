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

from agentrl.sandbox.embedded import program
from agentrl.sandbox.graders import codec, solution
from agentrl.sandbox.graders.asking import (
    MOST_CHARACTERS,
    RefusedError,
    SolutionGoneError,
    as_raised,
    ask,
    decode,
    encode,
    exception_of,
    told,
    write_back,
)
from agentrl.sandbox.graders.shown import shown

_TESTS = "tests.py"


class Calls:
    """Makes proxies, and remembers the last answer for the report."""

    def __init__(self, in_place: bool) -> None:
        self.in_place = in_place
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
        question = {
            "name": name,
            "arguments": [encode(item) for item in arguments],
            "keywords": {key: encode(item) for key, item in keywords.items()},
            "in_place": self.in_place,
        }
        answer = ask(question)
        # The driver's list of arguments is the outermost container, on both sides.
        known = codec.containers(list(arguments)) if self.in_place else []

        def same_object(pair: Any) -> Any:
            tag, place = pair
            if tag != "same" or type(place) is not int or not 0 < place < len(known):
                raise codec.CodecError("malformed value")
            return known[place]

        if self.in_place and "arguments" in answer:
            write_back(known, answer["arguments"], same_object)
        if "value" in answer:
            value = decode(answer["value"], same_object)
            self.last = shown(value)
            return value
        self.error = told(answer)
        raise as_raised(exception_of(answer))


def main() -> None:
    """The whole program of the tests' side of `grade_source`."""
    verdicts = os.dup(1)
    order = solution.read_order()
    ready = solution.receive()
    if not isinstance(ready, dict) or not isinstance(ready.get("loaded"), list):
        error = ready.get("failed") if isinstance(ready, dict) else None
        _tell(verdicts, failed=str(error or "the solution's process ended while loading")[:MOST_CHARACTERS])
        os._exit(0)
    calls = Calls(order["in_place"])
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
            _tell(verdicts, stopped=outcome["error"], gone=outcome["gone"])
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
    if isinstance(error, SolutionGoneError | RefusedError):
        return str(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _TESTS]
    where = (frames[-1].line or "").strip() if frames else ""
    text = str(error)
    summary = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"{where}\n{summary}"[:MOST_CHARACTERS]


def _tell(verdicts: int, **message: Any) -> None:
    os.write(verdicts, json.dumps(message).encode() + b"\n")
