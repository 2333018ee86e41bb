"""`grade_calls`: expected exceptions, any order, tolerances and time limits of single tests."""

import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.sandbox import CallTest, Limits, Raises, Sandbox, Status, grade_calls

RAISER = """
import json
class NotFound(KeyError): pass
class AppError(Exception): pass
def make(name):
    return type(name, (Exception,), {})
def f(what):
    if what == "json": json.loads("{")
    if what == "index": [][0]
    if what == "exit": raise SystemExit(3)
    if what == "mine": raise AppError("x")
    if what == "derived": raise NotFound("x")
    if what == "forged": raise make("ValueError")("x")
    if what == "real": raise ValueError("x")
    return what
"""


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("real", "ValueError"),
        ("index", "IndexError"),
        ("index", "LookupError"),
        ("json", "JSONDecodeError"),
        ("json", "ValueError"),
        ("mine", "AppError"),
        ("derived", "NotFound"),
        ("derived", "KeyError"),
        ("derived", "LookupError"),
        ("exit", "SystemExit"),
    ],
)
def test_an_expected_exception_is_met_by_its_class_and_by_classes_derived_from_it(
    grader: Sandbox, what: str, name: str
) -> None:
    report = grade_calls(grader, RAISER, "f", [CallTest((what,), Raises(name)), CallTest(("x",), "x")])
    assert report.all_passed, report.outcomes


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("forged", "ValueError"),
        ("index", "KeyError"),
        ("real", "AppError"),
        ("mine", "NotFound"),
        ("nothing", "ValueError"),
        ("ValueError", "ValueError"),
        ("derived", "IndexError"),
    ],
)
def test_another_exception_or_none_is_a_failure(grader: Sandbox, what: str, name: str) -> None:
    (outcome,) = grade_calls(grader, RAISER, "f", [CallTest((what,), Raises(name))]).outcomes
    assert not outcome.passed
    assert outcome.error


def test_a_death_is_not_an_expected_exception(grader: Sandbox) -> None:
    source = "import os\ndef f(): os._exit(0)"
    assert not grade_calls(grader, source, "f", [CallTest((), Raises("SystemExit"))]).all_passed


def test_an_exception_where_a_value_is_expected_is_a_failure(grader: Sandbox) -> None:
    (outcome,) = grade_calls(grader, RAISER, "f", [CallTest(("real",), "x")]).outcomes
    assert (outcome.passed, outcome.status) == (False, Status.ERROR)


@pytest.mark.parametrize("name", ["Exception", "BaseException", "int", "no name", ""])
def test_names_that_mean_no_particular_exception_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"Raises|exception"):
        Raises(name)


@pytest.mark.parametrize(
    ("expected", "got", "passed"),
    [
        ([1, 2, 2, 3], "[3, 2, 1, 2]", True),
        ([1, 2, 2], "[1, 1, 2]", False),
        ([1, 2], "[1, 2, 2]", False),
        ([1, 2], "{1, 2}", False),
        ([0.1 + 0.2, 1.0], "[1, 0.3]", True),
        ([[1, 2], {"a": 1, "b": 0.3}], "[{'b': 0.1 + 0.2, 'a': 1}, (1, 2)]", True),
        ([[1, 2]], "[[2, 1]]", False),
        ([True, 1], "[1, True]", True),
        ([True, True], "[1, True]", False),
        ((1, 2), "[2, 1]", True),
        ([math.nan, 1], "[1, float('nan')]", True),
        ([{1}, {2}], "[{2}, frozenset([1])]", True),
    ],
)
def test_unordered_results_are_multisets(grader: Sandbox, expected: Any, got: str, passed: bool) -> None:
    report = grade_calls(grader, f"def f(): return {got}", "f", [CallTest((), expected, unordered=True)])
    assert report.all_passed is passed


items = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(items, max_size=8), st.randoms(use_true_random=False))
def test_any_order_of_any_elements_is_good_and_one_more_or_less_is_not(elements: list[Any], shuffle: Any) -> None:
    shuffled = elements.copy()
    shuffle.shuffle(shuffled)
    test = CallTest((), elements, unordered=True)
    assert test.met_by(shuffled)
    assert not test.met_by([*shuffled, "more"])
    if elements:
        assert not test.met_by(shuffled[1:])
        assert not test.met_by([*shuffled[1:], ("another", shuffled[0])])


@pytest.mark.parametrize(
    "expected", [1, 1.0, 1j, "a", b"a", None, True, [1.0], (1j,), {1}, {1: 1j}, Raises("KeyError")]
)
def test_an_int_beyond_every_float_is_a_wrong_answer_and_no_error(grader: Sandbox, expected: Any) -> None:
    source = "def f(): return 10 ** 400\ndef g(): return [10 ** 400]\ndef h(): return {1: 10 ** 400}"
    for name in "fgh":
        assert grade_calls(grader, source, name, [CallTest((), expected)]).passed_share == 0


