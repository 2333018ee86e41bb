"""A stand-in for `pytest` inside the sandbox, which has no site-packages: what tests of a task commonly use of it.

`raises`, `approx`, `fixture`, `param`, `skip`, `fail` and the marks `parametrize`, `skip`, `skipif`, `usefixtures`.
What is missing is refused before anything runs (collecting.py), so that no solution pays for it.
"""

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn


class Skipped(BaseException):
    """The test skipped itself."""


class Failed(AssertionError):
    """`fail` was called, or nothing was raised."""


def skip(reason: str = "", **unused: Any) -> NoReturn:
    """End the test as skipped."""
    raise Skipped(reason)


def fail(reason: str = "", pytrace: bool = True) -> NoReturn:
    """End the test as failed."""
    raise Failed(reason)


class ExceptionInfo:
    """What `raises` caught."""

    value: BaseException
    type: type[BaseException]

    def match(self, pattern: str) -> bool:
        """Whether the text fits; raises AssertionError when it does not."""
        if not re.search(pattern, str(self.value)):
            raise AssertionError(f"pattern {pattern!r} is not in {str(self.value)!r}")
        return True


class Raises:
    """The context that `raises` gives."""

    def __init__(self, expected: Any, match: str | None) -> None:
        self.expected, self.pattern, self.info = expected, match, ExceptionInfo()

    def __enter__(self) -> ExceptionInfo:
        return self.info

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        if error is None:
            raise Failed(f"did not raise {self.expected}")
        if not isinstance(error, self.expected):
            return False
        self.info.value, self.info.type = error, type(error)
        return self.pattern is None or self.info.match(self.pattern)


def raises(expected: Any, *call: Any, match: str | None = None, **keywords: Any) -> Any:
    """A context that expects an exception; with a function, call it at once."""
    context = Raises(expected, match)
    if not call:
        return context
    with context as info:
        call[0](*call[1:], **keywords)
    return info


class approx:
    """Equal to a number, or to a sequence or dict of numbers, within a tolerance."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False) -> None:
        self.expected, self.rel, self.abs, self.nan_ok = expected, rel, abs, nan_ok

    def __eq__(self, got: object) -> bool:
        return self._near(self.expected, got)

    def _near(self, expected: Any, got: Any) -> bool:
        if isinstance(expected, Mapping):
            alike = type(got) is dict and got.keys() == expected.keys()
            return alike and all(self._near(value, got[key]) for key, value in expected.items())
        if isinstance(expected, list | tuple):
            alike = type(got) in (list, tuple) and len(got) == len(expected)
            return alike and all(map(self._near, expected, got))
        if type(expected) not in (int, float, complex) or type(got) not in (int, float, complex):
            return type(expected) is type(got) and bool(expected == got)
        if expected != expected:
            return self.nan_ok and got != got
        return bool(expected == got) or abs_distance(expected, got) <= self._allowed(expected)

    def _allowed(self, expected: Any) -> float:
        absolute = 1e-12 if self.abs is None else self.abs
        relative = 0.0 if self.rel is None and self.abs is not None else (1e-6 if self.rel is None else self.rel)
        return max(absolute, relative * abs(expected)) if math.isfinite(abs(expected)) else 0.0

    def __repr__(self) -> str:
        return f"approx({self.expected!r})"


def abs_distance(left: Any, right: Any) -> float:
    """|left - right|; infinite where that cannot be told."""
    try:
        distance = float(abs(left - right))
    except OverflowError:
        return math.inf
    return math.inf if distance != distance else distance


class Fixture:
    """A function made a fixture. `wide` ones are made once per file."""

    def __init__(self, function: Callable[..., Any], name: str, wide: bool, autouse: bool) -> None:
        self.function, self.name, self.wide, self.autouse = function, name, wide, autouse


def fixture(function: Any = None, *, scope: str = "function", autouse: bool = False, name: str | None = None) -> Any:
    """Make a fixture of a function."""
    if function is None:
        return lambda function: fixture(function, scope=scope, autouse=autouse, name=name)
    return Fixture(function, name or function.__name__, scope != "function", autouse)


class Param(tuple[Any, ...]):
    """The values of one case."""


def param(*values: Any, id: str | None = None) -> Param:
    """One case of `parametrize`."""
    return Param(values)


class Mark:
    """The marks: each is remembered on the function or class that it decorates."""

    def parametrize(self, names: Any, values: Any, ids: Any = None) -> Any:
        """Run once per element of `values`."""
        parts = [part.strip() for part in names.split(",") if part.strip()] if isinstance(names, str) else list(names)
        single = len(parts) == 1
        rows = [dict(zip(parts, _row(value, single), strict=True)) for value in values]
        return lambda function: _remember(function, "cases", rows)

    def skip(self, function: Any = None, reason: str = "") -> Any:
        """Never run: such tests are not among those that are expected."""
        return function if function is not None else lambda function: function

    def skipif(self, condition: Any, reason: str = "") -> Any:
        """Skip if the condition holds."""
        return lambda function: _remember(function, "skips", [reason or "skipif"] if condition else [])

    def usefixtures(self, *names: str) -> Any:
        """Make these fixtures for the test."""
        return lambda function: _remember(function, "fixtures", list(names))


def _row(value: Any, single: bool) -> Any:
    if isinstance(value, Param):
        return value
    return (value,) if single else value


def _remember(function: Any, what: str, values: list[Any]) -> Any:
    marks = vars(function).get("sandbox_marks", {})
    function.sandbox_marks = {**marks, what: [values, *marks.get(what, [])]}
    return function


def marks(function: Any, what: str) -> list[list[Any]]:
    """What the decorators remembered, the outermost first."""
    return list(getattr(function, "sandbox_marks", {}).get(what, []))


def cases(function: Any) -> Iterator[dict[str, Any]]:
    """The arguments of each case; one empty case without `parametrize`."""
    for rows in itertools.product(*marks(function, "cases")):
        yield {name: value for row in rows for name, value in row.items()}


mark = Mark()
