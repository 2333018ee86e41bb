"""The procedural task generator: seeded, typed compositions of families, with tests that tell them apart.

A task is a program of one, two or three steps. Its *composition* is what the split is decided by:

- level 1: the code with its constant ("x[:3]"), whatever type it is used on;
- levels 2 and 3: the patterns of code ("sorted(x)" and "x[:{k}]"), in any order and with any constants.

A stable hash sends one composition in five to the held-out split, so the splits share no composition, hence no task
and no solution.
"""

import random
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from itertools import combinations
from typing import Any, Final, get_args

from agentrl.envs.code_sandbox import inputs
from agentrl.envs.code_sandbox.families import (
    KINDS,
    Family,
    Program,
    Step,
    ValueType,
    Vocabulary,
    all_families,
    apply,
    solution_code,
)
from agentrl.envs.code_sandbox.tasks import CallCase, CodeTask, DrawnTask
from agentrl.errors import ConfigError

ORDINALS: Final = ("First", "Second", "Third")
VISIBLE_TESTS: Final = 2
HIDDEN_TESTS: Final = 8
# A value beyond these bounds makes texts long, for people and for small models alike.
LARGEST_NUMBER: Final = 9999
LONGEST_LIST: Final = 12
LONGEST_VISIBLE: Final = 40
LONGEST_HIDDEN: Final = 80
# No answer that ignores its input, or returns it, may pass more of the hidden tests than these.
MOST_ALIKE: Final = 2
INPUT_DRAWS: Final = 60
CASE_DRAWS: Final = 3
MOST_ATTEMPTS: Final = 20_000

_RAISED: Final = object()

Case = tuple[Any, Any]


def composition(program: Program) -> str:
    """The composition's name; see the module's docstring for the rule."""
    if len(program) == 1:
        return program[0].code
    return "; ".join(sorted(step.family.code for step in program))


@cache
def held_out(composition_name: str) -> bool:
    """Whether a composition belongs to the "test" split: one in five, by a hash that is the same everywhere."""
    return sha256(composition_name.encode()).digest()[0] % 5 == 0


class TaskGenerator:
    """Draws tasks of the given kinds of families. Pure: all randomness comes from the `rng` that is handed in.

    Raises ConfigError for an unknown or empty list of kinds, or an unknown vocabulary.
    """

    def __init__(self, kinds: Sequence[str] = KINDS, vocabulary: Vocabulary = "small") -> None:
        if vocabulary not in get_args(Vocabulary):
            raise ConfigError(f"env_args.vocabulary is {vocabulary!r}; it must be 'small' or 'full'")
        if not kinds or not set(kinds) <= set(KINDS):
            raise ConfigError(f"env_args.kinds is {tuple(kinds)!r}; it must name one or more of {', '.join(KINDS)}")
        self.families = tuple(family for kind in KINDS if kind in kinds for family in all_families(vocabulary)[kind])
        self._by_source: dict[ValueType, tuple[Family, ...]] = {}
        for value_type in ValueType:
            members = tuple(family for family in self.families if family.source is value_type)
            if members:
                self._by_source[value_type] = members
        self._single_steps = {split: self._steps_by_pattern(split) for split in ("train", "test")}

    def draw(self, rng: random.Random, split: str, level: int) -> DrawnTask:
        """A task of `level` (1 to 3 operations) in `split` ("train" or "test").

        Raises RuntimeError when these kinds of families have no such task.
        """
        for _ in range(MOST_ATTEMPTS):
            program = self._draw_step(rng, split) if level == 1 else self._draw_chain(rng, level)
            if program is None or held_out(composition(program)) != (split == "test"):
                continue
            for _ in range(CASE_DRAWS):
                cases = draw_cases(program, rng)
                if cases is not None:
                    return _make_task(program, cases, rng)
        raise RuntimeError(f"no task of level {level} in split {split!r} was found for these kinds of families")

    def _steps_by_pattern(self, split: str) -> tuple[tuple[Step, ...], ...]:
        """The steps that are a level 1 task of the split, those of the same pattern of code together."""
        patterns: dict[str, list[Step]] = {}
        for family in self.families:
            for k in family.choices:
                step = Step(family, k)
                if held_out(composition((step,))) == (split == "test"):
                    patterns.setdefault(family.code, []).append(step)
        return tuple(map(tuple, patterns.values()))

    def _draw_step(self, rng: random.Random, split: str) -> Program | None:
        """One step, every pattern of code as often: so that no single program solves many tasks of a split."""
        patterns = self._single_steps[split]
        return (rng.choice(rng.choice(patterns)),) if patterns else None

    def _draw_chain(self, rng: random.Random, level: int) -> Program | None:
        """A chain of different families whose types fit, or None at a dead end."""
        source = rng.choice(tuple(self._by_source))
        steps: list[Step] = []
        for _ in range(level):
            taken = {step.family.name for step in steps}
            open_families = [family for family in self._by_source.get(source, ()) if family.name not in taken]
            if not open_families:
                return None
            family = rng.choice(open_families)
            choices: Sequence[int | str] = family.choices
            steps.append(Step(family, rng.choice(choices)))
            source = family.target
        return tuple(steps)


