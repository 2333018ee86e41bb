"""Graders that the graded program cannot reach.

In-process graders fall to three lines of Python: an object whose `__eq__` says True, a look at the caller's frame, a
verdict written before `os._exit`. Here the solution runs in a fresh process that never held an expected value, only
data of exact builtin types comes back (codec.py), and the comparison happens in another process.
"""

import ast
import dataclasses
import functools
import json
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from agentrl.errors import SandboxError, TaskFileError
from agentrl.sandbox import codec
from agentrl.sandbox.compare import same
from agentrl.sandbox.types import DEFAULT_LIMITS, ExecResult, Limits, Sandbox, Status

_CALLS = "from agentrl.sandbox import driver_calls; driver_calls.main()"
_SOLUTION = "from agentrl.sandbox import driver_solution; driver_solution.main()"
_TESTS = "from agentrl.sandbox import driver_tests; driver_tests.main()"
_MOST_ANSWER_BYTES = 32 << 20
_SHOWN_CHARACTERS = 200
_NOT_RUN = "not run"
_TESTS_EXTRA_SECONDS = 0.5
Pair = TypeVar("Pair")


@dataclass(frozen=True, slots=True)
class CallTest:
    """One call and what it should return; both of builtin data types."""

    args: tuple[Any, ...]
    expected: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one test. `got` is the shortened repr of the returned value; `error` tells what was raised."""

    passed: bool
    got: str = ""
    error: str = ""
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all tests. `status` is how the solution's process ended; `message` is one line for people."""

    outcomes: tuple[Outcome, ...]
    status: Status
    message: str

    @property
    def passed_share(self) -> float:
        """The share of tests that passed, 0 to 1; 0 without tests."""
        return sum(outcome.passed for outcome in self.outcomes) / len(self.outcomes) if self.outcomes else 0.0

    @property
    def all_passed(self) -> bool:
        """Whether there are tests and all of them passed."""
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)


def grade_calls(
    sandbox: Sandbox,
    solution: str,
    entry_point: str,
    tests: Sequence[CallTest],
    limits: Limits = DEFAULT_LIMITS,
    *,
    call_seconds: float | None = None,
    tolerance: float = 1e-6,
    strict_sequences: bool = False,
) -> Report:
    """Call `entry_point` of the solution with each test's arguments, in one run, and compare what it returns.

    `limits.wall_seconds` is for all calls together; a call that takes longer than `call_seconds` (None: only the
    overall limit) ends the run too. Calls before it keep their outcome, later ones were not run. `tolerance` and
    `strict_sequences` are those of `compare.same`. Each call gets arguments of its own.
    Raises SandboxError when the machinery fails twice, CodecError when a test holds more than builtin data.
    """
    for test in tests:
        codec.encode(test.expected)
    order = {
        "solution": solution,
        "entry_point": entry_point,
        "calls": [codec.encode(list(test.args)) for test in tests],
        "call_seconds": call_seconds or 0.0,
    }
    result, stream = _twice(lambda: _run_calls(sandbox, json.dumps(order), limits))
    messages = [_parse(text) for text in codec.frames(stream)]
    timed_out = result.status in (Status.TIMEOUT, Status.CPU) or (call_seconds is not None and result.exit_code == -14)
    if not messages or messages[0].get("loaded") is not True:
        failed = str(messages[0].get("failed")) if messages else _ending(result, "while it was loaded")
        return _not_loaded(failed, len(tests), result, timed_out)
    answers = messages[1 : len(tests) + 1]
    compare = functools.partial(same, tolerance=tolerance, strict_sequences=strict_sequences)
    outcomes = [_judge(test.expected, answer, compare) for test, answer in zip(tests, answers, strict=False)]
    if len(outcomes) < len(tests):
        outcomes.append(Outcome(False, error=_ending(result, "in this call"), timed_out=timed_out))
    return _report(outcomes, len(tests), Status.TIMEOUT if timed_out else result.status)


def _run_calls(sandbox: Sandbox, order: str, limits: Limits) -> tuple[ExecResult, bytes]:
    """One run of the calls' driver: how it ended, and all that came over the channel."""
    ours, theirs = socket.socketpair()
    with ours:
        run = _Background(lambda: sandbox.run(_CALLS, stdin=order, limits=limits, channel=theirs), theirs)
        stream = bytearray()
        while len(stream) <= _MOST_ANSWER_BYTES and (part := ours.recv(1 << 16)):
            stream += part
        ours.close()
        return run.result(), bytes(stream)


def _judge(expected: Any, answer: dict[str, Any], compare: Callable[[Any, Any], bool]) -> Outcome:
    if "value" not in answer:
        error = answer.get("error") or answer.get("refused") or "malformed answer"
        return Outcome(False, error=str(error)[:1000])
    try:
        got = codec.decode(answer["value"])
    except codec.CodecError as error:
        return Outcome(False, error=str(error))
    return Outcome(compare(expected, got), got=_shorten(got))


