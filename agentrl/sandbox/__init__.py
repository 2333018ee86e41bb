"""A code sandbox with kernel isolation, and graders that the graded program cannot reach. See docs/sandbox.md."""

from agentrl.sandbox.grading import CallTest, Outcome, Report, grade_calls, grade_source
from agentrl.sandbox.opening import open_sandbox, shared_sandbox
from agentrl.sandbox.types import ExecResult, Limits, Sandbox, Status

__all__ = [
    "CallTest",
    "ExecResult",
    "Limits",
    "Outcome",
    "Report",
    "Sandbox",
    "Status",
    "grade_calls",
    "grade_source",
    "open_sandbox",
    "shared_sandbox",
]
