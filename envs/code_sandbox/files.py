"""Task files: JSONL, gzipped if the name ends in ".gz", each line in one of three formats.

    HumanEval   task_id, prompt, entry_point, canonical_solution, test
    MBPP        task_id, text or prompt, code, test_list, challenge_test_list, test_setup_code or test_imports
    our own     the fields of `CodeTask`

The format is told by the keys of each line. Blank lines are skipped; all broken lines are found before any is reported.
"""

import ast
import gzip
import json
import re
import zlib
from collections.abc import Iterable
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentrl.envs.code_sandbox.tasks import CallCase, CodeTask, parse_call
from agentrl.errors import TaskFileError

BROKEN_LINES_SHOWN: Final = 5

_SPOKEN_RESULT: Final = re.compile(r"(?<=\)) *(?:==?>|->|➞|returns) *")


class HumanEvalLine(BaseModel):
    """A line in HumanEval's format (Chen et al. 2021, "Evaluating large language models trained on code")."""

    model_config = ConfigDict(extra="ignore")

    task_id: str
    prompt: str
    entry_point: str
    test: str
    canonical_solution: str = ""

    def to_task(self) -> CodeTask:
        """The docstring's examples are the visible tests, `check` decides. Raises ValueError if unreadable."""
        return CodeTask(
            task_id=self.task_id,
            prompt=self.prompt,
            entry_point=self.entry_point,
            visible=_examples(self.prompt, self.entry_point),
            visible_in_prompt=True,
            test_source=self.test,
            solution=self.prompt + self.canonical_solution if self.canonical_solution else "",
            category="HumanEval",
        )


class MBPPLine(BaseModel):
    """A line in MBPP's format, full or sanitized (Austin et al. 2021, "Program synthesis with LLMs")."""

    model_config = ConfigDict(extra="ignore")

    task_id: int | str
    text: str = ""
    prompt: str = ""
    code: str = ""
    test_list: list[str] = Field(min_length=1)
    challenge_test_list: list[str] = []
    test_setup_code: str = ""
    test_imports: list[str] = []

    def to_task(self) -> CodeTask:
        """The first assert is visible, all of them decide. Raises ValueError if there is no text or no function."""
        if not (self.text or self.prompt):
            raise ValueError("'text' or 'prompt' is missing")
        setup = "\n".join(filter(None, [*self.test_imports, self.test_setup_code]))
        visible = parse_call(self.test_list[0])
        return CodeTask(
            task_id=f"MBPP/{self.task_id}",
            prompt=self.text or self.prompt,
            entry_point=_tested_function(self.test_list[0], self.code),
            visible=(CallCase(args=visible[1], expected=visible[2]),) if visible else (),
            visible_source="" if visible else "\n".join(filter(None, [setup, self.test_list[0]])),
            test_source="\n".join(filter(None, [setup, *self.test_list, *self.challenge_test_list])),
            solution=self.code,
            category="MBPP",
        )


def read_tasks(path: str | PathLike[str]) -> list[CodeTask]:
    """All tasks of a file. Raises TaskFileError for a file that cannot be read, has no task, or has broken lines."""
    tasks: list[CodeTask] = []
    broken: list[str] = []
    first_line: dict[str, int] = {}
    for number, line in _numbered_lines(Path(path)):
        if not line.strip():
            continue
        try:
            task = _read_line(line)
        except (ValueError, RecursionError) as error:
            broken.append(f"{path}:{number}: {_reason(error)}")
            continue
        if first_line.setdefault(task.task_id, number) != number:
            broken.append(
                f"{path}:{number}: task_id {task.task_id!r} was used in line {first_line[task.task_id]} already"
            )
        tasks.append(task)
    if broken:
        raise TaskFileError(_broken_message(broken))
    if not tasks:
        raise TaskFileError(f"{path}: the file holds no task; it needs one JSON object per line")
    return tasks


def _broken_message(broken: list[str]) -> str:
    more = len(broken) - BROKEN_LINES_SHOWN
    lines = broken[:BROKEN_LINES_SHOWN] + ([f"and {more} more"] if more > 0 else [])
    return "\n".join([f"{len(broken)} broken {'line' if len(broken) == 1 else 'lines'} in the task file:", *lines])


def _numbered_lines(path: Path) -> Iterable[tuple[int, str]]:
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise TaskFileError(f"{path}: cannot be read: {error}") from error
    # Not `splitlines`: JSON strings may hold U+2028 and the like, which it would split at.
    return enumerate(text.split("\n"), start=1)


def _read_line(line: str) -> CodeTask:
    data = json.loads(line)
    if not isinstance(data, dict):
        raise ValueError(f"a JSON object is needed, not {type(data).__name__}")
    if "test_list" in data:
        return MBPPLine.model_validate(data).to_task()
    if "test" in data or "canonical_solution" in data:
        return HumanEvalLine.model_validate(data).to_task()
    return CodeTask.model_validate(data)


def _reason(error: ValueError | RecursionError) -> str:
    """One line on what is wrong with the line of a file."""
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error.msg} at column {error.colno}"
    if isinstance(error, ValidationError):
        kind = "task" if error.title == CodeTask.__name__ else error.title.removesuffix("Line") + " task"
        return f"no {kind}: " + "; ".join(map(_field_reason, error.errors()[:3]))
    return str(error)


def _field_reason(detail: Any) -> str:
    where = ".".join(map(str, detail["loc"]))
    message = detail["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _examples(prompt: str, entry_point: str) -> tuple[CallCase, ...]:
    """The examples in the docstring of the entry point whose calls and results are literals.

    `>>> f(1)` with its result below counts, and lines such as `f(1) == 2`, `f(1) => 2` and `f(1) returns 2`.
    """
    try:
        tree = ast.parse(prompt + "\n    pass\n")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"'prompt' is not the head of a Python function: {error}") from error
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == entry_point]
    if not functions:
        raise ValueError(f"'prompt' does not define the entry_point {entry_point!r}")
    docstring = ast.get_docstring(functions[-1]) or ""
    lines = [line.strip() for line in docstring.splitlines()]
    prompted = [f"{line[4:]} == {below}" for line, below in pairwise(lines) if line.startswith(">>> ")]
    spoken = [_SPOKEN_RESULT.sub(" == ", line) for line in lines]
    calls = map(parse_call, [*prompted, *spoken])
    return tuple(CallCase(args=call[1], expected=call[2]) for call in calls if call and call[0] == entry_point)


def _tested_function(test: str, code: str) -> str:
    """The function that an assert calls: the last one that `code` defines, else the first name that it calls."""
    try:
        called = [
            node.func.id
            for node in ast.walk(ast.parse(test))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        defined = [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"'test_list' or 'code' is no Python: {error}") from error
    for name in reversed(defined):
        if name in called:
            return name
    if not called:
        raise ValueError(f"the test {test!r} calls no function")
    return called[0]
