"""What a family of operations is, and the table of all of them.

A family is one pattern of code with a hole for a constant: `[v + {k} for v in x]`. Its code is a single Python
expression in `x`, so that a composition is a list of statements `x = ...` on one variable, and a canonical solution is
short and regular. The expression is the only definition of the operation: the words describe it, the expected outputs
are computed from it and the expert answers it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any


class ValueType(StrEnum):
    """The types that flow between operations, spelt as in a signature."""

    INT = "int"
    STR = "str"
    NUMS = "list[int]"
    WORDS = "list[str]"
    TABLE = "dict[str, int]"


@dataclass(frozen=True, slots=True)
class Family:
    """One operation with a hole `{k}` in its code and in its phrases.

    `choices` are the constants for `k` (`("",)` when there is no hole); a choice of several characters may be indexed
    in the templates as `{k[0]}`. `phrases` are interchangeable wordings in the imperative.
    """

    name: str
    source: ValueType
    target: ValueType
    code: str
    phrases: tuple[str, ...]
    choices: tuple[int, ...] | tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Step:
    """A family with its constant."""

    family: Family
    k: int | str = ""

    @property
    def key(self) -> str:
        """The step in a task's name: "take(3)", or "sort" without a constant."""
        return self.family.name if self.k == "" else f"{self.family.name}({self.k})"

    @property
    def code(self) -> str:
        """The expression in `x` that the step stands for."""
        return self.family.code.format(k=self.k)

    @property
    def function(self) -> Callable[[Any], Any]:
        """The step as a function of `x`."""
        return _compiled(self.code)

    def words(self, wording: int) -> str:
        """The step in words, in the wording of that number."""
        return self.family.phrases[wording].format(k=self.k)


Program = tuple[Step, ...]


@cache
def _compiled(code: str) -> Callable[[Any], Any]:
    """The function of an expression of our own tables; nothing that a policy wrote ever comes here."""
    function: Callable[[Any], Any] = eval(f"lambda x: {code}")
    return function


def apply(program: Program, value: Any) -> Any:
    """What `program` makes of `value`. Raises whatever the operations raise (`max` of an empty list, for example)."""
    for step in program:
        value = step.function(value)
    return value


def solution_code(program: Program) -> str:
    """The canonical solution: a function `f` with a statement for each step."""
    body = "".join(f"    x = {step.code}\n" for step in program)
    return f"def f(x):\n{body}    return x\n"


@cache
def all_families() -> Mapping[str, tuple[Family, ...]]:
    """Every family by kind: "numbers", "strings", "lists", "dictionaries"."""
    from agentrl.envs.code_sandbox import ops_dicts, ops_lists, ops_numbers, ops_strings

    return {
        "numbers": ops_numbers.FAMILIES,
        "strings": ops_strings.FAMILIES,
        "lists": ops_lists.FAMILIES,
        "dictionaries": ops_dicts.FAMILIES,
    }


KINDS = ("numbers", "strings", "lists", "dictionaries")
