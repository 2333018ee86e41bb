"""Tests in pytest's or unittest's style, chosen by the grader, against the files of a solution in a fresh sandbox."""

import dataclasses
import json
import secrets
from collections.abc import Collection, Mapping
from typing import Any

from agentrl.sandbox.graders import codec
from agentrl.sandbox.graders.admission import admit, modules_of
from agentrl.sandbox.graders.collecting import Case, collect
from agentrl.sandbox.graders.conversation import twice
from agentrl.sandbox.graders.imports import solution_modules
from agentrl.sandbox.graders.report import Outcome, Report, cut_short, failure, is_time_out, not_loaded, report_of
from agentrl.sandbox.graders.source import run_both
from agentrl.sandbox.types import DEFAULT_LIMITS, ExecResult, Limits, Sandbox, Status

_OBJECTS = "from agentrl.sandbox.graders import driver_objects; driver_objects.main()"
_PYTEST = "from agentrl.sandbox.graders import driver_pytest; driver_pytest.main()"
_KB_PER_TEST = 8
_FORGED = "something else than the runner wrote to the verdicts' channel"


def grade_pytest(
    sandbox: Sandbox,
    files: Mapping[str, bytes],
    test_files: Mapping[str, str],
    limits: Limits = DEFAULT_LIMITS,
    *,
    modules: Collection[str] | None = None,
    isolate: bool = True,
    in_place: bool = False,
    test_seconds: float | None = None,
) -> Report:
    """Run the test files against the solution's `files`, both by relative names; one outcome per collected test.

    The sandbox has no site-packages, hence a runner of its own, with the part of pytest that collecting.py and
    pytest_subset.py name, and unittest. Which tests there are is read from the files' syntax beforehand; each must
    report on a private channel with a secret of this run, and whatever is missing, skipped or told twice has failed.
    `files` that could take part in running the tests (conftest.py, pytest.ini, *.pth, modules named like one of the
    standard library's or like a test file ...) are left out, and named in the report's `dropped`.

    `modules` names the top-level modules and packages that the tests may import from `files`. None: the only one that
    they import which is neither the standard library's, nor pytest, nor a test file. A solution cannot supply any
    other, such as a numpy of its own.

    The tests run in a process of their own, and what they import from `files` stands for another process (remote.py):
    arguments and results cross as builtin data; objects of the solution's classes stay there. `in_place` is that of
    `grade_source`. What cannot cross, such as a function as an argument or a patch of the solution's module, fails.

    `isolate=False` runs both in one process, for tests that need it. Then nothing the tests say can be relied on: a
    solution that looks for it can replace the tests' code or read the secret from memory. The report says so.

    `test_seconds` is the wall time of each test; one that takes longer ends the run. `limits.wall_seconds` is for all.
    Raises TaskFileError for test files that hold no test, or use or import what is not there; SandboxError when the
    machinery fails twice.
    """
    plan = collect(test_files)
    expected = solution_modules(test_files, modules)
    kept, dropped = admit(files, test_files, limits, flat=sandbox.tier == "lockdown")
    secret = secrets.token_hex(16)
    order = {
        "plan": [{"id": case.id, **dataclasses.asdict(case)} for case in plan],
        "sources": {name: source for name, source in test_files.items() if name.endswith(".py")},
        "modules": [name for name in modules_of(kept) if name.partition(".")[0] in expected],
        "isolate": isolate,
        "in_place": in_place,
        "seconds": test_seconds or 0.0,
        "secret": secret,
    }
    longer = dataclasses.replace(limits, output_kb=max(limits.output_kb, 64 + _KB_PER_TEST * len(plan)))
    support = {name: source.encode("utf-8", "replace") for name, source in test_files.items()}
    if isolate:
        with sandbox.place():
            own, tests = twice(lambda: run_both(sandbox, _OBJECTS, {}, _PYTEST, order, longer, (kept, support)))
    else:
        tests = twice(lambda: sandbox.run(_PYTEST, stdin=json.dumps(order), files=kept | support, limits=longer))
        own = tests
    report = _judge(plan, _messages(tests, secret), own, tests)
    left_out = f"; left out: {', '.join(dropped)}" if dropped else ""
    return dataclasses.replace(report, message=report.message + left_out, dropped=dropped, isolated=isolate)


def _messages(tests: ExecResult, secret: str) -> list[dict[str, Any]] | None:
    """What the runner told; None when anything else stands between."""
    told = []
    for line in tests.stdout.split("\n")[:-1]:
        try:
            message = codec.from_bytes(line.encode("utf-8", "replace"))
        except codec.CodecError:
            return None
        said = str(message.get("secret")) if isinstance(message, dict) else ""
        if not secrets.compare_digest(said.encode("utf-8", "replace"), secret.encode()):
            return None
        told.append(message)
    return told


def _judge(plan: list[Case], told: list[dict[str, Any]] | None, own: ExecResult, tests: ExecResult) -> Report:
    timed_out = is_time_out(own) or is_time_out(tests) or any(message.get("late") for message in told or ())
    status = Status.TIMEOUT if timed_out else own.status
    if told is None:
        return report_of([failure(_FORGED)] * len(plan), len(plan), status)
    if any("id" not in message for message in told):
        return not_loaded(cut_short(own, "before the tests began").error, len(plan), own)
    outcomes: list[Outcome] = []
    ended = False
    for case in plan:
        found = [message for message in told if message["id"] == case.id]
        if len(found) > 1:
            outcomes.append(failure("it was told twice"))
        elif found:
            outcomes.append(_outcome(found[0], own))
        elif not ended and not (outcomes and outcomes[-1].status not in (Status.OK, Status.ERROR)):
            outcomes.append(cut_short(own if own.status is not Status.OK else tests, "in this test"))
        else:
            outcomes.append(failure("not run", None))
        ended = ended or not found
    return report_of(outcomes, len(plan), status)


def _outcome(message: dict[str, Any], own: ExecResult) -> Outcome:
    error = str(message.get("error"))
    if message.get("late"):
        return failure(error, Status.TIMEOUT, timed_out=True)
    if message.get("gone"):
        return cut_short(own, "in this test")
    if message.get("passed") is True:
        return Outcome(True, status=Status.OK)
    return failure(error, Status.OK if error else Status.ERROR)