def draw_cases(program: Program, rng: random.Random) -> list[Case] | None:
    """Inputs with their outputs, the visible ones first, or None when no telling tests were found for the program."""
    cases: list[Case] = []
    for _ in range(INPUT_DRAWS):
        small = len(cases) < VISIBLE_TESTS
        value = inputs.draw(program[0].family.source, rng, small=small)
        output = _bounded_output(program, value, LONGEST_VISIBLE if small else LONGEST_HIDDEN)
        if output is _RAISED or any(value == other for other, _ in cases):
            continue
        if not (
            _varies(cases, value, output, 1) if small else _varies(cases[VISIBLE_TESTS:], value, output, MOST_ALIKE)
        ):
            continue
        cases.append((value, output))
        if len(cases) == VISIBLE_TESTS + HIDDEN_TESTS:
            return cases if is_telling(program, cases) else None
    return None


def _varies(cases: Sequence[Case], value: Any, output: Any, most: int) -> bool:
    """Whether with this case too, neither a constant nor the unchanged input passes more than `most` cases."""
    equal = sum(output == other for _, other in cases)
    unchanged = sum(other == result for other, result in cases)
    return equal < most and (unchanged < most or bool(value != output))


def _bounded_output(program: Program, value: Any, longest: int) -> Any:
    """What the program returns, or `_RAISED` if it raises or a value on the way is too large to be shown."""
    for step in program:
        try:
            value = step.function(value)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return _RAISED
        if not _is_bounded(value):
            return _RAISED
    return value if len(repr(value)) <= longest else _RAISED


def _is_bounded(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) <= LARGEST_NUMBER
    if isinstance(value, str):
        return len(value) <= LONGEST_VISIBLE
    return len(value) <= LONGEST_LIST and all(_is_bounded(item) for item in value)


def output_of(program: Program, value: Any) -> Any:
    """What a (possibly ill-typed) program returns, or a mark that equals nothing else if it raises."""
    try:
        return apply(program, value)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return _RAISED


def is_telling(program: Program, cases: list[Case]) -> bool:
    """Whether the tests tell the program from simpler ones.

    No proper part of the program gives the same outputs on the visible tests, nor on the hidden ones; and the next
    smaller or larger constant in any step fails a test.
    """
    visible, hidden = cases[:VISIBLE_TESTS], cases[VISIBLE_TESTS:]
    if any(agrees(part, visible) or agrees(part, hidden) for part in proper_parts(program)):
        return False
    return not any(agrees(variant, cases) for variant in neighbours(program))


def agrees(program: Program, cases: Sequence[Case]) -> bool:
    """Whether the program returns the expected output in every case."""
    return all(output_of(program, value) == expected for value, expected in cases)


def proper_parts(program: Program) -> Iterator[Program]:
    """The program with one or more of its steps left out, down to the one that does nothing."""
    for size in range(len(program)):
        yield from combinations(program, size)


def neighbours(program: Program) -> Iterator[Program]:
    """The program with the constant of one step replaced by the one before or after it in the family's choices."""
    for place, step in enumerate(program):
        choices: Sequence[int | str] = step.family.choices
        at = choices.index(step.k)
        for near in (at - 1, at + 1):
            if 0 <= near < len(choices):
                yield (*program[:place], Step(step.family, choices[near]), *program[place + 1 :])


def _make_task(program: Program, cases: list[Case], rng: random.Random) -> DrawnTask:
    notes = _notes(program, rng)
    tests = [CallCase.model_construct(args=(value,), expected=output) for value, output in cases]
    task = CodeTask.model_construct(
        task_id=" > ".join(step.key for step in program),
        prompt="\n".join(notes),
        entry_point="f",
        signature=f"f(x: {program[0].family.source}) -> {program[-1].family.target}",
        visible=tuple(tests[:VISIBLE_TESTS]),
        hidden=tuple(tests[VISIBLE_TESTS:]),
        solution=solution_code(program, notes),
        category=f"level {len(program)}",
    )
    return DrawnTask(task, program, notes)


def _notes(program: Program, rng: random.Random) -> tuple[str, ...]:
    """One line for each step: "First, keep the even numbers", "Second, sum the numbers"."""
    words = [step.words(rng.randrange(len(step.family.phrases))) for step in program]
    return tuple(f"{ordinal}, {line}" for ordinal, line in zip(ORDINALS, words, strict=False))
