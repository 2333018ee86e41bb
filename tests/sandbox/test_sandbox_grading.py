"""Graders: honest solutions pass, and what is told of the others."""

import pytest
from conftest import open_or_skip

from agentrl.errors import SandboxError, TaskFileError
from agentrl.sandbox import CallTest, Limits, Sandbox, Status, grade_calls, grade_source

ADD = "def add(a, b):\n    return a + b\n"
QUICK = Limits(wall_seconds=0.7)
TESTS = [CallTest((1, 2), 3), CallTest(("a", "b"), "ab"), CallTest(([1], [2]), [1, 2])]
CHECK = "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(5, 5) == 10\n"
ASSERTS = "import math\nassert add(1, 2) == 3\nassert math.isclose(add(0.5, 0.5), 1)\n"


def test_an_honest_solution_passes_all_calls(sandbox: Sandbox) -> None:
    report = grade_calls(sandbox, ADD, "add", TESTS)
    assert report.all_passed
    assert (report.passed_share, report.status, report.message) == (1.0, Status.OK, "3 of 3 tests passed")
    assert [outcome.got for outcome in report.outcomes] == ["3", "'ab'", "[1, 2]"]


def test_a_wrong_solution_fails_where_it_is_wrong(sandbox: Sandbox) -> None:
    report = grade_calls(sandbox, "def add(a, b): return 3", "add", TESTS)
    assert [outcome.passed for outcome in report.outcomes] == [True, False, False]
    assert not report.all_passed


def test_an_exception_is_told_with_the_lines_of_the_solution(grader: Sandbox) -> None:
    source = "def helper(x):\n    return 1 / x\n\ndef f(x):\n    return helper(x)\n"
    (outcome,) = grade_calls(grader, source, "f", [CallTest((0,), 0)]).outcomes
    assert outcome.error.splitlines() == [
        "line 5, in f: return helper(x)",
        "line 2, in helper: return 1 / x",
        "ZeroDivisionError: division by zero",
    ]


def test_a_call_that_fails_does_not_stop_the_next(grader: Sandbox) -> None:
    report = grade_calls(grader, "def f(x): return 1 // x", "f", [CallTest((0,), 0), CallTest((1,), 1)])
    assert [outcome.passed for outcome in report.outcomes] == [False, True]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def add(a, b:", "line 1"),
        ("1 / 0", "ZeroDivisionError"),
        ("x = 1", "no function 'add'"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("import os; os._exit(0)", "ended while it was loaded"),
    ],
)
def test_a_solution_that_does_not_load_passes_nothing_and_says_why(grader: Sandbox, source: str, words: str) -> None:
    report = grade_calls(grader, source, "add", TESTS)
    assert (report.passed_share, report.status) == (0.0, Status.ERROR)
    assert words in report.message
    assert len(report.outcomes) == 3


@pytest.mark.parametrize("seconds", [None, 0.3])
def test_an_endless_call_keeps_the_calls_before_it(sandbox: Sandbox, seconds: float | None) -> None:
    source = "def f(n):\n    while n == 2: pass\n    return n"
    tests = [CallTest((n,), n, seconds=seconds) for n in range(5)]
    report = grade_calls(sandbox, source, "f", tests, QUICK)
    assert [outcome.passed for outcome in report.outcomes] == [True, True, False, False, False]
    assert [outcome.timed_out for outcome in report.outcomes] == [False, False, True, False, False]
    assert report.outcomes[3].error == "not run"
    assert report.status is Status.TIMEOUT


def test_printing_disturbs_nothing(grader: Sandbox) -> None:
    source = (
        "import sys\nprint('x' * 10 ** 6)\ndef add(a, b):\n"
        "    for _ in range(99): print('y' * 10 ** 5); print('z', file=sys.stderr)\n"
        "    return a + b"
    )
    assert grade_calls(grader, source, "add", TESTS).all_passed


