"""Inside the sandbox: the solution's modules, and objects that the tests hold from afar, until the channel ends.

A question names one of `_ACTIONS` and its arguments. What is not plain data goes by a number; what the numbers stand
for stays here.
"""

import copy
import functools
import importlib
import operator
import os
import types
from collections.abc import Callable
from typing import Any

from agentrl.sandbox.graders import codec, solution

_DATA = (list, tuple, dict, set, frozenset, bytes, complex)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, functools.partial)
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_ARITHMETIC = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "neg")
_ITEMS = ("getitem", "setitem", "delitem")


def _names(module: types.ModuleType) -> list[str]:
    public = getattr(module, "__all__", None)
    return list(public) if public is not None else [name for name in vars(module) if not name.startswith("_")]


_ACTIONS: dict[str, Callable[..., Any]] = {
    "import": importlib.import_module,
    "names": _names,
    "call": lambda function, /, *arguments, **keywords: function(*arguments, **keywords),
    "get": getattr,
    "set": setattr,
    "delete": delattr,
    # A generator, since an iterator of the solution's own class could not cross.
    "iter": lambda value: (item for item in value),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{action.__name__: action for action in (next, len, bool, str, repr, hash, isinstance, issubclass)},
    **{name: getattr(operator, name) for name in (*_COMPARISONS, *_ARITHMETIC, *_ITEMS)},
}


class Registry:
    """The objects that went out, by number, each under one number for good."""

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}

    def number(self, value: Any) -> int:
        """The number of this very object."""
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        return self.numbers[id(value)]

    def name(self, value: Any) -> Any:
        """`codec.encode`'s outside: None for plain data, a description of anything else."""
        kind = type(value)
        if kind in _DATA or kind in codec.DICTIONARIES:
            return None
        sort = _kind(value)
        # Not of instances: theirs may answer to any name.
        name = kind.__name__ if sort in ("instance", "iterator") else getattr(value, "__name__", kind.__name__)
        line = (value if isinstance(value, type) else kind).__mro__[:-1]
        classes = [[self.number(one), one.__name__, _errors(one)] for one in line]
        return {"object": [self.number(value), sort, name, classes]}

    def meet(self, pair: Any) -> Any:
        """`codec.decode`'s outside: the object of a number."""
        _, number = pair
        return self.objects[number]


def _errors(kind: type) -> list[str]:
    return [one.__name__ for one in kind.__mro__ if one in solution.BUILTIN_ERRORS]


def _kind(value: Any) -> str:
    if isinstance(value, type):
        return "class"
    if isinstance(value, types.ModuleType):
        return "module"
    if isinstance(value, _FUNCTIONS) or type(value).__name__ == "_lru_cache_wrapper":
        return "function"
    if hasattr(type(value), "__next__") and type(value).__module__ in ("builtins", "itertools"):
        return "iterator"
    return "instance"


def main() -> None:
    """The whole program of the solution's side of `grade_pytest`."""
    solution.read_order()
    registry = Registry()
    solution.send(codec.to_bytes({"loaded": True}))
    while (question := solution.receive(codec.MAX_QUESTION_BYTES)) is not None:
        solution.send(_answer(question, registry))
    os._exit(0)


def _answer(question: dict[str, Any], registry: Registry) -> bytes:
    arguments = [codec.decode(item, registry.meet) for item in question["arguments"]]
    keywords = {name: codec.decode(item, registry.meet) for name, item in question["keywords"].items()}
    return solution.answer_of(_ACTIONS[question["do"]], arguments, keywords, question, registry.name)
