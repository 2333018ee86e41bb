"""Tests that are input and output: each runs the whole program afresh, and what it wrote is compared outside."""

import dataclasses
import math
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from agentrl.sandbox.graders.compare import Order, order_of, paired
from agentrl.sandbox.graders.report import NOT_RUN, Outcome, Report, cut_short, failure, is_time_out
from agentrl.sandbox.graders.shown import cut
from agentrl.sandbox.types import DEFAULT_LIMITS, NO_FILES, ExecResult, Limits, Sandbox, Status

_SHOWN_ERROR = 600
_FLOAT = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LONGEST_NUMBER = 400


@dataclass(frozen=True, slots=True)
class StdioTest:
    """An input and the output that it should lead to.

    White space at the end of a line, and empty lines at the end, do not matter.
    """

    stdin: str
    expected: str
    tokens: bool = False
    """Compare the words of each line: white space between them does not matter, empty lines neither, and an expected
    number with a point or an exponent is met by any number within the tolerance. Other words must be the same."""
    unordered: bool = False
    """The lines may come in any order, each as often as expected."""
    rel_tol: float = 1e-6
    """With `tokens`: how far from an expected number an answer may be, as a share of the larger one."""
    abs_tol: float = 1e-9
    """The same as an absolute distance; the larger allowance counts."""
    seconds: float | None = None
    """Wall time of this run; None: that of the limits."""

    def __post_init__(self) -> None:
        if self.rel_tol < 0 or self.abs_tol < 0 or (self.seconds is not None and self.seconds <= 0):
            raise ValueError("rel_tol and abs_tol must be at least 0, and seconds positive")

    def met_by(self, output: str) -> bool:
        """Whether this output is as good as the expected one."""
        expected, got = self._lines(self.expected), self._lines(output)
        if len(expected) != len(got):
            return False
        if self.unordered:
            return paired(expected, got, str, _order, self._line_met)
        return all(map(self._line_met, expected, got))

    def _lines(self, text: str) -> list[str]:
        if self.tokens:
            return [" ".join(words) for line in text.split("\n") if (words := line.split())]
        lines = [line.rstrip() for line in text.split("\n")]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def _line_met(self, expected: str, got: str) -> bool:
        if expected == got or not self.tokens:
            return expected == got
        left, right = expected.split(), got.split()
        return len(left) == len(right) and all(map(self._word_met, left, right))

    def _word_met(self, expected: str, got: str) -> bool:
        if expected == got:
            return True
        if len(got) > _LONGEST_NUMBER or not _FLOAT.fullmatch(expected) or not _NUMBER.fullmatch(got):
            return False
        return math.isclose(float(expected), float(got), rel_tol=self.rel_tol, abs_tol=self.abs_tol)


def _order(line: str) -> Order:
    words = line.split()
    numbers = [_NUMBER.fullmatch(word) is not None for word in words]
    rest = " ".join("" if number else word for word, number in zip(words, numbers, strict=True))
    return order_of(rest, [float(word) for word, number in zip(words, numbers, strict=True) if number])


def grade_stdio(
    sandbox: Sandbox,
    program: str,
    tests: Sequence[StdioTest],
    limits: Limits = DEFAULT_LIMITS,
    *,
    files: Mapping[str, bytes] = NO_FILES,
    stop_early: bool = False,
    concurrency: int | None = None,
) -> Report:
    """Run `program` once per test, with the test's input, and compare what it wrote to stdout.

    A test passes when the program exits with 0 and its output is good. Each run is fresh: `files` is all that they
    share. With `stop_early`, the tests after the first that fails (in their order) count as not run.
    `concurrency` is the number of runs at once; None: one per processor.
    The report's status is that of the first run that was not OK. Raises SandboxError when the machinery fails.
    """
    if not tests:
        return Report((), Status.OK, "0 of 0 tests passed")
    failed: list[int] = []

    def grade(place: int) -> Outcome:
        if stop_early and any(other < place for other in failed):
            return failure(NOT_RUN, None)
        outcome = _grade_one(sandbox, program, tests[place], limits, files)
        if not outcome.passed:
            failed.append(place)
        return outcome

    with ThreadPoolExecutor(min(len(tests), concurrency or len(os.sched_getaffinity(0)))) as pool:
        outcomes = list(pool.map(grade, range(len(tests))))
    if stop_early and failed:
        # How many ran at the same time depends on the machine; what is reported does not.
        ran = min(failed) + 1
        outcomes[ran:] = [failure(NOT_RUN, None)] * (len(tests) - ran)
    passed = sum(outcome.passed for outcome in outcomes)
    status = next((outcome.status for outcome in outcomes if outcome.status not in (Status.OK, None)), Status.OK)
    return Report(tuple(outcomes), status or Status.OK, f"{passed} of {len(tests)} tests passed")


def _grade_one(sandbox: Sandbox, program: str, test: StdioTest, limits: Limits, files: Mapping[str, bytes]) -> Outcome:
    # One KiB more than expected is enough to see that there is too much.
    kept = max(limits.output_kb, len(test.expected.encode("utf-8", "replace")) // 1024 + 2)
    own = dataclasses.replace(limits, wall_seconds=test.seconds or limits.wall_seconds, output_kb=kept)
    result = sandbox.run(program, stdin=test.stdin, files=files, limits=own)
    got = cut(result.stdout)
    if result.status is not Status.OK:
        return _failed(result, got)
    if len(result.stdout.encode("utf-8", "replace")) >= kept * 1024:
        return failure(f"it wrote more than {kept} KiB", Status.OK, got=got)
    return Outcome(test.met_by(result.stdout), got, status=Status.OK)


def _failed(result: ExecResult, got: str) -> Outcome:
    if is_time_out(result) or result.limit:
        return dataclasses.replace(cut_short(result, "in this test"), got=got)
    error = result.stderr.strip()[-_SHOWN_ERROR:] or f"exit code {result.exit_code}"
    return failure(error, result.status, got=got)
