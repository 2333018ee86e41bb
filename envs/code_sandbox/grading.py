"""Runs a program against a task's tests in the sandbox, once: a policy writes the same program again and again."""

import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from agentrl.envs.code_sandbox.tasks import CodeTask
from agentrl.sandbox import Limits, Outcome, Sandbox, grade_calls, grade_source

VERDICTS_KEPT: Final = 4096
# With each verdict its sandbox, which the key knows by its id: so no other can take over the id meanwhile.
_verdicts: OrderedDict[tuple[Any, ...], tuple[Sandbox, "Future[Verdict]"]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcomes of the visible tests, and of the hidden ones once they decide.

    `calls` belongs to `task.visible`, `asserts` to `task.visible_source`, test for test.
    """

    calls: tuple[Outcome, ...]
    asserts: tuple[Outcome, ...]
    hidden: tuple[Outcome, ...]

    @property
    def visible_passed(self) -> bool:
        """Whether all visible tests passed (there may be none)."""
        return all(outcome.passed for outcome in (*self.calls, *self.asserts))

    @property
    def timed_out(self) -> bool:
        """Whether a test took too long, which another time it might not."""
        return any(outcome.timed_out for outcome in (*self.calls, *self.asserts, *self.hidden))

    @property
    def hidden_passed(self) -> int:
        """How many hidden tests passed."""
        return sum(outcome.passed for outcome in self.hidden)


def grade(sandbox: Sandbox, program: str, task: CodeTask, limits: Limits, *, last: bool) -> Verdict:
    """The verdict on a program; its `hidden` part is complete if the visible tests passed or `last` is set.

    Visible and hidden calls are made in one run, in which the program cannot tell them apart. `visible_source` and
    `test_source` take a run each, the latter only when it decides. Raises SandboxError when the sandbox fails.

    The same program on the same task is not run again: the last `VERDICTS_KEPT` verdicts of this process are kept, and
    who asks while one is being found waits for it. Verdicts with a time-out are not kept.
    """
    key = (id(sandbox), program, repr(task), limits, last and bool(task.test_source))
    with _lock:
        if known := key in _verdicts:
            _verdicts.move_to_end(key)
        else:
            _verdicts[key] = sandbox, Future()
            if len(_verdicts) > VERDICTS_KEPT:
                _verdicts.popitem(last=False)
        found = _verdicts[key][1]
    if known:
        return found.result()
    try:
        verdict = _run(sandbox, program, task, limits, last)
    except BaseException as error:
        _forget(key)
        found.set_exception(error)
        raise
    if verdict.timed_out:
        _forget(key)
    found.set_result(verdict)
    return verdict


def _forget(key: tuple[Any, ...]) -> None:
    with _lock:
        _verdicts.pop(key, None)


def _run(sandbox: Sandbox, program: str, task: CodeTask, limits: Limits, last: bool) -> Verdict:
    cases = (*task.visible, *task.hidden)
    outcomes: tuple[Outcome, ...] = ()
    if cases:
        calls = [case.as_test() for case in cases]
        outcomes = grade_calls(sandbox, program, task.entry_point, calls, limits).outcomes
    asserts = _by_source(sandbox, program, task, task.visible_source, limits)
    verdict = Verdict(outcomes[: len(task.visible)], asserts, outcomes[len(task.visible) :])
    if last or verdict.visible_passed:
        decided = _by_source(sandbox, program, task, task.test_source, limits)
        return Verdict(verdict.calls, verdict.asserts, (*verdict.hidden, *decided))
    return verdict


def _by_source(sandbox: Sandbox, program: str, task: CodeTask, source: str, limits: Limits) -> tuple[Outcome, ...]:
    return grade_source(sandbox, program, task.entry_point, source, limits).outcomes if source else ()
