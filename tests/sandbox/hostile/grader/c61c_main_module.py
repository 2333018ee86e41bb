"""Case 61c: the expected values, read from the main module, the loaded sources and the command line.

Attacks: a grader that is the main module of the solution's process, or passes the tests by its arguments.
Must hold: neither names, files nor arguments of the process hold them.
"""

import contextlib
import glob
import linecache
import re
import sys


def add(a: int, b: int) -> int:
    """Look for the call in every source that this process can see."""
    texts = ["".join(lines or []) for _, _, lines, _ in linecache.cache.values()]
    texts += [value for value in vars(sys.modules["__main__"]).values() if type(value) is str]
    texts += list(sys.argv)
    names = [*glob.glob("*"), *glob.glob("/tmp/*"), *sys.argv, "/proc/self/cmdline", "/proc/self/fd/0"]
    for name in names:
        with contextlib.suppress(OSError, ValueError), open(name, errors="replace") as file:
            texts.append(file.read(1 << 20))
    for text in texts:
        if found := re.search(rf"\({a}, {b}\)\s*(?:==|,)\s*(-?\d+)", text):
            return int(found[1])
    return 0
