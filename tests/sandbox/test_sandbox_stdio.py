"""`grade_stdio`: programs that read their input and write their answer."""

import time
from typing import Any

import pytest

from agentrl.sandbox import Limits, Sandbox, Status, StdioTest, grade_stdio

DOUBLE = "import sys\nfor line in sys.stdin: print(2 * int(line))"


def test_each_test_is_a_fresh_run(sandbox: Sandbox) -> None:
    tests = [StdioTest(f"{number}\n7\n", f"{2 * number}\n14\n") for number in range(6)]
    report = grade_stdio(sandbox, DOUBLE, tests)
    assert report.all_passed, report
    assert (report.status, report.message) == (Status.OK, "6 of 6 tests passed")
    source = "import os\nopen('seen', 'a').write('x')\nprint(os.path.getsize('seen'))"
    assert grade_stdio(sandbox, source, [StdioTest("", "1")] * 3).all_passed


@pytest.mark.parametrize(
    ("expected", "output", "options", "passed"),
    [
        ("1 2\n3\n", "1 2 \n3\t\n\n\n", {}, True),
        ("1 2\n3", "1 2\r\n3", {}, True),
        ("1 2", "1  2", {}, False),
        ("a\n\nb", "a\nb", {}, False),
        ("  a", "a", {}, False),
        ("", "\n \n", {}, True),
        ("x", "X", {}, False),
        ("0.5", "0.50", {}, False),
        ("1 2\n\n3", " 1   2\n3\n", {"tokens": True}, True),
        ("1 2 3", "1 2\n3", {"tokens": True}, False),
        ("x 0.333333333", "x 0.3333333334", {"tokens": True}, True),
        ("0.5", "0.51", {"tokens": True}, False),
        ("0.5", "0.51", {"tokens": True, "abs_tol": 0.02}, True),
        ("100.0", "101", {"tokens": True, "rel_tol": 0.02}, True),
        ("1e3", "1000", {"tokens": True}, True),
        ("1000000000", "1000000001", {"tokens": True, "rel_tol": 1.0}, False),
        ("7", "7.0", {"tokens": True}, False),
        ("0.5", "nan", {"tokens": True, "abs_tol": 9}, False),
        ("0.5", "inf", {"tokens": True, "rel_tol": 1.0}, False),
        ("0.5", "0_0.5", {"tokens": True}, False),
        ("b\na\na", "a\nb\na\n", {"unordered": True}, True),
        ("b\na\na", "a\nb\nb\n", {"unordered": True}, False),
        ("0.5 x\n1.5 y", "1.50 y\n0.5000000001 x", {"unordered": True, "tokens": True}, True),
        ("a\x0bb", "a\nb", {}, False),
    ],
)
def test_the_rules_of_judges(expected: str, output: str, options: dict[str, Any], passed: bool) -> None:
    assert StdioTest("", expected, **options).met_by(output) is passed


@pytest.mark.parametrize("answer", ["{}.50 x", "{}.51 x"])
def test_many_unordered_lines_compare_in_little_time(answer: str) -> None:
    lines = range(5_000)
    test = StdioTest("", "\n".join(f"{line}.5 x" for line in lines), tokens=True, unordered=True)
    started = time.monotonic()
    assert test.met_by("\n".join(map(answer.format, reversed(lines)))) is (answer == "{}.50 x")
    assert time.monotonic() - started < 5


def test_how_a_run_ends_is_told_per_test(sandbox: Sandbox) -> None:
    source = (
        "import os\nword = input()\nprint(word, flush=True)\n"
        "if word == 'raise': 1 / 0\nif word == 'exit': raise SystemExit(3)\n"
        "while word == 'loop': pass\nif word == 'abort': os.abort()\nif word == 'eat': x = bytearray(1 << 40)\n"
    )
    words = ["fine", "raise", "exit", "loop", "abort", "eat"]
    report = grade_stdio(sandbox, source, [StdioTest(word, word) for word in words], Limits(wall_seconds=0.7))
    statuses = [Status.OK, Status.ERROR, Status.ERROR, Status.TIMEOUT, Status.KILLED, Status.MEMORY]
    assert [outcome.status for outcome in report.outcomes] == statuses
    assert [outcome.passed for outcome in report.outcomes] == [True, *[False] * 5]
    assert [outcome.got.strip() for outcome in report.outcomes] == words
    assert "ZeroDivisionError" in report.outcomes[1].error
    assert [outcome.timed_out for outcome in report.outcomes] == [False, False, False, True, False, False]
    assert report.status is Status.ERROR


def test_a_time_limit_belongs_to_a_test(grader: Sandbox) -> None:
    source = "import time\ntime.sleep(float(input()))"
    tests = [StdioTest("0.2", "", seconds=3), StdioTest("2", "", seconds=0.3)]
    assert [outcome.status for outcome in grade_stdio(grader, source, tests).outcomes] == [Status.OK, Status.TIMEOUT]


def test_runs_are_spread_over_the_workers(grader: Sandbox) -> None:
    started = time.monotonic()
    tests = [StdioTest("", "")] * 6
    assert grade_stdio(grader, "import time; time.sleep(0.4)", tests, concurrency=6).all_passed
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("concurrency", [1, 4])
def test_stopping_early_counts_what_follows_as_not_run(grader: Sandbox, concurrency: int) -> None:
    tests = [StdioTest(word, "good") for word in ("good", "bad", "good", "good")]
    report = grade_stdio(grader, "print(input())", tests, stop_early=True, concurrency=concurrency)
    assert [outcome.passed for outcome in report.outcomes] == [True, False, False, False]
    assert [outcome.status for outcome in report.outcomes] == [Status.OK, Status.OK, None, None]
    assert report.outcomes[3].error == "not run"
    full = grade_stdio(grader, "print(input())", tests, concurrency=concurrency)
    assert [outcome.passed for outcome in full.outcomes] == [True, False, True, True]


def test_output_longer_than_what_is_kept_by_default_can_be_expected(grader: Sandbox) -> None:
    expected = "x" * 200_000
    assert grade_stdio(grader, "print('x' * 200_000)", [StdioTest("", expected)]).all_passed
    assert not grade_stdio(grader, "print('x' * 300_000)", [StdioTest("", expected)]).all_passed
    assert not grade_stdio(grader, "print('x' * 200_000 + '\\n' + 'y' * 9000)", [StdioTest("", expected)]).all_passed


@pytest.mark.parametrize(
    "source",
    [
        "import sys; print('secret'); sys.exit(1)",
        "import os; print('secret', flush=True); os.abort()",
        "import sys; print('secret', file=sys.stderr)",
        "print('secret'); print('more')",
        "import os\nos.write(3, b'secret')",
        "while True: print('secret')",
    ],
)
def test_the_right_words_in_the_wrong_way_are_no_pass(grader: Sandbox, source: str) -> None:
    assert grade_stdio(grader, source, [StdioTest("", "secret")], Limits(wall_seconds=1)).passed_share == 0


def test_no_tests_are_not_a_pass(grader: Sandbox) -> None:
    assert not grade_stdio(grader, "print(1)", []).all_passed
