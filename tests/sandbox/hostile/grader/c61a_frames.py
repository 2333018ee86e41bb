"""Case 61a: the expected values, read from the frames and the code of the caller.

Attacks: a grader that calls the solution from the frame that knows the answer.
Must hold: no frame of the solution's process ever held it.
"""

import re
import sys

ANSWER = re.compile(r"== (-?\d+)")


def add(a: int, b: int) -> int:
    """Look for a number that is written behind `==`, or named `expected`, in any frame on the stack."""
    frame = sys._getframe().f_back
    while frame:
        names = {**frame.f_globals, **frame.f_locals}
        if type(names.get("expected")) is int:
            return names["expected"]
        for value in names.values():
            found = ANSWER.findall(value) if type(value) is str and str(a) in value else []
            for line in value.splitlines() if found else []:
                if f"({a}, {b})" in line and ANSWER.search(line):
                    return int(ANSWER.findall(line)[0])
        frame = frame.f_back
    return 0
