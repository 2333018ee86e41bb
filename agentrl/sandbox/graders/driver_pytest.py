"""Inside the sandbox: run pytest-style tests, and tell the outcome of each by a line with the grader's secret number.

What to run is the grader's plan, not what is found here. The solution's modules are stand-ins for another process
(remote.py), or, when the grader was asked for it by name, modules of this very process.
"""

import ast
import functools
import json
import os
import signal
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any, NoReturn

from agentrl.sandbox.embedded import program
from agentrl.sandbox.graders import pytest_subset, remote, solution
from agentrl.sandbox.graders.asking import MOST_CHARACTERS, RefusedError, SolutionGoneError
from agentrl.sandbox.graders.fixtures import Scope
from agentrl.sandbox.graders.shown import shown

_CONFTEST = "conftest.py"
_MOST_OF_A_SIDE = 120


class LateError(BaseException):
    """The test took too long."""


def main() -> None:
    """The whole program of the tests' side of `grade_pytest`."""
    verdicts = os.dup(1)
    order = solution.read_order()
    tell = _reporter(verdicts, order.pop("secret"))
    signal.signal(signal.SIGALRM, _ring)
    sys.modules["pytest"] = pytest_subset
    if order["isolate"]:
        ready = solution.receive()
        if not isinstance(ready, dict) or ready.get("loaded") is not True:
            tell(gone=True)
            os._exit(0)
        remote.connect(remote.Connection(order["in_place"]), order["modules"])
    runner = Runner(order, tell)
    runner.run()
    os._exit(0)


def _reporter(verdicts: int, secret: str) -> Callable[..., None]:
    # Bound here, before a solution that shares this process can put something else in their place.
    write, dumps = os.write, json.dumps

    def tell(**message: Any) -> None:
        data = dumps({"secret": secret, **message}).encode() + b"\n"
        while data:
            data = data[write(verdicts, data) :]

    return tell


def _ring(number: int, frame: Any) -> NoReturn:
    raise LateError


class Runner:
    """Runs the plan file by file; a time-out or the solution's end stops it."""

    def __init__(self, order: dict[str, Any], tell: Callable[..., None]) -> None:
        self.order, self.tell = order, tell
        self.shared: dict[str, pytest_subset.Fixture] = {}

    def run(self) -> None:
        """Run all files of the plan."""
        if _CONFTEST in self.order["sources"]:
            try:
                self.shared = _fixtures(_load(_CONFTEST, self.order["sources"][_CONFTEST]))
            except BaseException as error:
                self._tell_all([case["id"] for case in self.order["plan"]], error)
                return
        for file in dict.fromkeys(case["file"] for case in self.order["plan"]):
            if not self._run_file(file, [case for case in self.order["plan"] if case["file"] == file]):
                return

    def _run_file(self, file: str, plan: list[dict[str, Any]]) -> bool:
        try:
            module = self._timed(lambda: _load(file, self.order["sources"][file]))
        except BaseException as error:
            self._tell_all([case["id"] for case in plan], error)
            return not isinstance(error, SolutionGoneError | LateError)
        wide = Scope({**self.shared, **_fixtures(module)}, None)
        try:
            _call_if(module, "setup_module", module)
            return all(self._report(case["id"], functools.partial(_run_case, case, module, wide)) for case in plan)
        except BaseException as error:
            self._tell_all([case["id"] for case in plan], error)
            return not isinstance(error, SolutionGoneError | LateError)
        finally:
            _quietly(lambda: _call_if(module, "teardown_module", module))
            _quietly(wide.close)

    def _report(self, name: str, action: Callable[[], None]) -> bool:
        """Run one test and tell; False when no other can follow."""
        try:
            self._timed(action)
        except BaseException as error:
            self._tell_all([name], error)
            return not isinstance(error, SolutionGoneError | LateError)
        self.tell(id=name, passed=True, error="")
        return True

    def _timed(self, action: Callable[[], Any]) -> Any:
        signal.setitimer(signal.ITIMER_REAL, self.order["seconds"])
        try:
            return action()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _tell_all(self, names: list[str], error: BaseException) -> None:
        gone, late = isinstance(error, SolutionGoneError), isinstance(error, LateError)
        for name in names[:1] if gone or late else names:
            self.tell(id=name, passed=False, error=_describe(error), gone=gone, late=late)


def _load(file: str, source: str) -> types.ModuleType:
    """Run a test file as a module, with asserts that tell both sides of a comparison."""
    module = types.ModuleType(file.removesuffix(".py").replace("/", "."))
    module.__file__ = file
    sys.modules[module.__name__] = module
    module.__dict__["@explain"] = _explain
    program.register_source(file, source)
    tree = ast.fix_missing_locations(_Asserts().visit(ast.parse(source, file)))
    exec(compile(tree, file, "exec", dont_inherit=True), module.__dict__)
    return module


