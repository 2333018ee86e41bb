"""What a policy could read: no expected value and no line of a hidden test is in it, nor in the solution's process."""

import dataclasses

import pytest

from agentrl.sandbox import (
    CallTest,
    Limits,
    Raises,
    Report,
    Sandbox,
    StdioTest,
    grade_calls,
    grade_pytest,
    grade_source,
    grade_stdio,
)

CANARY = "kanarienvogel-7351"
NUMBER = 735180087
QUICK = Limits(wall_seconds=1)
# Each of these makes the grader talk: wrong, raising, dying, slow, unloadable, telling all that it can find.
SOLUTIONS = {
    "wrong": "def f(*a): return 'wrong'",
    "raises": "def f(*a): raise ValueError(a)",
    "raises what it got": "def f(*a): raise type(repr(a), (Exception,), {})(a)",
    "returns what it got": "def f(*a): return list(a)",
    "refused": "def f(*a): return type(repr(a), (), {})()",
    "assertion": "def f(*a): assert a == 0, a",
    "dies": "import os\ndef f(*a): os.abort()",
    "leaves": "def f(*a): raise SystemExit(a)",
    "slow": "def f(*a):\n    while True: pass",
    "unloadable": "1 / 0",
    "no function": "x = 1",
    "flood": "def f(*a): return 'x' * 10 ** 7",
    "frames": (
        "import sys\ndef f(*a):\n    seen = []\n    frame = sys._getframe()\n    while frame:\n"
        "        seen += [repr(frame.f_locals), repr(frame.f_code.co_consts)]\n        frame = frame.f_back\n"
        "    raise ValueError(str(seen)[-500:])"
    ),
}


def texts(report: Report) -> str:
    """All that is in a report's public form, and all that it says as text."""
    return repr(dataclasses.asdict(report.public())) + repr(report.public()) + str(report.message)


def reports(grader: Sandbox, source: str) -> list[Report]:
    hidden = [CallTest((CANARY,), NUMBER), CallTest((NUMBER,), CANARY), CallTest((CANARY,), Raises("KeyError"))]
    check = f"def check(candidate):\n    assert candidate({CANARY!r}) == {NUMBER}, {CANARY!r}"
    failing = f"expected = {{{CANARY!r}: f({NUMBER})}}\nexpected['x']\nassert f(1) == {NUMBER}"
    tests = f"from m import f\ndef test_a(): assert f({NUMBER}) == {CANARY!r}\ndef test_b(): assert f(0) == {NUMBER}"
    program = source + "\nimport sys\nprint(f(*sys.stdin))"
    return [
        grade_calls(grader, source, "f", hidden, QUICK),
        grade_source(grader, source, "f", check, QUICK),
        grade_source(grader, source, "f", failing, QUICK),
        grade_pytest(grader, {"m.py": source.encode()}, {"test_a.py": tests}, QUICK),
        grade_pytest(grader, {"m.py": source.encode()}, {"test_a.py": tests}, QUICK, isolate=False),
        grade_stdio(grader, program, [StdioTest(f"{CANARY}\n", str(NUMBER)), StdioTest(str(NUMBER), CANARY)], QUICK),
    ]


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_public_form_of_a_report_holds_no_hidden_value(grader: Sandbox, name: str) -> None:
    for report in reports(grader, SOLUTIONS[name]):
        assert report.passed_share == 0
        told = texts(report)
        assert CANARY not in told
        assert str(NUMBER) not in told
        assert [outcome.passed for outcome in report.public().outcomes] == [
            outcome.passed for outcome in report.outcomes
        ]


def test_the_message_keeps_why_a_solution_cannot_be_loaded(grader: Sandbox) -> None:
    assert "ZeroDivisionError" in grade_calls(grader, "1 / 0", "f", [CallTest((), 1)]).public().message
    assert "ZeroDivisionError" in grade_source(grader, "1 / 0", "f", "assert f() == 1").public().message


# Looks for a pattern in all of its own memory; a pattern with brackets does not match itself.
SCAN = """
import re
def found(pattern):
    for line in open("/proc/self/maps"):
        place, rights = line.split()[:2]
        low, high = (int(part, 16) for part in place.split("-"))
        if "r" not in rights or high - low > 1 << 26 or "[v" in line: continue
        with open("/proc/self/mem", "rb", 0) as memory:
            try:
                memory.seek(low)
                data = memory.read(high - low)
            except (OSError, ValueError, OverflowError):
                continue
        if re.search(pattern, data): return True
    return False
def f(*a): return found(rb"kanarien[v]ogel-735[1]")
def known(*a): return found(rb"self-[m]ade-900[9]")
marker = "self-made-" + str(9000 + 9)
"""


def test_the_scan_finds_what_is_there(namespaces: Sandbox) -> None:
    assert grade_calls(namespaces, SCAN, "known", [CallTest((), True)]).all_passed


def test_the_solutions_process_never_holds_an_expected_value_or_a_later_argument(namespaces: Sandbox) -> None:
    tests = [CallTest((), False), CallTest((), CANARY), CallTest((), False), CallTest((CANARY,), True)]
    report = grade_calls(namespaces, SCAN, "f", tests)
    assert [outcome.passed for outcome in report.outcomes] == [True, False, True, True]
    source = f"expected = {CANARY!r}\nassert f() is False\nassert f(1) != expected"
    assert grade_source(namespaces, SCAN, "f", source).all_passed
    pytest_file = f"from m import f\nEXPECTED = {CANARY!r}\ndef test_a(): assert f() is False, {CANARY!r}"
    assert grade_pytest(namespaces, {"m.py": SCAN.encode()}, {"test_a.py": pytest_file}).all_passed
    assert (
        grade_stdio(namespaces, SCAN + "\nprint(f())", [StdioTest("", "False"), StdioTest("", CANARY)]).passed_share
        == 0.5
    )
