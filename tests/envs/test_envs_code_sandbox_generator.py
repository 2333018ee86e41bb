"""The task generator of code_sandbox: rich, honest, split without leaks, the same everywhere."""

import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from agentrl.envs.code_sandbox.families import (
    KINDS,
    SMALL_CHOICES,
    SMALL_VOCABULARY,
    Family,
    Step,
    ValueType,
    Vocabulary,
    all_families,
    apply,
    solution_code,
)
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

FAMILIES = [family for kind in KINDS for family in all_families("full")[kind]]
SMALL = [family for kind in KINDS for family in all_families("small")[kind]]
both_vocabularies = pytest.mark.parametrize("vocabulary", ["small", "full"])


@cache
def stream(split: str, level: int, vocabulary: Vocabulary, kinds: tuple[str, ...]) -> tuple[Any, list[DrawnTask]]:
    """Where draws come from, and those that were made: tests that draw the same share them."""
    generator, rng = TaskGenerator(kinds, vocabulary), random.Random(0)
    return (lambda: generator.draw(rng, split, level)), []


def draws(
    split: str, level: int, count: int, *, vocabulary: Vocabulary = "full", kinds: tuple[str, ...] = KINDS
) -> list[DrawnTask]:
    draw, drawn = stream(split, level, vocabulary, kinds)
    while len(drawn) < count:
        drawn.append(draw())
    return drawn[:count]


def all_cases(drawn: DrawnTask) -> list[tuple[object, object]]:
    return [(case.args[0], case.expected) for case in (*drawn.task.visible, *drawn.task.hidden)]


def test_there_are_105_families_with_names_of_their_own() -> None:
    assert len(FAMILIES) == len({family.name for family in FAMILIES}) == 105


@pytest.mark.parametrize("families", [FAMILIES, SMALL], ids=["full", "small"])
def test_there_are_at_least_forty_families_of_different_code(families: list[Family]) -> None:
    assert len(families) >= 40
    assert len({(family.source, family.code) for family in families}) == len(families)


def test_the_small_vocabulary_is_forty_families_and_each_of_its_names_is_one() -> None:
    assert {family.name for family in SMALL} == SMALL_VOCABULARY
    assert len(SMALL) == len(SMALL_VOCABULARY) == 40


def test_a_small_family_is_the_full_one_with_one_wording_and_fewer_constants() -> None:
    by_name = {family.name: family for family in FAMILIES}
    for family in SMALL:
        whole = by_name[family.name]
        assert replace(family, phrases=whole.phrases, choices=whole.choices) == whole
        assert family.phrases == whole.phrases[:1]
        assert family.choices == whole.choices[: len(family.choices)]
        assert len(family.choices) == min(SMALL_CHOICES, len(whole.choices))
    assert SMALL_CHOICES == 4


def test_the_small_vocabulary_goes_on_from_every_type() -> None:
    ways = Counter(family.source for family in SMALL)
    assert min(ways[value_type] for value_type in ValueType) >= 5
    assert {family.target for family in SMALL} == set(ValueType)


def test_the_small_vocabulary_is_what_is_drawn_from_unless_told() -> None:
    assert list(TaskGenerator().families) == SMALL
    assert list(TaskGenerator(vocabulary="full").families) == FAMILIES


@pytest.mark.parametrize("vocabulary", ["tiny", "", None, "SMALL"])
def test_an_unknown_vocabulary_is_refused_by_name(vocabulary: Any) -> None:
    with pytest.raises(ConfigError, match=r"env_args\.vocabulary is .*'small' or 'full'"):
        TaskGenerator(vocabulary=vocabulary)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_small_tasks_of_every_level_and_split_use_nothing_but_the_small_vocabulary(level: int, split: str) -> None:
    choices = {family.name: family.choices for family in SMALL}
    for drawn in draws(split, level, 300, vocabulary="small"):
        assert len(drawn.program) == level
        assert held_out(composition(drawn.program)) == (split == "test")
        assert all(step.k in choices[step.family.name] for step in drawn.program)


