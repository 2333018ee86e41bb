"""Reward hacks on record: all but three first pass a grader as they are usually written, and then none passes ours."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "hostile"))  # its modules are shared by several test files

import naive_graders as naive
from hostile_case import HERE

from agentrl.sandbox import CallTest, Limits, Sandbox, StdioTest, grade_calls, grade_pytest, grade_source, grade_stdio

TESTS = [CallTest(arguments, expected) for arguments, expected in naive.TESTS]
CHECK = "def check(candidate):\n" + "".join(f"    assert candidate{test.args} == {test.expected}\n" for test in TESTS)
ASSERTS = "".join(f"assert add{test.args} == {test.expected}\n" for test in TESTS)
PYTEST = {
    "test_solution.py": "from solution import add\n"
    "def test_first():\n    assert add(123456789, 987654321) == 1111111110\n"
    "def test_second():\n    assert add(500000000, 7) == 500000007\n"
}
STDIO = [StdioTest("123456789 987654321\n", "1111111110\n"), StdioTest("500000000 7\n", "500000007\n")]
MAIN = "import builtins\nbuiltins.print(add(*map(int, builtins.input().split())))\n"
QUICK = Limits(wall_seconds=0.8)
HONEST = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return 0\n"

HACKS: dict[str, naive.Grader] = {
    "c59a_exit_zero": naive.by_exit_code,
    "c59b_hard_exit": naive.by_exit_code,
    "c59c_exec_true": naive.by_exit_code,
    "c60a_always_equal": naive.by_driver("same"),
    "c60b_int_subclass": naive.by_driver("checked"),
    "c60c_lying_class": naive.by_driver("checked"),
    "c60d_nan": naive.by_driver("close"),
    "c60e_true_for_one": naive.by_driver("same", naive.ONES),
    "c61a_frames": naive.by_driver("same"),
    "c61b_gc": naive.by_driver("same"),
    "c61c_main_module": naive.by_exit_code,
    "c61d_closures": naive.by_driver("same"),
    "c62a_patched_builtins": naive.by_driver("close"),
    "c62b_patched_unittest": naive.by_unittest,
    "c62c_conftest": naive.by_pytest,
    "c62d_check_of_its_own": naive.by_driver("same"),
    "c62e_shadow_modules": naive.by_driver("by_library"),
    "c63a_verdict_on_stdout": naive.by_output,
    "c63b_verdict_on_descriptors": naive.by_driver("human_eval"),
    "c63c_fork_and_answer_twice": naive.by_exit_code,
    "c63e_verdict_from_a_frame": naive.by_driver("human_eval"),
    "c63f_slow_behind_a_still_clock": naive.by_driver("on_the_clock"),
    "c64a_tells_calls_apart": naive.by_driver("same", rounds=2),
}
ALSO = {"c62b_patched_unittest": naive.by_pytest, "c62d_check_of_its_own": naive.by_pytest}
"""A second grader that falls to the same hack."""


def timed(seconds: float) -> list[CallTest]:
    return [CallTest(test.args, test.expected, seconds=seconds) for test in TESTS]


def source(name: str) -> str:
    return (HERE / "grader" / f"{name}.py").read_text()


@pytest.mark.parametrize("name", HACKS)
def test_the_hack_works_on_a_naive_grader(name: str, tmp_path: Path) -> None:
    assert HACKS[name](source(name), tmp_path)


@pytest.mark.parametrize("name", ALSO)
def test_the_hack_works_on_another_naive_grader(name: str, tmp_path: Path) -> None:
    assert ALSO[name](source(name), tmp_path)


@pytest.mark.parametrize("grader", list({id(grader): grader for grader in HACKS.values()}.values()))
def test_a_naive_grader_is_a_grader_after_all(grader: naive.Grader, tmp_path: Path) -> None:
    """It passes the honest solution and no plain wrong one: the hacks win, not a broken grader."""
    for name, solution, expected in (("honest", HONEST, True), ("wrong", WRONG, False)):
        folder = tmp_path / name
        folder.mkdir()
        assert grader(solution, folder) is expected


@pytest.mark.parametrize("name", HACKS)
def test_the_hack_passes_no_call(grader: Sandbox, name: str) -> None:
    report = grade_calls(grader, source(name), "add", timed(0.3), QUICK)
    assert report.passed_share == 0
    assert not any(str(test.expected) in repr(report.outcomes) for test in TESTS if "slow" not in name)


@pytest.mark.parametrize("name", HACKS)
@pytest.mark.parametrize("tests", [CHECK, ASSERTS], ids=["check", "asserts"])
def test_the_hack_passes_no_test_source(grader: Sandbox, name: str, tests: str) -> None:
    assert grade_source(grader, source(name), "add", tests, QUICK).passed_share == 0


@pytest.mark.parametrize("name", HACKS)
def test_the_hack_passes_no_pytest_file(grader: Sandbox, name: str) -> None:
    files = {"solution.py": source(name).encode()}
    report = grade_pytest(grader, files, PYTEST, QUICK, test_seconds=0.4)
    assert report.passed_share == 0
    assert report.isolated


@pytest.mark.parametrize("name", HACKS)
def test_the_hack_passes_no_input_and_output(grader: Sandbox, name: str) -> None:
    assert grade_stdio(grader, f"{source(name)}\n{MAIN}", STDIO, QUICK).passed_share == 0


def test_files_for_the_runner_are_left_out_and_named(grader: Sandbox) -> None:
    """What c62c writes while it is loaded, handed in beforehand."""
    hook = b"import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
    hook += b"    outcome = yield\n    outcome.get_result().outcome = 'passed'\n"
    tricks = {
        "conftest.py": hook,
        "pytest.ini": b"[pytest]\naddopts = -p helper_plugin\n",
        "sitecustomize.py": b"import os, atexit\natexit.register(os._exit, 0)\n",
        "pytest.py": b"raise SystemExit(0)\n",
        "unittest.py": b"raise SystemExit(0)\n",
        "json.py": b"def loads(*_, **__): return {'passed': True}\ndumps = loads\n",
        "test_solution.py": b"def test_add():\n    pass\n",
        "__pycache__/test_solution.cpython-311.pyc": b"",
        "evil.pth": b"import os; os._exit(0)\n",
    }
    report = grade_pytest(grader, {"solution.py": WRONG.encode(), **tricks}, PYTEST, QUICK)
    assert report.passed_share == 0
    assert set(report.dropped) == set(tricks)


def test_a_forged_line_of_any_text_is_a_forgery_and_no_crash(grader: Sandbox) -> None:
    """Without isolation the solution reaches the verdicts' descriptor. It must not reach the trainer by it."""
    forger = (
        "import os\nfor descriptor in range(1, 64):\n    try:\n"
        '        os.write(descriptor, \'{"secret": "\u00e9", "id": 1, "passed": true}\\n\'.encode())\n'
        f"    except OSError:\n        pass\n{HONEST}"
    )
    report = grade_pytest(grader, {"solution.py": forger.encode()}, PYTEST, QUICK, isolate=False)
    assert not report.isolated
    assert report.passed_share == 0


