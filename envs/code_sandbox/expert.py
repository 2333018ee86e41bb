"""The scripted expert: it knows the program that a task was made from, and the slips that people make in writing it."""

import random
from collections.abc import Iterator
from typing import Final

from agentrl.envs.code_sandbox.actions import SUBMITTED_FILE
from agentrl.envs.code_sandbox.families import Program, Step, solution_code
from agentrl.envs.code_sandbox.generator import agrees
from agentrl.envs.code_sandbox.tasks import DrawnTask

LOOK: Final = "```sh\ncat task.md tests.py\n```"
"""In a session: read the task's files."""
SUBMIT: Final = "```sh\nsubmit\n```"
"""In a session: submit what was written."""
_RETURN: Final = "    return x\n"


def fenced(program: str) -> str:
    """The program as an answer: in a Python fence."""
    return f"```python\n{program.rstrip()}\n```"


def written(program: str) -> str:
    """In a session: write the program and run the visible tests on it."""
    return f"```python file={SUBMITTED_FILE}\n{program.rstrip()}\n```\n```sh\npython3 tests.py\n```"


def in_session(program: str, right: str, there: str, turn: int, turns_left: int, rng: random.Random) -> str:
    """An answer of the expert in a session that brings it nearer to submitting `program`.

    `right` is the solution and `there` what `solution.py` holds. As often as not, it looks first (when `turn` is 0),
    and runs the visible tests before it submits, if enough of the `turns_left` remain.
    """
    if there.rstrip() == right.rstrip():
        return SUBMIT
    if turn == 0 and turns_left > 3 and rng.random() < 0.5:
        return LOOK
    return written(program) if turns_left > 2 and rng.random() < 0.5 else fenced(program)


def careless(drawn: DrawnTask, rng: random.Random) -> str:
    """The program of a generated task with one slip, of those that it has room for, each as likely.

    The `return` is forgotten; the last step is left out; or a number is one too large. It fails a visible test.
    """
    slips = [drawn.task.solution.removesuffix(_RETURN)]
    if len(drawn.program) > 1:
        slips.append(solution_code(drawn.program[:-1], drawn.notes[:-1]))
    if wrong_numbers := list(_off_by_one(drawn)):
        slips.append(solution_code(rng.choice(wrong_numbers), drawn.notes))
    return rng.choice(slips)


def _off_by_one(drawn: DrawnTask) -> Iterator[Program]:
    """The programs with one number too large by one that the visible tests notice."""
    visible = [(case.args[0], case.expected) for case in drawn.task.visible]
    for place, step in enumerate(drawn.program):
        if isinstance(step.k, int):
            wrong = (*drawn.program[:place], Step(step.family, step.k + 1), *drawn.program[place + 1 :])
            if not agrees(wrong, visible):
                yield wrong
