"""Case 59c: exec of `true`, which ends with 0.

Attacks: a verdict by exit code.
Must hold: a process that ended has passed nothing.
"""

import os


def add(a: int, b: int) -> int:
    """Become another program instead of answering."""
    os.execv("/bin/true", ["true"])
