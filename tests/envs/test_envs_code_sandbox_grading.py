"""Verdicts are kept: a program is run once on a task, whoever asks, unless the run says nothing for sure."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from agentrl.envs.code_sandbox import CodeSandboxEnv, CodeTask, grading
from agentrl.envs.code_sandbox.grading import Verdict, grade
from agentrl.errors import SandboxError
from agentrl.sandbox import Limits, Outcome, Report, Status

PASSED, FAILED, LATE = Outcome(True), Outcome(False), Outcome(False, timed_out=True)
LIMITS = Limits(wall_seconds=1.0)
SANDBOX, OTHER_SANDBOX = object(), object()


def task(**changes: Any) -> CodeTask:
    fields = {"task_id": "t", "prompt": "Go.", "visible": ["f(1) == 1"], "hidden": ["f(2) == 1"], "split": "train"}
    return CodeTask(**(fields | changes))  # type: ignore[arg-type]


class Runs:
    """Stands for the sandbox's graders: notes what is run, and answers what it is told to."""

    def __init__(self) -> None:
        self.programs: list[str] = []
        self.calls: Callable[[], tuple[Outcome, ...]] = lambda: (PASSED, PASSED)
        self.source: Callable[[], tuple[Outcome, ...]] = lambda: (PASSED,)

    def grade_calls(self, _: Any, program: str, *__: Any) -> Report:
        self.programs.append(program)
        return Report(self.calls(), Status.OK, "")

    def grade_source(self, *_: Any) -> Report:
        return Report(self.source(), Status.OK, "")

    def __len__(self) -> int:
        return len(self.programs)


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """No verdict is known yet, and nothing reaches a sandbox."""
    made = Runs()
    monkeypatch.setattr(grading, "_verdicts", OrderedDict())
    monkeypatch.setattr(grading, "grade_calls", made.grade_calls)
    monkeypatch.setattr(grading, "grade_source", made.grade_source)
    return made


def ask(program: str = "a", **changes: Any) -> Verdict:
    """A verdict in which everything is as always but for `changes`."""
    usual: dict[str, Any] = {"sandbox": SANDBOX, "program": program, "task": task(), "limits": LIMITS, "last": False}
    return grade(**(usual | changes))


def test_the_same_program_on_the_same_task_is_run_once(runs: Runs) -> None:
    first = ask()
    assert first == Verdict((PASSED,), (), (PASSED,))
    runs.calls = lambda: (FAILED, FAILED)
    assert [ask() for _ in range(3)] == [first] * 3
    assert len(runs) == 1


def test_a_wrong_program_is_run_once_too(runs: Runs) -> None:
    runs.calls = lambda: (FAILED, Outcome(False, error="NameError: x"))
    assert ask() == ask()
    assert len(runs) == 1


def test_a_task_is_known_by_what_it_says_and_not_by_which_object_it_is(runs: Runs) -> None:
    one, same = task(), task()
    ask(task=one)
    ask(task=same)
    assert len(runs) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"program": "b"},
        {"program": "a "},
        {"task": task(hidden=["f(2) == 2"])},
        {"task": task(hidden=["f(2) == True"])},
        {"task": task(hidden=["f(2) == 1.0"])},
        {"task": task(visible=[])},
        {"task": task(entry_point="g")},
        {"task": task(test_source="assert f(3) == 3")},
        {"task": task(visible_source="assert f(3) == 3")},
        {"limits": replace(LIMITS, memory_mb=64)},
        {"sandbox": OTHER_SANDBOX},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_differs_is_run_again(runs: Runs, changes: dict[str, Any]) -> None:
    ask()
    ask(**changes)
    ask()
    ask(**changes)
    assert len(runs) == 2


def test_the_last_attempt_runs_a_program_again_only_where_a_source_decides(runs: Runs) -> None:
    assert ask(last=False) == ask(last=True)
    assert len(runs) == 1
    for last in (False, True, False, True):
        ask(task=task(test_source="assert f(3) == 3"), last=last)
    assert len(runs) == 3


def test_the_hidden_source_decides_on_the_last_attempt_though_the_program_was_known_before(runs: Runs) -> None:
    given = task(test_source="assert f(3) == 3")
    runs.calls = lambda: (FAILED, PASSED)
    assert ask(task=given).hidden == (PASSED,)
    assert ask(task=given, last=True).hidden == (PASSED, PASSED)


def test_an_error_is_not_kept(runs: Runs) -> None:
    def fail() -> tuple[Outcome, ...]:
        raise SandboxError("the worker is gone")

    runs.calls = fail
    for _ in range(2):
        with pytest.raises(SandboxError, match="the worker is gone"):
            ask()
    assert len(runs) == 2
    runs.calls = lambda: (PASSED, PASSED)
    assert ask().visible_passed
    assert ask().visible_passed
    assert len(runs) == 3


