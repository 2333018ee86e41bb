"""Tasks: the pydantic models of what a user writes and of what the generator makes."""

import ast
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agentrl.envs.code_sandbox.families import Program
from agentrl.sandbox import CallTest
from agentrl.sandbox.graders import codec


class CallCase(BaseModel):
    """One call with the value that it must return.

    Written as `{"args": [[1, 2]], "expected": 3}` or as the string `"f([1, 2]) == 3"`. Values are literals of Python's
    built-in types; only the string can write a tuple or a set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    args: tuple[Any, ...]
    expected: Any

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        call = parse_call(data)
        if call is None:
            raise ValueError(f"{data!r} is not of the form 'f(literals) == literal'")
        _, args, expected = call
        return {"args": args, "expected": expected}

    @model_validator(mode="after")
    def _is_data(self) -> Self:
        codec.encode([list(self.args), self.expected])
        return self

    def as_test(self) -> CallTest:
        """The same for the sandbox's grader."""
        return CallTest(self.args, self.expected)


class CodeTask(BaseModel):
    """A programming task: words, a few visible examples and the tests that decide.

    A task file of your own holds one of these per line, as JSON. `hidden` and `test_source` may be combined.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str = Field(min_length=1, description="unique name; the split is decided by it unless `split` is given")
    prompt: str = Field(min_length=1, description="what the program shall do, as the policy reads it")
    entry_point: str = Field(default="f", pattern=r"^[A-Za-z_]\w*$", description="the function that is called")
    signature: str = Field(default="", description='shown after the prompt, for example "f(x: list[int]) -> int"')
    visible: tuple[CallCase, ...] = Field(
        default=(), description="tests that the policy sees; passing them all submits"
    )
    visible_in_prompt: bool = Field(default=False, description="the prompt already shows the visible tests")
    visible_source: str = Field(
        default="", description="assert statements that the policy sees, beside or instead of `visible`"
    )
    hidden: tuple[CallCase, ...] = Field(default=(), description="calls that decide the episode; never shown")
    test_source: str = Field(
        default="", description="Python that decides too: `check(candidate)`, or assert statements"
    )
    solution: str = Field(default="", description="a program that passes; the expert answers it")
    category: str = Field(default="own", description="success is reported for each category")
    split: Literal["train", "test"] | None = Field(
        default=None, description="by a stable hash of task_id when not given"
    )

    @model_validator(mode="after")
    def _can_be_decided(self) -> Self:
        if not self.hidden and not self.test_source:
            raise ValueError("needs 'hidden' calls or a 'test_source' to decide the episode")
        for name in ("visible_source", "test_source"):
            source = getattr(self, name)
            if source and not _has_tests(source):
                raise ValueError(
                    f"{name} must be Python with asserts at its top level, or with a function check(candidate)"
                )
        return self


@dataclass(frozen=True, slots=True)
class DrawnTask:
    """A task for one episode; a generated one comes with the program that it was made from, for the expert."""

    task: CodeTask
    program: Program = ()
    notes: tuple[str, ...] = ()


class TaskSource(Protocol):
    """Where tasks come from."""

    def draw(self, rng: random.Random, split: str, level: int | None) -> DrawnTask:
        """A task of `split` ("train" or "test"), of `level` where the source knows levels (None: it chooses)."""


def _has_tests(source: str) -> bool:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.FunctionDef) and node.name == "check") for node in body
    )


def parse_call(text: str) -> tuple[str, tuple[Any, ...], Any] | None:
    """Reads "f(1, [2]) == 3" or "assert f(1, [2]) == 3" into ("f", (1, [2]), 3).

    None when the text is anything else: keywords, names, expressions that are no literals, other comparisons.
    """
    try:
        statement = ast.parse(text.strip()).body[0]
    except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
        return None
    node = statement.test if isinstance(statement, ast.Assert) else getattr(statement, "value", None)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
        return None
    call = node.left
    if not isinstance(call, ast.Call) or call.keywords or not isinstance(call.func, ast.Name):
        return None
    try:
        return call.func.id, tuple(ast.literal_eval(arg) for arg in call.args), ast.literal_eval(node.comparators[0])
    except (ValueError, TypeError, SyntaxError):
        return None


def call_text(entry_point: str, args: Sequence[Any]) -> str:
    """A call as Python writes it: "f([1, 2])"."""
    return f"{entry_point}({', '.join(map(repr, args))})"


def observation(task: CodeTask) -> str:
    """What the policy reads first: the visible examples, and the words nearest to the answer that they ask for.

    A task with a signature shows it first; without one (MBPP, HumanEval) the prompt leads, as it was written.
    """
    examples = []
    if not task.visible_in_prompt:
        examples = [f"{call_text(task.entry_point, case.args)} == {case.expected!r}" for case in task.visible]
        examples += filter(None, [task.visible_source.strip()])
    words = task.prompt.rstrip("\n")
    lines = [task.signature, *examples, words] if task.signature else [words, *examples]
    return "\n".join(lines)