def test_unordered_needs_a_sequence() -> None:
    with pytest.raises(ValueError, match="unordered"):
        CallTest((), 3, unordered=True)


def test_many_unordered_elements_compare_in_little_time() -> None:
    numbers = [place + 0.5 for place in range(20_000)]
    started = time.monotonic()
    assert CallTest((), numbers, unordered=True).met_by([number + 1e-8 for number in reversed(numbers)])
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("error", [1e-9, 0.1])
@pytest.mark.parametrize("nest", [lambda number: [number, 1.0], lambda number: {"x": ("y", number + 1j)}])
def test_unordered_elements_that_are_not_exact_compare_in_little_time(nest: Any, error: float) -> None:
    numbers = [place + 0.5 for place in range(5_000)]
    test = CallTest((), [nest(number) for number in numbers], unordered=True)
    started = time.monotonic()
    assert test.met_by([nest(number + error) for number in reversed(numbers)]) is (error < 0.1)
    assert time.monotonic() - started < 5


def test_unordered_elements_are_told_apart_by_what_is_not_rounding() -> None:
    stamps = [(0.5, 1.7e9 + place / 2) for place in range(3_000)]
    noisy = [(0.5 + place * 7919 % 3000 * 1e-17, stamp + 1e-4) for place, (_, stamp) in enumerate(stamps)]
    test = CallTest((), stamps, unordered=True, rel_tol=1e-11, abs_tol=1e-3)
    assert test.met_by(noisy[::-1])
    assert not test.met_by([*noisy[1:], noisy[1]])


def test_deeply_nested_elements_of_sets_compare_in_little_time() -> None:
    value: Any = ()
    for _ in range(80):
        value = (value, "'\"\\")
    assert CallTest((), {value}).met_by({value})


@pytest.mark.parametrize(
    ("options", "got", "passed"),
    [
        ({}, 100.00001, True),
        ({}, 100.1, False),
        ({"rel_tol": 0.01}, 100.1, True),
        ({"abs_tol": 0.5}, 100.4, True),
        ({"abs_tol": 0.5}, 100.6, False),
        ({"rel_tol": 0, "abs_tol": 0}, 100.00001, False),
        ({"rel_tol": 0, "abs_tol": 0}, 100, True),
        ({"rel_tol": 1.0, "abs_tol": 1e9}, math.nan, False),
        ({"rel_tol": 1.0, "abs_tol": 1e9}, True, False),
        ({"rel_tol": 1.0, "abs_tol": 1e9}, "100.0", False),
    ],
)
def test_tolerances_belong_to_a_test(options: dict[str, Any], got: Any, passed: bool) -> None:
    assert CallTest((), 100.0, **options).met_by(got) is passed


def test_an_expected_int_is_exact() -> None:
    test = CallTest((), 10**9, rel_tol=0.1, abs_tol=10)
    assert test.met_by(1e9)
    assert not test.met_by(10**9 + 1)
    assert not test.met_by(1e9 + 0.5)


@pytest.mark.parametrize("options", [{"rel_tol": -1}, {"abs_tol": -1}, {"seconds": 0}])
def test_options_out_of_bounds_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        CallTest((), 1, **options)


SLEEPER = "import time\ndef f(s):\n    time.sleep(s)\n    return s"


def test_a_time_limit_belongs_to_a_test(sandbox: Sandbox) -> None:
    tests = [CallTest((0.3,), 0.3), CallTest((0.3,), 0.3, seconds=5), CallTest((3,), 3, seconds=0.2), CallTest((0,), 0)]
    started = time.monotonic()
    report = grade_calls(sandbox, SLEEPER, "f", tests)
    assert [outcome.passed for outcome in report.outcomes] == [True, True, False, False]
    assert [outcome.status for outcome in report.outcomes] == [Status.OK, Status.OK, Status.TIMEOUT, None]
    assert [outcome.timed_out for outcome in report.outcomes] == [False, False, True, False]
    assert time.monotonic() - started < 2.5


def test_a_solution_cannot_cancel_the_time_limit(grader: Sandbox) -> None:
    source = (
        "import signal, time\ndef f():\n    signal.setitimer(signal.ITIMER_REAL, 0)\n    time.sleep(1)\n    return 1"
    )
    report = grade_calls(grader, source, "f", [CallTest((), 1, seconds=0.1)], Limits(wall_seconds=3))
    assert not report.all_passed
    assert report.outcomes[0].timed_out


def test_large_arguments_arrive(grader: Sandbox) -> None:
    numbers = list(range(400_000))
    assert grade_calls(grader, "def f(x): return len(x)", "f", [CallTest((numbers,), 400_000)]).all_passed