def test_small_tasks_have_one_wording_and_full_ones_several() -> None:
    wordings: dict[str, dict[str, set[str]]] = {"small": {}, "full": {}}
    for vocabulary in ("small", "full"):
        for drawn in draws("train", 1, 1500, vocabulary=vocabulary):
            wordings[vocabulary].setdefault(drawn.task.task_id, set()).add(drawn.task.prompt)
    assert {len(words) for words in wordings["small"].values()} == {1}
    assert sum(len(words) > 1 for words in wordings["full"].values()) > len(wordings["full"]) / 2


def test_every_small_family_is_drawn() -> None:
    levels = [draws(split, level, 400, vocabulary="small") for split in ("train", "test") for level in (2, 3)]
    assert {step.family.name for drawn in levels for d in drawn for step in d.program} == SMALL_VOCABULARY


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_families(kind: str) -> None:
    assert len(all_families("full")[kind]) >= 10


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_makes_level_1_tasks_with_every_constant(family: Family) -> None:
    for k in family.choices:
        assert any(draw_cases((Step(family, k),), random.Random(seed)) for seed in range(60)), k


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_wording_is_its_own_and_names_the_constant(family: Family) -> None:
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


@both_vocabularies
@pytest.mark.parametrize("level", [1, 2, 3])
def test_splits_share_no_composition_and_no_task(level: int, vocabulary: Vocabulary) -> None:
    count = 3000 if vocabulary == "full" else 1500
    train, test = (draws(split, level, count, vocabulary=vocabulary) for split in ("train", "test"))
    assert not {composition(d.program) for d in train} & {composition(d.program) for d in test}
    assert not {d.task.task_id for d in train} & {d.task.task_id for d in test}
    assert not {d.task.solution for d in train} & {d.task.solution for d in test}


