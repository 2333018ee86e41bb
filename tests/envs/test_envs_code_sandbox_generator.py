"""The task generator of code_sandbox: rich, honest, split without leaks, the same everywhere."""

import random
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest

from agentrl.envs.code_sandbox.families import KINDS, Step, ValueType, all_families, apply, solution_code
from agentrl.envs.code_sandbox.generator import (
    HIDDEN_TESTS,
    VISIBLE_TESTS,
    TaskGenerator,
    agrees,
    composition,
    draw_cases,
    held_out,
    neighbours,
    proper_parts,
)
from agentrl.envs.code_sandbox.tasks import DrawnTask, observation
from agentrl.errors import ConfigError

FAMILIES = [family for kind in KINDS for family in all_families()[kind]]


def draws(split: str, level: int, count: int, seed: int = 0) -> list[DrawnTask]:
    generator, rng = TaskGenerator(), random.Random(seed)
    return [generator.draw(rng, split, level) for _ in range(count)]


def all_cases(drawn: DrawnTask) -> list[tuple[object, object]]:
    return [(case.args[0], case.expected) for case in (*drawn.task.visible, *drawn.task.hidden)]


def test_there_are_at_least_forty_families_of_different_code() -> None:
    assert len({family.code for family in FAMILIES}) >= 40
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_families(kind: str) -> None:
    assert len(all_families()[kind]) >= 10


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_makes_level_1_tasks_with_every_constant(family) -> None:  # type: ignore[no-untyped-def]
    for k in family.choices:
        assert any(draw_cases((Step(family, k),), random.Random(seed)) for seed in range(60)), k


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_wording_is_its_own_and_names_the_constant(family) -> None:  # type: ignore[no-untyped-def]
    assert len(set(family.phrases)) == len(family.phrases) >= 2
    for wording in range(len(family.phrases)):
        texts = {Step(family, k).words(wording) for k in family.choices}
        assert len(texts) == len(family.choices)


def test_no_wording_means_two_different_programs_on_the_same_type() -> None:
    meanings: dict[tuple[ValueType, str], set[str]] = {}
    for family in FAMILIES:
        for k in family.choices:
            for wording in range(len(family.phrases)):
                step = Step(family, k)
                meanings.setdefault((family.source, step.words(wording)), set()).add(step.code)
    assert {words: codes for words, codes in meanings.items() if len(codes) > 1} == {}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_splits_share_no_composition_and_no_task(level: int) -> None:
    train, test = draws("train", level, 3000), draws("test", level, 3000)
    assert not {composition(d.program) for d in train} & {composition(d.program) for d in test}
    assert not {d.task.task_id for d in train} & {d.task.task_id for d in test}
    assert not {d.task.solution for d in train} & {d.task.solution for d in test}


@pytest.mark.parametrize("level", [2, 3])
def test_splits_share_no_set_of_operations_in_any_order(level: int) -> None:
    train, test = (
        {tuple(sorted(step.family.code for step in d.program)) for d in draws(split, level, 2000)}
        for split in ("train", "test")
    )
    assert not train & test


def test_level_1_is_split_by_operation_and_constant() -> None:
    family = next(family for family in FAMILIES if family.name == "add_each")
    sides = Counter(held_out(composition((Step(family, k),))) for k in family.choices)
    assert sides[True] > 0
    assert sides[False] > 0


def test_compositions_are_many() -> None:
    assert len({composition(d.program) for d in draws("train", 2, 3000)}) > 800
    assert len({composition(d.program) for d in draws("train", 3, 3000)}) > 2000


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_task_of_level_n_has_n_steps_that_fit_and_the_expected_outputs(level: int) -> None:
    for drawn in draws("train", level, 200):
        assert len(drawn.program) == level
        assert drawn.task.category == f"level {level}"
        assert (len(drawn.task.visible), len(drawn.task.hidden)) == (VISIBLE_TESTS, HIDDEN_TESTS)
        assert all(step.family.target is after.family.source for step, after in pairwise(drawn.program))
        assert all(apply(drawn.program, value) == expected for value, expected in all_cases(drawn))


@pytest.mark.parametrize("level", [1, 2, 3])
def test_no_constant_and_no_unchanged_input_passes_much(level: int) -> None:
    for drawn in draws("test", level, 300):
        outputs = Counter(repr(case.expected) for case in drawn.task.hidden)
        assert max(outputs.values()) <= HIDDEN_TESTS // 4
        assert sum(case.args[0] == case.expected for case in drawn.task.hidden) <= HIDDEN_TESTS // 4


@pytest.mark.parametrize("level", [1, 2, 3])
def test_no_part_of_the_program_and_no_nearby_constant_passes(level: int) -> None:
    for drawn in draws("train", level, 200):
        visible = [(case.args[0], case.expected) for case in drawn.task.visible]
        assert not any(agrees(part, visible) for part in proper_parts(drawn.program))
        assert not any(agrees(variant, all_cases(drawn)) for variant in neighbours(drawn.program))


@pytest.mark.parametrize("level", [1, 2, 3])
def test_inputs_of_a_task_differ(level: int) -> None:
    for drawn in draws("train", level, 200):
        assert len({repr(value) for value, _ in all_cases(drawn)}) == VISIBLE_TESTS + HIDDEN_TESTS


def test_texts_are_short() -> None:
    for drawn in draws("train", 3, 300):
        assert len(observation(drawn.task)) < 420
        assert len(drawn.task.solution) < 260
        assert observation(drawn.task).count("\n") == 2 + len(drawn.program)


def test_the_solution_is_one_statement_per_step() -> None:
    drawn = draws("train", 3, 1)[0]
    lines = solution_code(drawn.program).splitlines()
    assert lines[0] == "def f(x):"
    assert lines[-1] == "    return x"
    assert [line.strip() for line in lines[1:-1]] == [f"x = {step.code}" for step in drawn.program]


def test_the_same_seed_gives_the_same_tasks_in_any_process() -> None:
    program = (
        "import random, hashlib\n"
        "from agentrl.envs.code_sandbox.generator import TaskGenerator\n"
        "from agentrl.envs.code_sandbox.tasks import observation\n"
        "g, r = TaskGenerator(), random.Random(7)\n"
        "texts = [observation(g.draw(r, s, n).task) for s in ('train', 'test') for n in (1, 2, 3) for _ in range(20)]\n"
        "print(hashlib.sha256(repr(texts).encode()).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_each_kind_alone_has_tasks_of_every_level_and_uses_only_its_families(kind: str, split: str, level: int) -> None:
    names = {family.name for family in all_families()[kind]}
    generator, rng = TaskGenerator([kind]), random.Random(0)
    for _ in range(5):
        assert {step.family.name for step in generator.draw(rng, split, level).program} <= names


@pytest.mark.parametrize("kinds", [[], ["lists", "sets"]])
def test_unknown_or_no_kinds_are_refused(kinds: list[str]) -> None:
    with pytest.raises(ConfigError, match="numbers, strings, lists, dictionaries"):
        TaskGenerator(kinds)


def test_wordings_limits_the_phrases_and_nothing_else() -> None:
    first, every = TaskGenerator(wordings=1), TaskGenerator()
    for seed in range(100):
        plain, varied = first.draw(random.Random(seed), "train", 2), every.draw(random.Random(seed), "train", 2)
        assert plain.program == varied.program
        assert plain.task.prompt == "\n".join(f"- {step.words(0)}" for step in plain.program)
