"""What a family of operations is, and the table of all of them.

A family is one pattern of code with a hole for a constant: `[v + {k} for v in x]`. Its code is a single Python
expression in `x`, so that a composition is a list of statements `x = ...` on one variable, and a canonical solution is
short and regular. The expression is the only definition of the operation: the words describe it, the expected outputs
are computed from it and the expert answers it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any, Final, Literal


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


def solution_code(program: Program, notes: Sequence[str]) -> str:
    """The canonical solution: a function `f` with a statement for each step, under a comment from `notes`."""
    body = "".join(f"    # {note}\n    x = {step.code}\n" for note, step in zip(notes, program, strict=True))
    return f"def f(x):\n{body}    return x\n"


Vocabulary = Literal["small", "full"]

_SMALL_VOCABULARY = """
add subtract multiply divide square digit_sum flip_digits digits to_text
upper flip_text repeat remove head append sort_text length split
add_each times_each keep_even keep_above sort_numbers take_numbers total largest
upper_each flip_each sort_words join lengths
add_values values_above upper_keys values keys value_total top_value count_keys top_key
"""
SMALL_VOCABULARY: Final = frozenset(_SMALL_VOCABULARY.split())
"""The families that a policy of a million parameters can learn in minutes: five to nine ways on from every type."""
SMALL_CHOICES: Final = 4


@cache
def all_families(vocabulary: Vocabulary = "full") -> Mapping[str, tuple[Family, ...]]:
    """Every family by kind: "numbers", "strings", "lists", "dictionaries".

    The "small" vocabulary has 40 of them, each with its first wording and its first four constants.
    """
    from agentrl.envs.code_sandbox import ops_dicts, ops_lists, ops_numbers, ops_strings

    families = {
        "numbers": ops_numbers.FAMILIES,
        "strings": ops_strings.FAMILIES,
        "lists": ops_lists.FAMILIES,
        "dictionaries": ops_dicts.FAMILIES,
    }
    if vocabulary == "full":
        return families
    return {
        kind: tuple(
            replace(family, phrases=family.phrases[:1], choices=family.choices[:SMALL_CHOICES])
            for family in members
            if family.name in SMALL_VOCABULARY
        )
        for kind, members in families.items()
    }


KINDS = ("numbers", "strings", "lists", "dictionaries")