@both_vocabularies
@pytest.mark.parametrize("level", [2, 3])
def test_splits_share_no_set_of_operations_in_any_order(level: int, vocabulary: Vocabulary) -> None:
    train, test = (
        {
            tuple(sorted(step.family.code for step in d.program))
            for d in draws(split, level, 1500, vocabulary=vocabulary)
        }
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


def test_compositions_of_the_small_vocabulary_are_more_than_a_policy_could_learn_by_heart() -> None:
    for split, pairs, triples in (("train", 120, 400), ("test", 30, 100)):
        assert len({composition(d.program) for d in draws(split, 2, 1500, vocabulary="small")}) > pairs
        assert len({composition(d.program) for d in draws(split, 3, 1500, vocabulary="small")}) > triples


@both_vocabularies
@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_task_of_level_n_has_n_steps_that_fit_and_the_expected_outputs(level: int, vocabulary: Vocabulary) -> None:
    for drawn in draws("train", level, 200, vocabulary=vocabulary):
        assert len(drawn.program) == level
        assert drawn.task.category == f"level {level}"
        assert (len(drawn.task.visible), len(drawn.task.hidden)) == (VISIBLE_TESTS, HIDDEN_TESTS)
        assert all(step.family.target is after.family.source for step, after in pairwise(drawn.program))
        assert all(apply(drawn.program, value) == expected for value, expected in all_cases(drawn))


@both_vocabularies
@pytest.mark.parametrize("level", [1, 2, 3])
def test_no_constant_and_no_unchanged_input_passes_much(level: int, vocabulary: Vocabulary) -> None:
    for drawn in draws("test", level, 300, vocabulary=vocabulary):
        outputs = Counter(repr(case.expected) for case in drawn.task.hidden)
        assert max(outputs.values()) <= HIDDEN_TESTS // 4
        assert sum(case.args[0] == case.expected for case in drawn.task.hidden) <= HIDDEN_TESTS // 4


@both_vocabularies
@pytest.mark.parametrize("level", [1, 2, 3])
def test_no_part_of_the_program_and_no_nearby_constant_passes(level: int, vocabulary: Vocabulary) -> None:
    for drawn in draws("train", level, 200, vocabulary=vocabulary):
        visible = [(case.args[0], case.expected) for case in drawn.task.visible]
        assert not any(agrees(part, visible) for part in proper_parts(drawn.program))
        assert not any(agrees(variant, all_cases(drawn)) for variant in neighbours(drawn.program))


@both_vocabularies
@pytest.mark.parametrize("level", [1, 2, 3])
def test_inputs_of_a_task_differ(level: int, vocabulary: Vocabulary) -> None:
    for drawn in draws("train", level, 200, vocabulary=vocabulary):
        assert len({repr(value) for value, _ in all_cases(drawn)}) == VISIBLE_TESTS + HIDDEN_TESTS


@pytest.mark.parametrize(("vocabulary", "first", "answer"), [("small", 280, 280), ("full", 380, 330)])
def test_texts_are_short(vocabulary: Vocabulary, first: int, answer: int) -> None:
    for drawn in draws("train", 3, 300, vocabulary=vocabulary):
        assert len(observation(drawn.task)) < first
        assert len(drawn.task.solution) < answer
        assert observation(drawn.task).count("\n") == 2 + len(drawn.program)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_words_are_one_numbered_line_per_step(level: int) -> None:
    for drawn in draws("train", level, 100):
        lines = drawn.task.prompt.splitlines()
        assert tuple(lines) == drawn.notes
        assert [line.split(", ", 1)[0] for line in lines] == ["First", "Second", "Third"][:level]
        for step, line in zip(drawn.program, lines, strict=True):
            wordings = [step.words(wording) for wording in range(len(step.family.phrases))]
            assert line.split(", ", 1)[1] in wordings


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_solution_is_one_statement_per_step_under_the_words_of_it(level: int) -> None:
    for drawn in draws("train", level, 100):
        lines = drawn.task.solution.splitlines()
        assert lines[0] == "def f(x):"
        assert lines[1:-1:2] == [f"    # {note}" for note in drawn.task.prompt.splitlines()]
        assert lines[2:-1:2] == [f"    x = {step.code}" for step in drawn.program]
        assert lines[-1] == "    return x"
        assert len(lines) == 2 + 2 * level


def test_a_solution_needs_a_note_for_every_step() -> None:
    drawn = draws("train", 2, 1)[0]
    with pytest.raises(ValueError, match="zip"):
        solution_code(drawn.program, drawn.notes[:1])


@both_vocabularies
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_solution_with_its_comments_passes_all_tests(level: int, split: str, vocabulary: Vocabulary) -> None:
    for drawn in draws(split, level, 70, vocabulary=vocabulary):
        namespace: dict[str, Any] = {}
        exec(drawn.task.solution, namespace)
        for value, expected in all_cases(drawn):
            returned = namespace["f"](value)
            assert (type(returned), returned) == (type(expected), expected)


def test_the_same_seed_gives_the_same_tasks_in_any_process() -> None:
    program = (
        "import random, hashlib\n"
        "from agentrl.envs.code_sandbox.generator import TaskGenerator\n"
        "from agentrl.envs.code_sandbox.tasks import observation\n"
        "r = random.Random(7)\n"
        "drawn = [TaskGenerator(vocabulary=v).draw(r, s, n)\n"
        "    for v in ('small', 'full') for s in ('train', 'test') for n in (1, 2, 3) for _ in range(20)]\n"
        "texts = [(observation(d.task), d.task.solution) for d in drawn]\n"
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
    names = {family.name for family in all_families("full")[kind]}
    for drawn in draws(split, level, 5, kinds=(kind,)):
        assert {step.family.name for step in drawn.program} <= names


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_each_kind_alone_has_small_tasks_of_every_level_but_for_dictionaries(kind: str, split: str, level: int) -> None:
    if (kind, split, level) == ("dictionaries", "test", 3):  # as docs/code_sandbox.md says
        with pytest.raises(RuntimeError, match="no task of level 3 in split 'test'"):
            draws(split, level, 1, vocabulary="small", kinds=(kind,))
        return
    names = {family.name for family in all_families("small")[kind]}
    for drawn in draws(split, level, 5, vocabulary="small", kinds=(kind,)):
        assert {step.family.name for step in drawn.program} <= names


@pytest.mark.parametrize("kinds", [[], ["lists", "sets"]])
def test_unknown_or_no_kinds_are_refused(kinds: list[str]) -> None:
    with pytest.raises(ConfigError, match="numbers, strings, lists, dictionaries"):
        TaskGenerator(kinds)
