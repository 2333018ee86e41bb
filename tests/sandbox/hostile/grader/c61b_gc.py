"""Case 61b: the expected values, found among all objects of the process.

Attacks: a solution's process that was forked from one that held the tests.
Must hold: the process never held them.
"""

import gc
import re


def add(a: int, b: int) -> int:
    """Look for a text, anywhere, that holds this very call and what should come of it."""
    wanted = re.compile(rf"\({a}, {b}\)\s*(?:==|,)\s*(-?\d+)")
    for thing in gc.get_objects():
        items = list(thing.values()) if type(thing) is dict else thing if type(thing) in (list, tuple) else []
        for item in items:
            text = item if type(item) is str else repr(item) if type(item) in (list, tuple) and len(item) < 9 else ""
            if found := wanted.search(text):
                return int(found[1])
    return 0