def test_each_call_gets_arguments_of_its_own(grader: Sandbox) -> None:
    shared = [3, 1]
    report = grade_calls(grader, "def f(x):\n    x.sort()\n    return x", "f", [CallTest((shared,), [1, 3])] * 2)
    assert report.all_passed
    assert shared == [3, 1]


def test_a_main_block_stays_asleep(grader: Sandbox) -> None:
    assert grade_calls(grader, ADD + "if __name__ == '__main__':\n    input()\n", "add", TESTS).all_passed


def test_dataclasses_and_annotations_work_in_solutions(grader: Sandbox) -> None:
    source = "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: 'int' = 1\ndef f(): return P().x"
    assert grade_calls(grader, source, "f", [CallTest((), 1)]).all_passed


def test_no_tests_are_not_a_pass(grader: Sandbox) -> None:
    assert not grade_calls(grader, ADD, "add", []).all_passed


def test_memory_and_death_in_a_call_are_told(grader: Sandbox) -> None:
    tests = [CallTest((1,), 1), CallTest((2,), 2)]
    (_, second) = grade_calls(grader, "def f(n): return bytearray(1 << 30) if n == 2 else n", "f", tests).outcomes
    assert "MemoryError" in second.error
    report = grade_calls(grader, "import os\ndef f(n): return os.abort() if n == 2 else n", "f", tests)
    assert [outcome.passed for outcome in report.outcomes] == [True, False]
    assert report.status is Status.KILLED


def test_humaneval_form(sandbox: Sandbox) -> None:
    assert grade_source(sandbox, ADD, "add", CHECK).all_passed
    report = grade_source(sandbox, "def add(a, b): return 3", "add", CHECK)
    assert (len(report.outcomes), report.all_passed) == (1, False)
    assert report.outcomes[0].error.startswith("assert candidate(5, 5) == 10")
    assert report.outcomes[0].got == "3"


def test_mbpp_form_has_one_outcome_per_assert(sandbox: Sandbox) -> None:
    assert [outcome.passed for outcome in grade_source(sandbox, ADD, "add", ASSERTS).outcomes] == [True, True]
    report = grade_source(sandbox, "def add(a, b): return 3", "add", ASSERTS)
    assert [outcome.passed for outcome in report.outcomes] == [True, False]


def test_tests_may_use_helpers_of_the_solution(grader: Sandbox) -> None:
    source = "def twice(x): return 2 * x\ndef f(x): return twice(x)"
    assert grade_source(grader, source, "f", "def check(candidate):\n    assert candidate(2) == twice(2)").all_passed


def test_tests_may_expect_an_exception(grader: Sandbox) -> None:
    tests = "def check(candidate):\n    try: candidate(0); assert False\n    except ZeroDivisionError: pass"
    assert grade_source(grader, "def f(x): return 1 / x", "f", tests).all_passed
    assert not grade_source(grader, "def f(x): return 1", "f", tests).all_passed


def test_an_endless_call_in_tests_keeps_the_asserts_before_it(grader: Sandbox) -> None:
    source = "def f(n):\n    while n == 1: pass\n    return n"
    report = grade_source(grader, source, "f", "assert f(0) == 0\nassert f(1) == 1\nassert f(2) == 2", QUICK)
    assert [outcome.passed for outcome in report.outcomes] == [True, False, False]
    assert [outcome.timed_out for outcome in report.outcomes] == [False, True, False]
    assert report.status is Status.TIMEOUT


