"""A code sandbox with kernel isolation, and graders that the graded program cannot reach. See docs/sandbox.md."""

from agentrl.sandbox.graders.calls import CallTest, Raises, grade_calls
from agentrl.sandbox.graders.pytest_files import grade_pytest
from agentrl.sandbox.graders.report import Outcome, Report
from agentrl.sandbox.graders.source import grade_source
from agentrl.sandbox.graders.stdio import StdioTest, grade_stdio
from agentrl.sandbox.opening import open_sandbox, shared_sandbox
from agentrl.sandbox.sessions.session import CommandResult, Session, SessionEndedError
from agentrl.sandbox.types import ExecResult, Limits, Sandbox, Status

__all__ = [
    "CallTest",
    "CommandResult",
    "ExecResult",
    "Limits",
    "Outcome",
    "Raises",
    "Report",
    "Sandbox",
    "Session",
    "SessionEndedError",
    "Status",
    "StdioTest",
    "grade_calls",
    "grade_pytest",
    "grade_source",
    "grade_stdio",
    "open_sandbox",
    "shared_sandbox",
]
