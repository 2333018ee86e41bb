"""Case 63c: a fork, so that two processes answer each call, or one lives to report what the other could not.

Attacks: a grader that takes whichever answer comes, or the exit code of the first process.
Must hold: a second answer never turns a wrong result into a passed test.
"""

import contextlib
import os


def add(a: int, b: int) -> int:
    """Answer from two processes: one with a wrong value, one by a clean exit."""
    with contextlib.suppress(OSError):
        if os.fork():
            os._exit(0)
    return 0