IN_PLACE = """
def sort(xs): xs.sort()
def clear(xs):
    xs.clear()
    return xs
def deep(m):
    m["rows"][0].append(9)
    m["seen"].add(3)
    m["rows"].reverse()
def swap(a, b): a[:], b[:] = b[:], a[:]
def same(xs): return [xs, xs[0]]
def fail(xs):
    xs.append(1)
    raise ValueError("after a change")
def odd(xs): xs.append(object())
"""
IN_PLACE_ASSERTS = [
    "xs = [3, 1, 2]; r = sort(xs)\nassert r is None and xs == [1, 2, 3]",
    "m = {'rows': [[1], [2]], 'seen': {1}}; first = m['rows'][0]; r = deep(m)\n"
    "assert m == {'rows': [[2], [1, 9]], 'seen': {1, 3}} and first == [1, 9] and m['rows'][1] is first",
    "a, b = [1], [2, 3]; swap(a, b)\nassert (a, b) == ([2, 3], [1])",
    "xs = [[1], 2]; r = same(xs)\nassert r[0] is xs and r[1] is xs[0]",
    "import collections\nxs = [collections.Counter('aab')]; r = same(xs)\nassert r[1] is xs[0] and xs[0]['a'] == 2",
    "xs = []\ntry: fail(xs)\nexcept ValueError: pass\nassert xs == [1]",
]


@pytest.mark.parametrize("tests", IN_PLACE_ASSERTS)
def test_changes_of_arguments_arrive_when_asked_for(grader: Sandbox, tests: str) -> None:
    report = grade_source(grader, IN_PLACE, "sort", tests, in_place=True)
    assert report.all_passed, report
    assert not grade_source(grader, IN_PLACE, "sort", tests).all_passed


def test_without_changes_a_solution_cannot_alter_what_is_computed_from_its_argument(grader: Sandbox) -> None:
    tests = "xs = [2, 1]\nassert clear(xs) == sorted(xs)"
    assert not grade_source(grader, IN_PLACE, "clear", tests).all_passed


def test_a_change_that_cannot_cross_is_a_failure(grader: Sandbox) -> None:
    tests = "xs = []\ntry: odd(xs)\nexcept Exception: pass\nassert True"
    assert not grade_source(grader, IN_PLACE, "odd", tests, in_place=True).all_passed


@pytest.mark.parametrize(
    ("body", "caught", "passed"),
    [
        ("raise ValueError('x', 3)", "ValueError as e: assert e.args == ('x', 3)", True),
        ("class E(KeyError): pass\n    raise E('x')", "KeyError: pass", True),
        ("b'\\xff'.decode()", "UnicodeDecodeError: pass", True),
        ("raise SystemExit(3)", "SystemExit as e: assert e.code == 3", True),
        ("raise type('ValueError', (Exception,), {})('x')", "ValueError: pass", False),
        ("raise type('ValueError', (Exception,), {})('x')", "Exception as e: assert 'ValueError: x' in str(e)", True),
        ("return object()", "Exception: pass", False),
    ],
)
def test_exceptions_keep_their_builtin_class(grader: Sandbox, body: str, caught: str, passed: bool) -> None:
    tests = "def check(candidate):\n    try: candidate(); assert False\n    except AssertionError: raise\n"
    tests += f"    except {caught}"
    assert grade_source(grader, f"def f():\n    {body}", "f", tests).all_passed is passed


def test_set_up_that_fails_is_told_apart_from_a_solution_that_does_not_load(grader: Sandbox) -> None:
    report = grade_source(grader, ADD, "add", "x = add(1, 2)[0]\nassert add(1, 2) == 3")
    assert (report.passed_share, report.message) == (0, "0 of 1 tests passed")
    assert "add(1, 2)[0]" in report.outcomes[0].error


def test_a_check_that_never_calls_is_no_pass(grader: Sandbox) -> None:
    assert not grade_source(grader, ADD, "add", "def check(candidate): pass").all_passed


@pytest.mark.parametrize("source", ["assert (", "x = 1", ""])
def test_test_source_that_tests_nothing_is_an_error_of_the_task(grader: Sandbox, source: str) -> None:
    with pytest.raises(TaskFileError, match="test_source"):
        grade_source(grader, ADD, "add", source)


def test_a_failure_of_the_machinery_is_never_a_zero() -> None:
    opened = open_or_skip("auto", workers=1)
    opened.close()
    with pytest.raises(SandboxError):
        grade_calls(opened, ADD, "add", TESTS)
    with pytest.raises(SandboxError):
        grade_source(opened, ADD, "add", CHECK)