def grade_source(
    sandbox: Sandbox, solution: str, entry_point: str, test_source: str, limits: Limits = DEFAULT_LIMITS
) -> Report:
    """Run tests that are source, in a second sandboxed process, against the solution in a fresh first one.

    HumanEval's form: `test_source` defines `check(candidate)`, and there is one outcome. MBPP's form: each `assert` at
    the top level is an outcome; other statements are set-up. The tests see a proxy for `entry_point` (also named
    `candidate`) and for each function that the solution defines; arguments and results cross as builtin data, so tests
    of mutation in place, or with functions as arguments, cannot pass.
    An error names the test's failing line: show it only for tests that the policy may know.
    Raises SandboxError when the machinery fails twice, TaskFileError when `test_source` is no test.
    """
    check, counted = _plan(test_source)
    tests = {"tests": test_source, "entry_point": entry_point, "check": check, "counted": counted}
    order = json.dumps({"solution": solution})
    wanted = 1 if check else len(counted)
    own, others = _twice(lambda: _run_source(sandbox, order, json.dumps(tests), limits))
    verdicts = [_parse(line.encode()) for line in others.stdout.splitlines()]
    timed_out = {own.status, others.status} & {Status.TIMEOUT, Status.CPU} != set()
    failed = next((str(verdict["failed"]) for verdict in verdicts if "failed" in verdict), None)
    if failed is not None:
        return _not_loaded(failed, wanted, own, timed_out)
    outcomes = []
    for verdict in verdicts[:wanted]:
        if verdict.get("gone"):
            outcomes.append(Outcome(False, error=_ending(own, "in this call"), timed_out=timed_out))
            break
        passed, got, error = verdict.get("passed") is True, str(verdict.get("got")), str(verdict.get("error"))
        outcomes.append(Outcome(passed, got, error))
    else:
        if len(outcomes) < wanted:
            late = own if own.status is not Status.OK else others
            outcomes.append(Outcome(False, error=_ending(late, "in this test"), timed_out=timed_out))
    return _report(outcomes, wanted, Status.TIMEOUT if timed_out else own.status)


def _plan(test_source: str) -> tuple[bool, list[int]]:
    """(is there a `check` function, the places of the top-level asserts)."""
    try:
        body = ast.parse(test_source).body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise TaskFileError(f"test_source is not Python: {error}") from error
    if any(isinstance(statement, ast.FunctionDef) and statement.name == "check" for statement in body):
        return True, []
    counted = [place for place, statement in enumerate(body) if isinstance(statement, ast.Assert)]
    if not counted:
        raise TaskFileError("test_source must define check(candidate) or have assert statements at its top level")
    return False, counted


def _run_source(sandbox: Sandbox, order: str, tests: str, limits: Limits) -> tuple[ExecResult, ExecResult]:
    """Both runs at once, joined by a socket pair that nobody else holds: (the solution's, the tests')."""
    ours, theirs = socket.socketpair()
    run = _Background(lambda: sandbox.run(_SOLUTION, stdin=order, limits=limits, channel=theirs), theirs)
    longer = dataclasses.replace(
        limits, wall_seconds=limits.wall_seconds + _TESTS_EXTRA_SECONDS, output_kb=max(1024, limits.output_kb)
    )
    with ours:
        judged = sandbox.run(_TESTS, stdin=tests, limits=longer, channel=ours)
    return run.result(), judged


class _Background:
    """A run in a thread; it closes its end of the channel when it is over, so that the other side sees the end."""

    def __init__(self, run: Callable[[], ExecResult], channel: socket.socket) -> None:
        self._run, self._channel = run, channel
        self._result: ExecResult | BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._result = self._run()
        except BaseException as error:
            self._result = error
        finally:
            self._channel.close()

    def result(self) -> ExecResult:
        """Wait for the end; raises what the run raised."""
        self._thread.join()
        if isinstance(self._result, ExecResult):
            return self._result
        raise self._result or SandboxError("the run ended without a result")


def _twice(attempt: Callable[[], Pair]) -> Pair:
    try:
        return attempt()
    except SandboxError:
        return attempt()


def _parse(text: bytes) -> dict[str, Any]:
    try:
        message = codec.from_bytes(text)
    except codec.CodecError:
        return {}
    return message if isinstance(message, dict) else {}


def _ending(result: ExecResult, when: str) -> str:
    """How the solution's process ended before it had answered everything."""
    if result.limit:
        return f"stopped {when}: {result.status} ({result.limit})"
    if result.exit_code == -14:
        return f"stopped {when}: took too long"
    return f"the process ended {when} (exit code {result.exit_code})"


def _not_loaded(error: str, wanted: int, result: ExecResult, timed_out: bool) -> Report:
    first = Outcome(False, error=error[:1000], timed_out=timed_out)
    rest = [Outcome(False, error=_NOT_RUN)] * (wanted - 1)
    status = Status.TIMEOUT if timed_out else Status.ERROR if result.status is Status.OK else result.status
    return Report((first, *rest)[:wanted], status, f"the solution could not be loaded: {error.strip()}"[:1000])


def _report(outcomes: list[Outcome], wanted: int, status: Status) -> Report:
    filled = (*outcomes, *[Outcome(False, error=_NOT_RUN)] * (wanted - len(outcomes)))
    passed = sum(outcome.passed for outcome in filled)
    return Report(filled, status, f"{passed} of {wanted} tests passed")


def _shorten(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an int with more digits than Python prints
        return "<a value with a huge int>"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:140]}...{text[-50:]}"
