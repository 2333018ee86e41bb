"""Task files: JSON Lines, one task with its proof in each line."""

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from agentrl.errors import TaskFileError
from agentrl.simulators.models import UserTask


def write_tasks(path: str | Path, tasks: Iterable[UserTask]) -> int:
    """Write the tasks as they come, and return how many they were."""
    count = 0
    with Path(path).open("w", encoding="utf-8") as file:
        for task in tasks:
            file.write(task.model_dump_json(exclude_defaults=True) + "\n")
            count += 1
    return count


def read_tasks(path: str | Path) -> list[UserTask]:
    """The tasks of a file.

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
            tasks.append(UserTask.model_validate(json.loads(line)))
        except ValidationError as error:
            first = error.errors()[0]
            problems.append(f"{path}:{number}: {'.'.join(map(str, first['loc'])) or 'the task'}: {first['msg']}")
        except ValueError as error:
            problems.append(f"{path}:{number}: is no JSON: {error}")
    if not tasks and not problems:
        problems.append(f"{path}: holds no task")
    if problems:
        more = f"\n... and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise TaskFileError("\n".join(problems[:10]) + more)
    return tasks
