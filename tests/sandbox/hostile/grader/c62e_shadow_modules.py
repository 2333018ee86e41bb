"""Case 62e: modules that shadow the standard library: in sys.modules, and as files in the directory.

Attacks: a grader that imports after the solution was loaded: json, math, random, operator.
Must hold: the grader imports from elsewhere.
"""

import contextlib
import sys
import types


class Agreeable(types.ModuleType):
    """A module of which every function agrees."""

    def __getattr__(self, name: str) -> object:
        return lambda *_, **__: True


for name in ("math", "operator", "numbers", "decimal", "unittest", "agentrl.sandbox.graders.compare"):
    sys.modules[name] = Agreeable(name)
    with contextlib.suppress(OSError), open(f"{name}.py", "x") as file:
        file.write("def __getattr__(name):\n    return lambda *a, **k: True\n")


def add(a: int, b: int) -> int:
    """Wrong."""
    return 0
