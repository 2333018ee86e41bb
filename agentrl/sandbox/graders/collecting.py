"""Which tests a set of test files holds, read from their syntax: no line of them runs, so nothing can hide one.

What the runner in the sandbox does not support is an error of the task here, before any solution could pay for it.
"""

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NoReturn

from agentrl.errors import TaskFileError

CONFTEST = "conftest.py"
_KNOWN = {"approx", "fail", "fixture", "mark", "param", "raises", "skip"}
_KNOWN_MARKS = {"parametrize", "skip", "skipif", "usefixtures"}
_FIXTURE_OPTIONS = {"scope", "autouse", "name"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Case:
    """One expected outcome: a test, or one case of a parametrized one. `case` None: all of them together."""

    file: str
    owner: str
    name: str
    case: int | None

    @property
    def id(self) -> str:
        """As pytest writes it, but with the number of the case: test_a.py::TestB::test_c[0]."""
        parts = [self.file, *([self.owner] if self.owner else []), self.name]
        return "::".join(parts) + ("" if self.case is None else f"[{self.case}]")


def collect(test_files: Mapping[str, str]) -> list[Case]:
    """All tests of the files called test_*.py or *_test.py, in their order.

    Raises TaskFileError for files that are no Python, hold no test, or use what the runner does not support.
    """
    trees = {name: _parse(name, source) for name, source in test_files.items() if name.endswith(".py")}
    shared = set(_fixtures(trees[CONFTEST])) if CONFTEST in trees else set()
    found: list[Case] = []
    for name, tree in trees.items():
        _check_pytest(name, tree)
        if is_test_file(name):
            found += _Collector(name, tree, shared).cases()
    if not found:
        raise TaskFileError("the test files hold no test: test_* functions, Test* classes or unittest.TestCase classes")
    return found


def is_test_file(name: str) -> bool:
    """Whether tests are looked for in a file of this name."""
    path = PurePosixPath(name)
    return path.suffix == ".py" and (path.stem.startswith("test_") or path.stem.endswith("_test"))


def _parse(name: str, source: str) -> ast.Module:
    try:
        return ast.parse(source, name)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise TaskFileError(f"{name} is not Python: {error}") from error


class _Collector:
    def __init__(self, file: str, tree: ast.Module, shared: set[str]) -> None:
        self.file, self.tree = file, tree
        self.fixtures = shared | set(_fixtures(tree))
        self.classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

    def cases(self) -> Iterator[Case]:
        """The file's tests, in their order. Raises TaskFileError."""
        self._refuse_doubles(self.tree.body)
        for node in self.tree.body:
            if isinstance(node, _Function):
                if node.name.startswith("test") and not _is_fixture(node):
                    yield from self._of_function("", node)
            elif isinstance(node, ast.ClassDef):
                yield from self._of_class(node)
            elif any(isinstance(inner, _Function) and inner.name.startswith("test") for inner in ast.walk(node)):
                self._refuse(node, "a test under a condition may never run; define it at the top level")

    def _of_class(self, node: ast.ClassDef) -> Iterator[Case]:
        line = self._line(node)
        unit = any(_last_name(base) == "TestCase" for one in line for base in one.bases)
        if (not unit and not node.name.startswith("Test")) or _skipped(node):
            return
        methods: dict[str, _Function] = {}
        self._refuse_doubles(node.body)
        for one in reversed(line):
            for inner in one.body:
                if isinstance(inner, _Function) and inner.name.startswith("test"):
                    methods[inner.name] = inner
                elif isinstance(inner, _Function) and (_is_fixture(inner) or inner.name == "__init__"):
                    self._refuse(inner, "fixtures and __init__ in classes are not supported")
        for method in methods.values():
            yield from self._of_function(node.name, method, unit)

    def _refuse_doubles(self, body: list[ast.stmt]) -> None:
        seen: set[str] = set()
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if node.name in seen and node.name.lower().startswith("test"):
                    self._refuse(node, "it is defined twice, and only the last would run")
                seen.add(node.name)

    def _line(self, node: ast.ClassDef) -> list[ast.ClassDef]:
        """The class and its bases, as far as they stand in this file."""
        found = [node]
        for base in node.bases:
            name = _last_name(base)
            if name in self.classes and self.classes[name] is not node:
                found += self._line(self.classes[name])
            elif name not in ("object", "TestCase"):
                self._refuse(node, f"its base {ast.unparse(base)} is not in this file")
        return found

    def _of_function(self, owner: str, node: _Function, unit: bool = False) -> Iterator[Case]:
        if isinstance(node, ast.AsyncFunctionDef):
            self._refuse(node, "async tests are not supported")
        if _skipped(node):
            return
        names, counts = self._parameters(node)
        arguments = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        arguments = arguments[: len(arguments) - len(node.args.defaults)]
        missing = set(arguments[1:] if owner else arguments) - names - (set() if unit else self.fixtures)
        if missing:
            self._refuse(node, f"there is no fixture {sorted(missing)[0]!r} in the test files")
        if not counts or None in counts:  # values that only running tells: one outcome for all of them
            yield Case(self.file, owner, node.name, None)
        else:
            ways = math.prod(count for count in counts if count is not None)
            yield from (Case(self.file, owner, node.name, number) for number in range(ways))

    def _parameters(self, node: _Function) -> tuple[set[str], list[int | None]]:
        """The arguments that `parametrize` gives, and how many cases each of its uses has."""
        names: set[str] = set()
        counts: list[int | None] = []
        for mark in node.decorator_list:
            if _last_name(mark) != "parametrize":
                continue
            if not isinstance(mark, ast.Call) or len(mark.args) < 2:
                self._refuse(node, "parametrize needs its names and its values by place")
            try:
                told: Any = ast.literal_eval(mark.args[0])
            except ValueError:
                self._refuse(node, "the names in parametrize must be written out")
            names |= {part.strip() for part in (told.split(",") if isinstance(told, str) else told)}
            counts.append(_written_out(mark.args[1]))
            if counts[-1] == 0:
                self._refuse(node, "parametrize without values never runs")
        return names, counts

    def _refuse(self, node: ast.AST, why: str) -> NoReturn:
        name = getattr(node, "name", "statement")
        raise TaskFileError(f"{self.file}, line {getattr(node, 'lineno', 0)}, {name}: {why}")


def _written_out(values: ast.expr) -> int | None:
    """How many elements a list has that stands in the source; None for what only running tells."""
    if not isinstance(values, ast.List | ast.Tuple) or any(isinstance(item, ast.Starred) for item in values.elts):
        return None
    return len(values.elts)


def _check_pytest(file: str, tree: ast.Module) -> None:
    """Refuse what the stand-in for pytest does not have."""
    aliases = {"pytest"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in ("_pytest", "pluggy") or alias.name.startswith("pytest."):
                    raise TaskFileError(f"{file}: {alias.name} is not supported")
                aliases |= {alias.asname or alias.name} if alias.name == "pytest" else set()
        elif (
            isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in ("pytest", "_pytest")
        ):
            _check_names(file, {alias.name for alias in node.names}, _KNOWN, "pytest")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            _check_names(file, {node.attr}, _KNOWN, "pytest")
        elif isinstance(node, ast.Attribute) and _last_name(node.value) == "mark":
            _check_names(file, {node.attr}, _KNOWN_MARKS, "pytest.mark")
        elif isinstance(node, ast.Call) and _last_name(node.func) == "fixture":
            _check_names(file, {word.arg or "**" for word in node.keywords}, _FIXTURE_OPTIONS, "fixture")
        elif isinstance(node, ast.Call) and _last_name(node.func) == "param":
            _check_names(file, {word.arg or "**" for word in node.keywords}, {"id"}, "pytest.param")
        elif isinstance(node, ast.Name) and node.id in ("pytestmark", "pytest_plugins"):
            raise TaskFileError(f"{file}: {node.id} is not supported")


def _check_names(file: str, used: set[str], known: set[str], where: str) -> None:
    if unknown := sorted(used - known):
        raise TaskFileError(
            f"{file}: {where} has no {unknown[0]!r} in the sandbox; there are {', '.join(sorted(known))}"
        )


def _fixtures(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, _Function) and _is_fixture(node):
            calls = [mark for mark in node.decorator_list if isinstance(mark, ast.Call)]
            named = [word.value for call in calls for word in call.keywords if word.arg == "name"]
            yield str(named[0].value) if named and isinstance(named[0], ast.Constant) else node.name


def _is_fixture(node: _Function) -> bool:
    return any(_last_name(mark) == "fixture" for mark in node.decorator_list)


def _skipped(node: _Function | ast.ClassDef) -> bool:
    return any(_last_name(mark) == "skip" for mark in node.decorator_list)


def _last_name(node: ast.expr) -> str:
    """The last part of a dotted name, called or not: "skip" of `pytest.mark.skip(reason="")`."""
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
