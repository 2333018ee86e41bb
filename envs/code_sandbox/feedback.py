"""What the policy reads after an answer: two or three short lines on the first visible test that failed.

Only the visible tests are spoken about. When the episode is over, the policy learns how many hidden ones passed.
"""

import re
from typing import Final

from agentrl.envs.code_sandbox.grading import Verdict
from agentrl.envs.code_sandbox.tasks import CodeTask, call_text
from agentrl.sandbox import Outcome

LONGEST_VALUE: Final = 80
LONGEST_ERROR: Final = 160

_CLOSED_FENCE: Final = re.compile(r"```(?:python|py)?[ \t\r]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_OPEN_FENCE: Final = re.compile(r"```(?:python|py)?[ \t\r]*\n(.*)", re.DOTALL)
_BARE_PROGRAM: Final = re.compile(r"\s*(?:def|import|from)\b")


def extract_program(answer: str) -> tuple[str, bool]:
    """The program in an answer, and whether it is well-formed, in a fence that is closed.

    The last closed fence counts; else what follows a fence that was never closed; else the whole answer if it starts
    with `def`, `import` or `from`; else there is none: "". Characters that UTF-8 cannot encode become question marks.
    """
    answer = answer.encode("utf-8", "replace").decode("utf-8")
    if blocks := _CLOSED_FENCE.findall(answer):
        return (blocks[-1], True) if blocks[-1].strip() else ("", False)
    if unfinished := _OPEN_FENCE.search(answer):
        return unfinished[1].strip() and unfinished[1], False
    return (answer, False) if _BARE_PROGRAM.match(answer) else ("", False)


def no_program(task: CodeTask) -> str:
    """The answer to text without a program."""
    return f"No program found. Write a ```python block that defines {task.entry_point}.\nTry again."


def nothing_to_do(task: CodeTask) -> str:
    """The answer to text without a block, in session mode."""
    return f"Nothing to do found. Write a ```sh block, or a ```python block that defines {task.entry_point}."


def failure(task: CodeTask, verdict: Verdict, wall_seconds: float) -> str:
    """What went wrong in the first visible test that failed: wrong value, error or time-out. At least one failed."""
    for case, outcome in zip(task.visible, verdict.calls, strict=True):
        if not outcome.passed:
            call = _shortened(call_text(task.entry_point, case.args), LONGEST_VALUE)
            wrong = (
                f"{_shortened(outcome.got, LONGEST_VALUE)}, expected {_shortened(repr(case.expected), LONGEST_VALUE)}."
            )
            return _describe(outcome, call, f"Failed: {call} returned {wrong}", wall_seconds)
    failed = next(outcome for outcome in verdict.asserts if not outcome.passed)
    source = _shortened(task.visible_source.strip(), 2 * LONGEST_VALUE)
    return _describe(failed, source, f"Failed: {source}", wall_seconds)


def _describe(outcome: Outcome, test: str, wrong: str, wall_seconds: float) -> str:
    if outcome.timed_out:
        return f"Time-out: {test} took more than {wall_seconds:g} s.\nTry again."
    if outcome.error:
        return f"Error in {test}:\n{_last_lines(outcome.error)}\nTry again."
    return f"{wrong}\nTry again."


def result(passed: int, total: int) -> str:
    """The last observation of an episode."""
    return f"{'Solved' if passed == total else 'Not solved'}: {passed} of {total} hidden tests passed."


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _last_lines(error: str) -> str:
    """The last two lines of a traceback without their indentation, the end of it if it is long."""
    lines = [line.strip() for line in error.strip().splitlines() if line.strip()][-2:]
    text = "\n".join(lines)
    return text if len(text) <= LONGEST_ERROR else f"...{text[-LONGEST_ERROR + 3 :]}"