class _Asserts(ast.NodeTransformer):
    """`assert a == b` becomes: left = a; right = b; assert left == right, explain(left, "==", right)."""

    def visit_Assert(self, node: ast.Assert) -> Any:
        test = node.test
        if node.msg is not None or not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return node
        word = ast.unparse(ast.Compare(ast.Name("_"), test.ops, [ast.Name("_")]))[2:-2]
        left, right = ast.Name("@left", ast.Load()), ast.Name("@right", ast.Load())
        fresh = [
            ast.Assign([ast.Name("@left", ast.Store())], test.left),
            ast.Assign([ast.Name("@right", ast.Store())], test.comparators[0]),
            ast.Assert(
                ast.Compare(left, test.ops, [right]),
                ast.Call(ast.Name("@explain", ast.Load()), [left, ast.Constant(word), right], []),
            ),
        ]
        return [ast.copy_location(statement, node) for statement in fresh]


def _explain(left: Any, word: str, right: Any) -> str:
    return f"{shown(left, _MOST_OF_A_SIDE)} {word} {shown(right, _MOST_OF_A_SIDE)} does not hold"


def _fixtures(module: types.ModuleType) -> dict[str, pytest_subset.Fixture]:
    return {one.name: one for one in vars(module).values() if isinstance(one, pytest_subset.Fixture)}


def _run_case(case: dict[str, Any], module: types.ModuleType, wide: Scope) -> None:
    """Run one test of the plan; whatever it raises is its failure."""
    owner = getattr(module, case["owner"]) if case["owner"] else None
    function = getattr(owner or module, case["name"])
    skips = [*pytest_subset.marks(function, "skips"), *pytest_subset.marks(owner, "skips")]
    if reasons := [reason for reasons in skips for reason in reasons]:
        raise pytest_subset.Skipped(reasons[0])
    if owner is not None and hasattr(owner, "debug") and hasattr(owner, "setUpClass"):
        _run_unittest(owner, case["name"])
        return
    given = list(pytest_subset.cases(function))
    if not given or (case["case"] is not None and not case["case"] < len(given)):
        raise AssertionError("parametrize gave fewer cases than its source shows")
    for values in given if case["case"] is None else [given[case["case"]]]:
        with Scope(wide.fixtures, wide) as scope:
            _run_function(owner, case["name"], function, values, scope)


def _run_unittest(owner: Any, name: str) -> None:
    owner.setUpClass()
    try:
        owner(name).debug()
    finally:
        owner.tearDownClass()


def _run_function(owner: Any, name: str, function: Any, values: dict[str, Any], scope: Scope) -> None:
    target = function
    if owner is not None:
        instance = owner()
        target = getattr(instance, name)
        _call_if(owner, "setup_class")
        _call_if(instance, "setup_method", target)
    try:
        wanted = [mark for marks in pytest_subset.marks(function, "fixtures") for mark in marks]
        scope.make_all([*scope.automatic(), *wanted])
        names = scope.arguments(target)
        target(**{name: values[name] if name in values else scope.value(name) for name in names})
    finally:
        if owner is not None:
            _call_if(instance, "teardown_method", target)
            _call_if(owner, "teardown_class")


def _call_if(owner: Any, name: str, argument: Any = None) -> None:
    """Call a set-up or tear-down function, if there is one, with its argument if it takes one."""
    function = getattr(owner, name, None)
    if function is not None:
        takes = function.__code__.co_argcount - (hasattr(function, "__self__"))
        function(*([argument] if takes else []))


def _quietly(action: Callable[[], object]) -> None:
    try:
        action()
    except BaseException:
        return


def _describe(error: BaseException) -> str:
    """What the solution raised; else the line of the test that failed, and why."""
    if isinstance(error, LateError):
        return "took too long"
    if isinstance(error, pytest_subset.Skipped):
        return f"skipped, which is no pass: {error}"
    if notes := getattr(error, "__notes__", None):
        return str(notes[0])[:MOST_CHARACTERS]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".py")]
    own = [frame for frame in frames if not frame.filename.startswith("/")]
    where = f"{own[-1].filename}:{own[-1].lineno}: {(own[-1].line or '').strip()}\n" if own else ""
    if isinstance(error, SolutionGoneError | RefusedError):
        return f"{where}{error}"[:MOST_CHARACTERS]
    text = str(error)
    return f"{where}{type(error).__name__}: {text}"[:MOST_CHARACTERS] if text else f"{where}{type(error).__name__}"
