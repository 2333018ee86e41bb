"""Case 59b: `os._exit(0)` in the call, before anything is compared.

Attacks: a verdict by exit code.
Must hold: a process that ended has passed nothing.
"""

import os


def add(a: int, b: int) -> int:
    """Leave instead of answering."""
    os._exit(0)
