"""What graders tell: an `Outcome` per test, and a `Report` of all of them."""

import dataclasses
from dataclasses import dataclass

from agentrl.sandbox.types import ExecResult, Status

NOT_RUN = "not run"
_LONGEST_ERROR = 1000
_ALARM = -14


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one test.

    `got` is the shortened repr of what the solution returned, or what it wrote; `error` tells what was raised. Both
    come from the solution or quote the test: see `Report.public`.
    """

    passed: bool
    got: str = ""
    error: str = ""
    timed_out: bool = False
    status: Status | None = None
    """How it ended: OK when an answer came, right or wrong; ERROR after an exception; None: it was not run."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all tests. `status` is how the solution's process ended; `message` is one line for people.

    `message` never quotes a test. `dropped` names the solution's files that were left out (`grade_pytest`).
    `isolated` is False when the solution ran in the tests' own process, where it can forge every outcome.
    """

    outcomes: tuple[Outcome, ...]
    status: Status
    message: str
    dropped: tuple[str, ...] = ()
    isolated: bool = True

    @property
    def passed_share(self) -> float:
        """The share of tests that passed, 0 to 1; 0 without tests."""
        return sum(outcome.passed for outcome in self.outcomes) / len(self.outcomes) if self.outcomes else 0.0

    @property
    def all_passed(self) -> bool:
        """Whether there are tests and all of them passed."""
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    def public(self) -> "Report":
        """What a policy may read about hidden tests: how each one ended, and no text of it.

        Texts are left out even where they come from the solution: it could put a hidden test's arguments into them.
        Only the error of a solution that could not be loaded stays, which was made before any test was known to it.
        """
        return dataclasses.replace(
            self, outcomes=tuple(dataclasses.replace(outcome, got="", error="") for outcome in self.outcomes)
        )


def failure(error: object, status: Status | None = Status.ERROR, *, got: str = "", timed_out: bool = False) -> Outcome:
    """An outcome that is no pass, with its error cut to a bearable length."""
    return Outcome(False, got, str(error)[:_LONGEST_ERROR], timed_out, status)


def cut_short(result: ExecResult, when: str) -> Outcome:
    """The outcome of the test during which the solution's process ended, or broke the protocol."""
    if is_time_out(result):
        limit = result.limit or "took too long"
        return failure(f"stopped {when}: {limit}", Status.TIMEOUT, timed_out=True)
    if result.limit:
        return failure(f"stopped {when}: {result.status} ({result.limit})", result.status)
    status = Status.ERROR if result.status is Status.OK else result.status
    return failure(f"the process ended {when} (exit code {result.exit_code})", status)


def is_time_out(result: ExecResult) -> bool:
    """Whether time ran out: the run's, its processor's, or that of one call, whose alarm ends the process."""
    return result.status in (Status.TIMEOUT, Status.CPU) or result.exit_code == _ALARM


def not_loaded(error: str, wanted: int, result: ExecResult) -> Report:
    """The report on a solution whose top level did not run to its end. `error` must not quote a test."""
    timed_out = is_time_out(result)
    status = Status.TIMEOUT if timed_out else Status.ERROR if result.status is Status.OK else result.status
    rest = [failure(NOT_RUN, None)] * (wanted - 1)
    first = failure(error, status, timed_out=timed_out)
    message = f"the solution could not be loaded: {error.strip()}"[:_LONGEST_ERROR]
    return Report((first, *rest)[:wanted], status, message)


def report_of(outcomes: list[Outcome], wanted: int, status: Status) -> Report:
    """The report on `wanted` tests, the last of which may not have been run."""
    filled = (*outcomes, *[failure(NOT_RUN, None)] * (wanted - len(outcomes)))
    passed = sum(outcome.passed for outcome in filled)
    return Report(filled, status, f"{passed} of {wanted} tests passed")
