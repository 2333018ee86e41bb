"""Inside the tests' sandbox: the solution's modules, functions, classes and objects, which live in another process.

Plain data crosses by value, iterators element by element. Functions, classes and objects are stand-ins that ask the
other process; what an object says is then the solution's to choose. So that it cannot choose what a test expects:
- Objects are accepted only if the tests took their class from a module by a name with a capital letter. A function of
  which data is expected cannot answer with an object that equals everything.
- An object never equals data and has no order with it, and arithmetic of an object with data gives an object, never
  data: `abs(f() - 3) < 1e-9` fails for every object, whatever its operators say.
- `in` goes through the elements, which are compared here.
"""

import importlib.machinery
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

from agentrl.sandbox.graders import codec
from agentrl.sandbox.graders.asking import (
    RefusedError,
    SolutionGoneError,
    as_raised,
    ask,
    builtin_error,
    decode,
    encode,
    exception_of,
    told,
    write_back,
)
from agentrl.sandbox.graders.remote_objects import Remote, RemoteFunction, RemoteObject


class Connection:
    """Asks the solution's process, and keeps the stand-ins: the same one for the same object."""

    def __init__(self, in_place: bool) -> None:
        self.in_place = in_place
        self.naming = False
        self.named: set[int] = set()
        self.known: dict[int, Any] = {}
        self.errors: dict[int, type[BaseException]] = {}

    def ask(self, action: str, *arguments: Any, **keywords: Any) -> Any:
        """What the action gave: data, or a stand-in. Raises what the solution raised."""
        question = {
            "do": action,
            "arguments": [encode(item, self._name) for item in arguments],
            "keywords": {key: encode(item, self._name) for key, item in keywords.items()},
            "in_place": self.in_place,
        }
        # The driver's list of arguments is the outermost container, on both sides.
        held = codec.containers(list(arguments)) if self.in_place else []
        answer = ask(question)

        def meet(pair: Any) -> Any:
            tag, place = pair
            if tag != "same":
                return self.meet(pair)
            if type(place) is not int or not 0 < place < len(held):
                raise codec.CodecError("malformed value")
            return held[place]

        if self.in_place and "arguments" in answer:
            write_back(held, answer["arguments"], meet)
        if "value" in answer:
            return decode(answer["value"], meet)
        raise as_raised(self._exception(answer), iterating=action == "next")

    def _name(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return {"object": value._number}
        number = next((number for number, kind in self.errors.items() if kind is value), None)
        return None if number is None else {"object": number}

    def meet(self, pair: Any) -> Any:
        """The stand-in for a description. Raises RefusedError for an object of a class that no test named."""
        tag, (number, kind, name, classes) = pair
        sound = tag == "object" and type(number) is int and type(name) is str and isinstance(classes, list)
        if not sound or not all(type(one[0]) is int and type(one[1]) is str for one in classes):
            raise codec.CodecError("malformed value")
        if kind == "class" and self.naming:
            self.named.add(number)
        is_error = kind == "class" and classes and classes[0][2]
        if kind in ("class", "instance") and not is_error and self.named.isdisjoint(one[0] for one in classes):
            what = "the class" if kind == "class" else "an object of type"
            raise RefusedError(f"{what} {name} cannot cross: the tests import no such class by a name with a capital")
        if number not in self.known:
            self.known[number] = self._stand_in(number, kind, name, classes)
        return self.known[number]

    def take(self, owner: "Remote", name: str) -> Any:
        """The attribute of a module or an object; by a name with a capital letter, classes as well."""
        self.naming = name[:1].isupper()
        try:
            return self.ask("get", owner, name)
        finally:
            self.naming = False

    def _stand_in(self, number: int, kind: str, name: str, classes: list[Any]) -> Any:
        if kind == "class" and classes and classes[0][2]:
            return self.error_class(classes)
        if kind == "module":
            return _Module(self, number, name)
        if kind == "iterator":
            return self.iterate(Remote(self, number, name))
        return {"function": RemoteFunction, "class": RemoteObject, "instance": RemoteObject}[kind](self, number, name)

    def iterate(self, iterator: "Remote") -> Iterator[Any]:
        """A plain generator of what the other side's iterator gives."""
        while True:
            try:
                item = self.ask("next", iterator)
            except StopIteration:
                return
            yield item

    def error_class(self, classes: list[Any]) -> type[BaseException]:
        """A class of ours for an exception class of the solution, with stand-ins of its bases as bases."""
        own = [one for one in classes if builtin_error(one[1]) is None or one[1] not in one[2]]
        number, name, builtin = own[0] if own else classes[0]
        if not own:
            return builtin_error(name) or RuntimeError
        if number not in self.errors:
            nearest = next((kind for one in builtin if (kind := builtin_error(one))), RuntimeError)
            base = self.error_class(own[1:]) if len(own) > 1 else nearest
            bases = (base,) if issubclass(base, nearest) else (base, nearest)
            self.errors[number] = type(name, bases, {"__getattr__": _attribute_of_error})
        return self.errors[number]

    def _exception(self, answer: dict[str, Any]) -> BaseException:
        plain = exception_of(answer)
        raised = answer.get("raised")
        if not isinstance(raised, dict) or not raised.get("own"):
            return plain
        try:
            number, _, _, classes = raised["object"]["object"]
            error = self.error_class(classes)(str(raised.get("text")))
            error.__dict__["remote"] = Remote(self, number, "exception")
        except (LookupError, TypeError, ValueError, AttributeError) as malformed:
            return SolutionGoneError(f"malformed answer: {malformed}")
        error.add_note(told(answer))
        return error


def _attribute_of_error(error: Any, name: str) -> Any:
    remote = error.__dict__.get("remote")
    if remote is None or name.startswith("__"):
        raise AttributeError(name)
    return remote._connection.ask("get", remote, name)


class _Module(types.ModuleType):
    """A module of the solution: its attributes are asked for, each time."""

    def __init__(self, connection: Connection, number: int, name: str) -> None:
        super().__init__(name)
        self.__dict__["remote"] = Remote(connection, number, name)

    def __getattr__(self, name: str) -> Any:
        remote = self.__dict__["remote"]
        if name == "__all__":
            return remote._connection.ask("names", remote)
        if name.startswith("__"):
            raise AttributeError(name)
        return remote._connection.take(remote, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system hangs a package's modules on it.
        if not name.startswith("__") and not isinstance(value, types.ModuleType):
            raise RefusedError(f"the test sets {name!r} of the solution's module, which lives in another process")
        super().__setattr__(name, value)


class Finder:
    """Imports the solution's modules, and only those, from the other process."""

    def __init__(self, connection: Connection, modules: Sequence[str]) -> None:
        self.connection, self.modules = connection, frozenset(modules)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A module of the solution, or of a package of it."""
        if name not in self.modules:
            return None
        package = any(other.startswith(f"{name}.") for other in self.modules)
        return importlib.machinery.ModuleSpec(name, self, is_package=package)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Have the other process import it; raises what that raises."""
        module = self.connection.ask("import", spec.name)
        if not isinstance(module, types.ModuleType):
            raise ImportError(f"{spec.name} is no module")
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is left to do."""


def connect(connection: Connection, modules: Sequence[str]) -> None:
    """Have `import` find the solution's modules."""
    sys.meta_path.insert(0, Finder(connection, modules))
