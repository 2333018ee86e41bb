"""Runs a program against a task's tests in the sandbox."""

from dataclasses import dataclass

from agentrl.envs.code_sandbox.tasks import CodeTask
from agentrl.sandbox import Limits, Outcome, Sandbox, grade_calls, grade_source


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
    def hidden_passed(self) -> int:
        """How many hidden tests passed."""
        return sum(outcome.passed for outcome in self.hidden)


def grade(sandbox: Sandbox, program: str, task: CodeTask, limits: Limits, *, last: bool) -> Verdict:
    """The verdict on a program; its `hidden` part is complete if the visible tests passed or `last` is set.

    Visible and hidden calls are made in one run, in which the program cannot tell them apart. `visible_source` and
    `test_source` take a run each, the latter only when it decides. Raises SandboxError when the sandbox fails.
    """
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
