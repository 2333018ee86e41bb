"""Inside the tests' sandbox: fixtures, made when a test asks for them and ended after it."""

import types
from collections.abc import Callable, Sequence
from typing import Any

from agentrl.sandbox.graders.pytest_subset import Fixture


class Scope:
    """The fixtures of one test, or, as `wide`, those that all tests of a file share."""

    def __init__(self, fixtures: dict[str, Fixture], wide: "Scope | None") -> None:
        self.fixtures, self.wide = fixtures, wide
        self.made: dict[str, Any] = {}
        self.endings: list[Callable[[], object]] = []

    def __enter__(self) -> "Scope":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def automatic(self) -> list[str]:
        """The names of fixtures that every test uses."""
        return [name for name, fixture in self.fixtures.items() if fixture.autouse]

    def make_all(self, names: Sequence[str]) -> None:
        """Make these fixtures, for what making them does."""
        for name in names:
            self.value(name)

    def value(self, name: str) -> Any:
        """The fixture's value, made at the first use. Raises LookupError for an unknown name."""
        if name not in self.fixtures:
            raise LookupError(f"there is no fixture {name!r}")
        fixture = self.fixtures[name]
        if fixture.wide and self.wide is not None:
            return self.wide.value(name)
        if name not in self.made:
            values = {other: self.value(other) for other in self.arguments(fixture.function)}
            self.made[name] = self._begin(fixture.function(**values))
        return self.made[name]

    def _begin(self, value: Any) -> Any:
        if not isinstance(value, types.GeneratorType):
            return value
        first = next(value)
        self.endings.append(lambda: next(value, None))
        return first

    @staticmethod
    def arguments(function: Any) -> list[str]:
        """The names of a function's arguments, without `self` and those that have a default."""
        code = function.__code__
        names = code.co_varnames[: code.co_argcount - len(function.__defaults__ or ())]
        return list(names[1:] if hasattr(function, "__self__") else names)

    def close(self) -> None:
        """End the fixtures, the last made first. Raises what an ending raises, after the others."""
        errors: list[BaseException] = []
        while self.endings:
            try:
                self.endings.pop()()
            except BaseException as error:
                errors.append(error)
        if errors:
            raise errors[0]
