"""Case 62b: patched unittest and pytest: every assertion holds, every report says passed.

Attacks: a test runner in the solution's process.
Must hold: the runner that reports is not the one that was patched.
"""

import contextlib
import unittest

for name in dir(unittest.TestCase):
    if name.startswith("assert"):
        setattr(unittest.TestCase, name, lambda *_, **__: None)
with contextlib.suppress(ImportError):
    from _pytest import reports, runner

    reports.TestReport.outcome = property(lambda _: "passed", lambda *_: None)  # type: ignore[assignment,method-assign]
    runner.check_interactive_exception = lambda *_: False


def add(a: int, b: int) -> int:
    """Wrong."""
    return 0
