"""Which modules the tests may take from a solution: those that the task expects of it, and never one that it brings.

The sandbox has no site-packages, so where a test imports numpy, a solution could supply a numpy of its own, with
asserts that check nothing.
"""

import ast
import sys
from collections.abc import Collection, Mapping

from agentrl.errors import TaskFileError
from agentrl.sandbox.graders.admission import RESERVED, top_name

_PROVIDED = sys.stdlib_module_names | {"pytest"}


def solution_modules(test_files: Mapping[str, str], named: Collection[str] | None) -> frozenset[str]:
    """The top-level names that the tests may import from the solution: `named`, or the only one that they import.

    Raises TaskFileError when the tests import a module that is neither the standard library's, nor pytest, nor a test
    file, nor of the solution; without `named`, when there are several that could be of the solution.
    """
    provided = _PROVIDED | {top_name(name) for name in test_files}
    outside = {name for file, source in test_files.items() if file.endswith(".py") for name in _imported(source)}
    outside -= provided
    if named is not None:
        if unknown := sorted(outside - set(named)):
            raise TaskFileError(f"the tests import {', '.join(unknown)}, but `modules` names {sorted(named)}")
        return frozenset(named)
    if reserved := sorted(outside & RESERVED):
        raise TaskFileError(f"the tests import {', '.join(reserved)}, which no solution may have")
    if len(outside) > 1:
        raise TaskFileError(
            f"the tests import {', '.join(sorted(outside))}: say by `modules` which of them the solution has; "
            "only the standard library and pytest are there besides"
        )
    return frozenset(outside)


def _imported(source: str) -> set[str]:
    """The top-level names that import statements anywhere in the source begin with."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
