"""The scripted expert: it knows the program that a task was made from, and how such programs go wrong.

A near miss is a program one slip away from the right one: another constant, a step left out, two steps exchanged, a
similar operation. It fails a visible test, so that the environment answers with feedback and repairing can be shown.
"""

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from agentrl.envs.code_sandbox.families import Family, Program, Step, all_families, solution_code
from agentrl.envs.code_sandbox.generator import agrees
from agentrl.envs.code_sandbox.tasks import DrawnTask

SLIPS_TRIED: Final = 12


def fenced(program: str) -> str:
    """The program as an answer: in a Python fence."""
    return f"```python\n{program.rstrip()}\n```"


def near_miss(drawn: DrawnTask, rng: random.Random) -> str | None:
    """A plausible wrong program that fails a visible test, or None if no slip was found that does."""
    cases = [(case.args[0], case.expected) for case in drawn.task.visible]
    for _ in range(SLIPS_TRIED):
        slips = tuple(rng.choice((_other_constants, _left_out, _exchanged, _similar))(drawn.program))
        if slips and not agrees(slip := rng.choice(slips), cases):
            return solution_code(slip)
    return None


def _other_constants(program: Program) -> Iterator[Program]:
    for place, step in enumerate(program):
        for k in step.family.choices:
            if k != step.k:
                yield _replaced(program, place, Step(step.family, k))


def _left_out(program: Program) -> Iterator[Program]:
    if len(program) > 1:
        for place in range(len(program)):
            yield program[:place] + program[place + 1 :]


def _exchanged(program: Program) -> Iterator[Program]:
    for place, (first, second) in enumerate(pairwise(program)):
        yield (*program[:place], second, first, *program[place + 2 :])


def _similar(program: Program) -> Iterator[Program]:
    for place, step in enumerate(program):
        for family in _siblings(step.family):
            k = step.k if step.k in family.choices else family.choices[0]
            yield _replaced(program, place, Step(family, k))


def _siblings(family: Family) -> Iterator[Family]:
    """The other families of the same types whose code has a hole just when this one's has."""
    for members in all_families().values():
        for other in members:
            same_types = (other.source, other.target) == (family.source, family.target)
            if same_types and other.name != family.name and (other.choices == ("",)) == (family.choices == ("",)):
                yield other


def _replaced(program: Program, place: int, step: Step) -> Program:
    return (*program[:place], step, *program[place + 1 :])
