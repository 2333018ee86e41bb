"""Tests that are source (HumanEval, MBPP): run in a second sandboxed process, against the solution in a first one."""

import ast
import dataclasses
import json
import socket
from typing import Any

from agentrl.errors import TaskFileError
from agentrl.sandbox.graders import codec
from agentrl.sandbox.graders.conversation import SOLUTION, Background, twice
from agentrl.sandbox.graders.report import Outcome, Report, cut_short, failure, is_time_out, not_loaded, report_of
from agentrl.sandbox.types import DEFAULT_LIMITS, ExecResult, Limits, Sandbox, Status

_TESTS = "from agentrl.sandbox.graders import driver_tests; driver_tests.main()"
_TESTS_EXTRA_SECONDS = 0.5


def grade_source(
    sandbox: Sandbox,
    solution: str,
    entry_point: str,
    test_source: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    in_place: bool = False,
) -> Report:
    """Run tests that are source, in a second sandboxed process, against the solution in a fresh first one.

    HumanEval's form: `test_source` defines `check(candidate)`, and there is one outcome. MBPP's form: each `assert` at
    the top level is an outcome; other statements are set-up. The tests see a proxy for `entry_point` (also named
    `candidate`) and for each function that the solution defines; arguments and results cross as builtin data, so tests
    with functions as arguments cannot pass.
    With `in_place`, what a call does to the lists, dicts and sets in its arguments is done to the tests' own, too: for
    `sort(xs); assert xs == [1, 2]`. Without it, arguments are copies, and a test that computes what it expects from
    its argument after the call (`assert f(xs) == sorted(xs)`) is safe from a solution that empties the list.
    Errors of outcomes quote the test's failing line: see `Report.public`.
    Raises SandboxError when the machinery fails twice, TaskFileError when `test_source` is no test.
    """
    check, counted = _plan(test_source)
    tests = {
        "tests": test_source,
        "entry_point": entry_point,
        "check": check,
        "counted": counted,
        "in_place": in_place,
    }
    wanted = 1 if check else len(counted)
    with sandbox.place():
        own, others = twice(lambda: run_both(sandbox, SOLUTION, {"solution": solution}, _TESTS, tests, limits))
    verdicts = messages(others)
    failed = next((str(verdict["failed"]) for verdict in verdicts if "failed" in verdict), None)
    if failed is not None:
        return not_loaded(failed, wanted, own)
    outcomes = _outcomes(verdicts[:wanted], own)
    if len(outcomes) < wanted and all(outcome.status is Status.OK for outcome in outcomes):
        late = own if own.status is not Status.OK else others
        outcomes.append(cut_short(late, "in this test"))
    timed_out = is_time_out(own) or is_time_out(others)
    return report_of(outcomes, wanted, Status.TIMEOUT if timed_out else own.status)


def _outcomes(verdicts: list[dict[str, Any]], own: ExecResult) -> list[Outcome]:
    """The outcomes until the solution's process, or the tests' set-up, ended them; the last tells how."""
    outcomes: list[Outcome] = []
    for verdict in verdicts:
        if verdict.get("gone"):
            return [*outcomes, cut_short(own, "in this call")]
        if "stopped" in verdict:
            return [*outcomes, failure(verdict["stopped"])]
        passed, got, error = verdict.get("passed") is True, str(verdict.get("got")), str(verdict.get("error"))
        outcomes.append(Outcome(passed, got, failure(error).error, status=Status.OK))
    return outcomes


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


def run_both(
    sandbox: Sandbox,
    solution: str,
    order: dict[str, Any],
    tests: str,
    plan: dict[str, Any],
    limits: Limits,
    files: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {}),
) -> tuple[ExecResult, ExecResult]:
    """Both drivers at once, joined by a socket pair that nobody else holds: (the solution's run, the tests').

    `files` are those of the solution and of the tests. Raises SandboxError when the machinery failed.
    """
    ours, theirs = socket.socketpair()
    text = json.dumps(order)
    own = Background(
        lambda stop: sandbox.run(solution, stdin=text, files=files[0], limits=limits, channel=theirs, stop=stop), theirs
    )
    longer = dataclasses.replace(
        limits, wall_seconds=limits.wall_seconds + _TESTS_EXTRA_SECONDS, output_kb=max(1024, limits.output_kb)
    )
    with ours:
        judged = sandbox.run(tests, stdin=json.dumps(plan), files=files[1], limits=longer, channel=ours)
    return own.end(), judged


def messages(tests: ExecResult) -> list[dict[str, Any]]:
    """What the tests' driver told, one JSON object a line; a line that is none ends them."""
    told: list[dict[str, Any]] = []
    for line in tests.stdout.splitlines():
        try:
            message = codec.from_bytes(line.encode())
        except codec.CodecError:
            break
        if not isinstance(message, dict):
            break
        told.append(message)
    return told
