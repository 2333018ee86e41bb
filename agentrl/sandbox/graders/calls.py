"""Graders that the graded program cannot reach: tests that are calls.

In-process graders fall to three lines of Python: an object whose `__eq__` says True, a look at the caller's frame, a
verdict written before `os._exit`. Here the solution runs in a fresh process that never held an expected value, only
data of exact builtin types comes back (codec.py), and the comparison happens in another process.
"""

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentrl.sandbox.graders import codec
from agentrl.sandbox.graders.compare import Rules, same, same_unordered
from agentrl.sandbox.graders.conversation import Conversation, twice
from agentrl.sandbox.graders.report import (
    Outcome,
    Report,
    cut_short,
    failure,
    is_time_out,
    not_loaded,
    report_of,
)
from agentrl.sandbox.graders.shown import shown
from agentrl.sandbox.types import DEFAULT_LIMITS, Limits, Sandbox, Status


@dataclass(frozen=True, slots=True)
class Raises:
    """An expected exception, by the name of its class or of a base class, as `except` would catch it.

    The name of a builtin stands for that very class: one of the solution's own that only bears its name does not
    count, one derived from it does. Any other name is looked for among the exception's further classes
    (`Raises("JSONDecodeError")`, or one that the task asks to define). Raises ValueError for Exception and
    BaseException, which every mistake would meet.
    """

    name: str

    def __post_init__(self) -> None:
        if self.name in ("Exception", "BaseException"):
            raise ValueError(f"Raises({self.name!r}) would be met by any mistake; name the exception that is meant")
        known = getattr(builtins, self.name, None)
        if not self.name.isidentifier() or (known is not None and not _is_error(known)):
            raise ValueError(f"{self.name!r} is not the name of an exception's class")

    def met_by(self, raised: Any) -> bool:
        """Whether what `solution.raised` told is the expected exception."""
        kind = "builtin" if hasattr(builtins, self.name) else "own"
        names = raised.get(kind) if isinstance(raised, dict) else None
        return isinstance(names, list) and self.name in names


def _is_error(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


@dataclass(frozen=True, slots=True)
class CallTest:
    """One call and what it should return (both of builtin data types), or which exception it should raise."""

    args: tuple[Any, ...]
    expected: Any
    """The value, or `Raises("ValueError")`."""
    unordered: bool = False
    """The expected list or tuple may come in any order, each element as often as expected."""
    rel_tol: float = 1e-6
    """How far from an expected float an answer may be, as a share of the larger one; expected ints are exact."""
    abs_tol: float = 1e-9
    """The same as an absolute distance; the larger allowance counts."""
    strict_sequences: bool = False
    """Tell tuples from lists."""
    seconds: float | None = None
    """Wall time for this call; None: only the limit of the whole run."""

    def __post_init__(self) -> None:
        if self.unordered and not isinstance(self.expected, list | tuple):
            raise ValueError(f"unordered needs an expected list or tuple, not {type(self.expected).__name__}")
        if self.rel_tol < 0 or self.abs_tol < 0 or (self.seconds is not None and self.seconds <= 0):
            raise ValueError("rel_tol and abs_tol must be at least 0, and seconds positive")

    def met_by(self, got: Any) -> bool:
        """Whether the answer, exact builtin data, is good."""
        rules = Rules(self.rel_tol, self.abs_tol, self.strict_sequences)
        return (same_unordered if self.unordered else same)(self.expected, got, rules)


def grade_calls(
    sandbox: Sandbox, solution: str, entry_point: str, tests: Sequence[CallTest], limits: Limits = DEFAULT_LIMITS
) -> Report:
    """Call `entry_point` of the solution with each test's arguments, in one run, and compare what it returns.

    `limits.wall_seconds` is for all calls together. A call that takes longer than its test's `seconds` ends the run:
    calls before it keep their outcome, later ones were not run. Each call gets arguments of its own, and the solution
    sees them only when it has answered all calls before.
    Raises SandboxError when the machinery fails twice, CodecError when a test holds more than builtin data.
    """
    questions = [_question(entry_point, test) for test in tests]
    with sandbox.place():
        return twice(lambda: _grade(sandbox, solution, entry_point, tests, questions, limits))


def _question(entry_point: str, test: CallTest) -> dict[str, Any]:
    if not isinstance(test.expected, Raises):
        codec.encode(test.expected)
    arguments = [codec.encode(item) for item in test.args]
    return {"name": entry_point, "arguments": arguments, "seconds": test.seconds or 0.0}


def _grade(
    sandbox: Sandbox,
    source: str,
    entry_point: str,
    tests: Sequence[CallTest],
    questions: list[dict[str, Any]],
    limits: Limits,
) -> Report:
    outcomes: list[Outcome] = []
    with Conversation(sandbox, {"solution": source}, limits) as solution:
        ready = solution.receive() or {}
        functions = ready.get("loaded")
        loaded = isinstance(functions, list) and entry_point in functions
        for test, question in zip(tests, questions, strict=True) if loaded else ():
            answer = solution.ask(question, question["seconds"])
            if answer is None:
                break
            outcomes.append(_judge(test, answer))
        result = solution.end()
    if not loaded:
        told = ready.get("failed") or cut_short(result, "while it was loaded").error
        missing = f"the solution defines no function {entry_point!r}"
        return not_loaded(missing if isinstance(functions, list) else str(told), len(tests), result)
    if len(outcomes) < len(tests):
        slow = failure("stopped in this call: took too long", Status.TIMEOUT, timed_out=True)
        outcomes.append(slow if solution.late else cut_short(result, "in this call"))
    timed_out = solution.late or is_time_out(result)
    return report_of(outcomes, len(tests), Status.TIMEOUT if timed_out else result.status)


def _judge(test: CallTest, answer: dict[str, Any]) -> Outcome:
    if "value" not in answer:
        error = str(answer.get("error") or answer.get("refused") or "malformed answer")
        if isinstance(test.expected, Raises) and test.expected.met_by(answer.get("raised")):
            return Outcome(True, error=failure(error).error, status=Status.ERROR)
        return failure(error)
    try:
        got = codec.decode(answer["value"])
    except codec.CodecError as error:
        return failure(error)
    if isinstance(test.expected, Raises):
        return failure(f"{test.expected.name} was not raised", Status.OK, got=shown(got))
    return Outcome(test.met_by(got), got=shown(got), status=Status.OK)
