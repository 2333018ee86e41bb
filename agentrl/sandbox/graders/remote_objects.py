"""Inside the tests' sandbox: stand-ins for the solution's functions, classes and objects; remote.py has the rules."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

_ORDER = ("lt", "le", "gt", "ge")
_ARITHMETIC = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow")
Exact = TypeVar("Exact")


class Asker(Protocol):
    """What stand-ins need of the connection to the solution's process."""

    def ask(self, action: str, *arguments: Any, **keywords: Any) -> Any:
        """What the action gave. Raises what the solution raised."""
        ...

    def take(self, owner: "Remote", name: str) -> Any:
        """The attribute of a module or an object."""
        ...


class Remote:
    """Something of the solution's process."""

    __slots__ = ("_connection", "_label", "_number")

    def __init__(self, connection: Asker, number: int, label: str) -> None:
        for name, value in (("_connection", connection), ("_number", number), ("_label", label)):
            object.__setattr__(self, name, value)

    _connection: Asker
    _number: int
    _label: str


class RemoteFunction(Remote):
    """A function: it can be called, and has a name and a text. Further attributes could pass it off as anything."""

    __slots__ = ()

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._connection.ask("call", self, *arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        if name not in ("__name__", "__doc__", "__qualname__", "__module__"):
            raise AttributeError(f"{self._label} is a function of the solution; {name!r} cannot be asked of it")
        return self._connection.ask("get", self, name)


class RemoteObject(RemoteFunction):
    """An object or a class of the solution."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return self._connection.take(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._connection.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._connection.ask("delete", self, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemoteObject) and self._connection.ask("eq", self, other) is True

    def __ne__(self, other: object) -> bool:
        return not isinstance(other, RemoteObject) or self._connection.ask("ne", self, other) is True

    def __hash__(self) -> int:
        return self._exactly(int, "hash")

    def __bool__(self) -> bool:
        return self._exactly(bool, "bool")

    def __len__(self) -> int:
        return self._exactly(int, "len")

    def __str__(self) -> str:
        return self._exactly(str, "str")

    def __repr__(self) -> str:
        return self._exactly(str, "repr")

    def _exactly(self, kind: type[Exact], action: str) -> Exact:
        value = self._connection.ask(action, self)
        if type(value) is not kind:
            raise TypeError(f"{action} of {self._label} gave no {kind.__name__}")
        return value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._connection.ask("iter", self))

    def __next__(self) -> Any:
        return self._connection.ask("next", self)

    def __getitem__(self, key: Any) -> Any:
        return self._connection.ask("getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._connection.ask("setitem", self, key, value)

    def __delitem__(self, key: Any) -> None:
        self._connection.ask("delitem", self, key)

    def __enter__(self) -> Any:
        return self._connection.ask("call", self._connection.ask("get", self, "__enter__"))

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        leave = self._connection.ask("get", self, "__exit__")
        return self._connection.ask("call", leave, None, None, None) is True

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, Remote) and self._connection.ask("isinstance", instance, self) is True

    def __subclasscheck__(self, other: Any) -> bool:
        return isinstance(other, Remote) and self._connection.ask("issubclass", other, self) is True

    def __neg__(self) -> Any:
        return self._object_only("neg", self._connection.ask("neg", self))

    def __copy__(self) -> Any:
        return self._connection.ask("copy", self)

    def __deepcopy__(self, memo: Any) -> Any:
        return self._connection.ask("deepcopy", self)

    def _object_only(self, action: str, value: Any) -> Any:
        if not isinstance(value, RemoteObject):
            raise TypeError(
                f"{action} of {self._label} with data gave data, which the solution could have fitted to it"
            )
        return value


def _arithmetic(action: str, swapped: bool) -> Callable[[Any, Any], Any]:
    def method(self: RemoteObject, other: Any) -> Any:
        pair = (other, self) if swapped else (self, other)
        value = self._connection.ask(action, *pair)
        return value if isinstance(other, RemoteObject) else self._object_only(action, value)

    return method


def _ordering(action: str) -> Callable[[Any, Any], Any]:
    def method(self: RemoteObject, other: Any) -> Any:
        return self._connection.ask(action, self, other) is True if isinstance(other, RemoteObject) else NotImplemented

    return method


for _action in _ARITHMETIC:
    setattr(RemoteObject, f"__{_action}__", _arithmetic(_action, swapped=False))
    setattr(RemoteObject, f"__r{_action}__", _arithmetic(_action, swapped=True))
for _action in _ORDER:
    setattr(RemoteObject, f"__{_action}__", _ordering(_action))