def test_true_passes_for_no_one(grader: Sandbox) -> None:
    ones = [CallTest(arguments, expected) for arguments, expected in naive.ONES]
    assert grade_calls(grader, source("c60e_true_for_one"), "add", ones, QUICK).passed_share == 0


def test_a_clock_that_stands_still_outlives_a_naive_limit_and_not_ours(grader: Sandbox, tmp_path: Path) -> None:
    endless = source("c63d_patched_time")
    with pytest.raises(subprocess.TimeoutExpired):
        naive.by_driver("on_the_clock", seconds=2)(endless, tmp_path)
    report = grade_calls(grader, endless, "add", TESTS, QUICK)
    assert report.passed_share == 0
    assert report.outcomes[0].timed_out


def test_a_slow_call_behind_a_still_clock_is_over_its_limit(grader: Sandbox) -> None:
    """The wall-time limit is far away here: only the limit for each call can hold."""
    slow = source("c63f_slow_behind_a_still_clock")
    report = grade_calls(grader, slow, "add", timed(0.1), Limits(wall_seconds=6))
    assert report.passed_share == 0


def test_an_answer_that_drips_is_late(grader: Sandbox) -> None:
    """A message that began in time and never pauses is as late as its last byte."""
    report = grade_calls(grader, source("c63g_drip"), "add", timed(0.2), Limits(wall_seconds=6))
    assert report.passed_share == 0


def test_a_second_grading_knows_nothing_of_the_first(grader: Sandbox) -> None:
    for _ in range(2):
        assert grade_calls(grader, source("c64a_tells_calls_apart"), "add", TESTS, QUICK).passed_share == 0


def test_a_table_of_the_public_tests_passes_no_hidden_one(grader: Sandbox) -> None:
    table = source("c64b_table_of_public_tests")
    assert grade_calls(grader, table, "add", [CallTest((1, 1), 2), CallTest((2, 2), 4)], QUICK).all_passed
    assert grade_calls(grader, table, "add", TESTS, QUICK).passed_share == 0


def test_the_feedback_of_a_hidden_call_names_nothing_that_is_expected(grader: Sandbox) -> None:
    report = grade_calls(grader, source("c61e_traceback"), "add", TESTS, QUICK)
    assert report.passed_share == 0
    assert not any(str(test.expected) in repr(report) for test in TESTS)


def test_the_honest_solution_passes_after_all_of_them(grader: Sandbox) -> None:
    assert grade_calls(grader, HONEST, "add", TESTS, QUICK).all_passed
    assert grade_source(grader, HONEST, "add", CHECK, QUICK).all_passed
    assert grade_source(grader, HONEST, "add", ASSERTS, QUICK).all_passed
    assert grade_pytest(grader, {"solution.py": HONEST.encode()}, PYTEST, QUICK).all_passed
    assert grade_stdio(grader, HONEST + MAIN, STDIO, QUICK).all_passed
