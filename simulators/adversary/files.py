"""Task files: JSON Lines, one task with its proof in each line."""

import json
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path

from pydantic import ValidationError

from agentrl.data.jsonl import JsonlWriter
from agentrl.errors import TaskFileError, UserError
from agentrl.simulators.models import UserTask


def write_tasks(path: str | Path, tasks: Iterable[UserTask]) -> int:
    """Write the tasks as they come, and return how many they were. The file is whole or not there.

    Raises UserError when it cannot be written.
    """
    with JsonlWriter(path) as out:
        for task in tasks:
            out.write(task.model_dump_json(exclude_defaults=True))
    return out.lines


def read_tasks(path: str | PathLike[str], check: Callable[[UserTask], object] = lambda _: None) -> list[UserTask]:
    """The tasks of a file; `check` raises for one that cannot be played.

    Raises `TaskFileError` that names the file and the line of everything that is wrong, ten problems at most.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TaskFileError(f"{path}: cannot be read: {error}") from None
    tasks: list[UserTask] = []
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            task = UserTask.model_validate(json.loads(line))
            check(task)
            tasks.append(task)
        except ValidationError as error:
            first = error.errors()[0]
            problems.append(f"{path}:{number}: {'.'.join(map(str, first['loc'])) or 'the task'}: {first['msg']}")
        except json.JSONDecodeError as error:
            problems.append(f"{path}:{number}: is no JSON: {error}")
        except (UserError, ValueError) as error:
            problems.append(f"{path}:{number}: {error}")
    if problems:
        raise TaskFileError("\n".join([f"{len(problems)} broken lines in the task file:", *problems[:10]]))
    if not tasks:
        raise TaskFileError(f"{path}: holds no task")
    return tasks
