"""Case 61d: the expected values, read from the closures, defaults and constants of every function.

Attacks: a grader that keeps the tests in closures or default arguments.
Must hold: no function of the solution's process holds them.
"""

import gc
import types


def add(a: int, b: int) -> int:
    """Look for a container, in a cell, a default or a code object, that holds this very call."""
    for function in gc.get_objects():
        if not isinstance(function, types.FunctionType) or function is add:
            continue
        things: list[object] = [*(function.__defaults__ or ()), *function.__code__.co_consts]
        for cell in function.__closure__ or ():
            try:
                things.append(cell.cell_contents)
            except ValueError:
                continue
        for thing in things:
            if type(thing) in (list, tuple):
                for item in thing:  # type: ignore[attr-defined]
                    if type(item) is tuple and len(item) == 2 and item[0] == (a, b) and type(item[1]) is int:
                        return item[1]
    return 0