@pytest.mark.parametrize("calls", [(LATE, FAILED), (PASSED, LATE), (FAILED, LATE)])
def test_a_time_out_is_not_kept(runs: Runs, calls: tuple[Outcome, ...]) -> None:
    runs.calls = lambda: calls
    assert ask().timed_out
    runs.calls = lambda: (PASSED, PASSED)
    assert not ask().timed_out
    assert len(runs) == 2


@pytest.mark.parametrize("name", ["visible_source", "test_source"])
def test_a_time_out_of_a_source_is_not_kept(runs: Runs, name: str) -> None:
    given = task(**{name: "assert f(3) == 3"})
    runs.source = lambda: (LATE,)
    assert ask(task=given, last=True).timed_out
    runs.source = lambda: (PASSED,)
    assert ask(task=given, last=True).hidden_passed == len(ask(task=given, last=True).hidden)
    assert len(runs) == 2


def test_the_verdict_unused_longest_makes_room(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "VERDICTS_KEPT", 2)
    for program in ("a", "b", "a", "c"):  # "c" drives "b" out, which nobody has asked for since
        ask(program)
    assert runs.programs == ["a", "b", "c"]
    ask("a")
    ask("c")
    assert runs.programs == ["a", "b", "c"]
    ask("b")
    assert runs.programs == ["a", "b", "c", "b"]


def test_no_more_verdicts_are_kept_than_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "VERDICTS_KEPT", 5)
    for number in range(20):
        ask(str(number))
        assert len(grading._verdicts) <= 5


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Counts who has begun to wait for somebody else's run."""
    counted = threading.Semaphore(0)

    class Watched(Future[Verdict]):
        def result(self, timeout: float | None = None) -> Verdict:
            counted.release()
            return super().result(timeout)

    monkeypatch.setattr(grading, "Future", Watched)
    return counted


def ask_together(runs: Runs, waiting: threading.Semaphore, end: Callable[[], tuple[Outcome, ...]]) -> list[Any]:
    """What five threads are told, a verdict or an error, that ask for the same while it is being found."""
    begun, go_on = threading.Event(), threading.Event()

    def calls() -> tuple[Outcome, ...]:
        begun.set()
        assert go_on.wait(30)
        return end()

    def answer() -> Verdict | SandboxError:
        try:
            return ask()
        except SandboxError as error:
            return error

    runs.calls = calls
    with ThreadPoolExecutor(5) as pool:
        told = [pool.submit(answer)]
        try:
            assert begun.wait(30)
            told += [pool.submit(answer) for _ in range(4)]
            assert all(waiting.acquire(timeout=10) for _ in range(4))
            assert not any(future.done() for future in told)
        finally:
            go_on.set()
        return [future.result(30) for future in told]


def test_who_asks_while_a_verdict_is_being_found_waits_for_it(runs: Runs, waiting: threading.Semaphore) -> None:
    assert ask_together(runs, waiting, lambda: (PASSED, FAILED)) == [Verdict((PASSED,), (), (FAILED,))] * 5
    assert len(runs) == 1
    ask()
    assert len(runs) == 1


def test_who_waits_is_told_of_an_error_too(runs: Runs, waiting: threading.Semaphore) -> None:
    def fail() -> tuple[Outcome, ...]:
        raise SandboxError("the worker is gone")

    told = ask_together(runs, waiting, fail)
    assert [(type(error), str(error)) for error in told] == [(SandboxError, "the worker is gone")] * 5
    assert len(runs) == 1
    runs.calls = lambda: (PASSED, PASSED)
    assert ask().visible_passed


def test_who_waits_is_told_of_a_time_out_and_who_comes_later_is_not(runs: Runs, waiting: threading.Semaphore) -> None:
    assert all(verdict.timed_out for verdict in ask_together(runs, waiting, lambda: (LATE, FAILED)))
    assert len(runs) == 1
    runs.calls = lambda: (PASSED, PASSED)
    assert not ask().timed_out


def test_other_programs_do_not_wait(runs: Runs) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def calls() -> tuple[Outcome, ...]:
        if runs.programs[-1] == "slow":
            begun.set()
            assert go_on.wait(30)
        return PASSED, PASSED

    runs.calls = calls
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(ask, "slow")
        assert begun.wait(30)
        assert ask("quick").visible_passed
        assert not slow.done()
        go_on.set()
        assert slow.result(30).visible_passed


def test_a_verdict_that_is_driven_out_while_it_is_found_still_comes(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grading, "VERDICTS_KEPT", 1)

    def calls() -> tuple[Outcome, ...]:
        if runs.programs == ["a"]:
            ask("b")
        return PASSED, FAILED

    runs.calls = calls
    assert ask("a") == ask("b") == Verdict((PASSED,), (), (FAILED,))


def test_episodes_of_all_environments_share_the_verdicts(runs: Runs) -> None:
    runs.calls = lambda: (FAILED, FAILED)
    for _ in range(3):
        env = CodeSandboxEnv(tasks=[task()], sandbox=SANDBOX)  # type: ignore[arg-type]
        env.reset(seed=0)
        assert [env.step("def f(x): return 0")[2] for _ in range(3)] == [False, False, True]
    assert len(runs) == 1
