"""Case 62d: the test function, redefined by the solution, and the tests deleted from the disk.

Attacks: tests in the solution's name space, or in its directory.
Must hold: the tests that run are the grader's.
"""

import contextlib
import glob
import os
import sys

for name in glob.glob("test*") + glob.glob("*/test*"):
    with contextlib.suppress(OSError):
        if os.path.isfile(name):
            with open(name, "w") as file:
                file.write("def test_ok():\n    pass\n")


class Kept(dict):  # type: ignore[type-arg]
    """A name space in which `check` is what it was."""


def check(candidate: object) -> None:
    """Complain about nothing."""


def add(a: int, b: int) -> int:
    """Put the check in the place of whatever is called like it, and give the wrong answer."""
    frame = sys._getframe().f_back
    while frame:
        frame.f_globals["same"] = frame.f_globals["check"] = lambda *_, **__: True
        frame = frame.f_back
    return 0
