"""The scripted expert: it knows the program that a task was made from, and the slips that people make in writing it."""

import random
from collections.abc import Iterator
from typing import Final

from agentrl.envs.code_sandbox.families import Program, Step, solution_code
from agentrl.envs.code_sandbox.generator import agrees
from agentrl.envs.code_sandbox.tasks import DrawnTask

_RETURN: Final = "    return x\n"


def fenced(program: str) -> str:
    """The program as an answer: in a Python fence."""
    return f"```python\n{program.rstrip()}\n```"


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
