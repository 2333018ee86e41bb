"""The expert of code_sandbox: which slips it makes, how often, and that its last attempt holds none.

All programs here are our own, so they run in this process: hundreds of episodes in a second.
"""

import functools
import random
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agentrl.envs.code_sandbox import CodeSandboxEnv, CodeTask, grading
from agentrl.envs.code_sandbox.expert import careless, fenced
from agentrl.envs.code_sandbox.families import Step, Vocabulary
from agentrl.envs.code_sandbox.generator import TaskGenerator
from agentrl.envs.code_sandbox.tasks import CallCase, DrawnTask
from agentrl.sandbox import CallTest, Limits, Outcome, Report, Sandbox, Status

SPLITS = ("train", "test")
Slips = dict[str, list[str]]


def passes(program: str, cases: Sequence[CallCase | CallTest]) -> list[bool]:
    """Which cases a program of our own passes."""
    namespace: dict[str, Any] = {}
    exec(program, namespace)
    return [passes_one(namespace["f"], case) for case in cases]


def passes_one(function: Any, case: CallCase | CallTest) -> bool:
    try:
        return bool(function(*case.args) == case.expected)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False


def grade_here(_: Sandbox, program: str, __: str, calls: Sequence[CallTest], ___: Limits) -> Report:
    return Report(tuple(Outcome(passed) for passed in passes(program, calls)), Status.OK, "")


Make = Callable[..., CodeSandboxEnv]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes environments that grade without a sandbox, and know no verdict of an earlier test."""
    monkeypatch.setattr(grading, "grade_calls", grade_here)
    monkeypatch.setattr(grading, "_verdicts", OrderedDict())
    return functools.partial(CodeSandboxEnv, sandbox=object())


def drawn_tasks(count: int, levels: Sequence[int] = (1, 2, 3), vocabulary: Vocabulary = "small") -> list[DrawnTask]:
    """So many tasks of each level and split."""
    generator, rng = TaskGenerator(vocabulary=vocabulary), random.Random(0)
    return [generator.draw(rng, split, level) for level in levels for split in SPLITS for _ in range(count)]


def slips_of(drawn: DrawnTask) -> Slips:
    """Every program that is one slip away from the solution and fails a visible test, made from the solution's text."""
    lines = drawn.task.solution.splitlines(keepends=True)
    slips: Slips = {"no return": ["".join(lines[:-1])], "left out": [], "one too large": []}
    if len(drawn.program) > 1:
        slips["left out"].append("".join([*lines[:-3], lines[-1]]))
    for place, step in enumerate(drawn.program):
        if isinstance(step.k, int):
            at, wrong = 2 + 2 * place, Step(step.family, step.k + 1)
            slips["one too large"].append("".join([*lines[:at], f"    x = {wrong.code}\n", *lines[at + 1 :]]))
    return {
        name: [program for program in programs if not all(passes(program, drawn.task.visible))]
        for name, programs in slips.items()
    }


def play(env: CodeSandboxEnv, seed: int, split: str = "train") -> tuple[int, dict[str, Any]]:
    """The turns and the last info of an episode of the expert."""
    env.reset(seed=seed, options={"split": split})
    turns, terminated, info = 0, False, {}
    while not terminated:
        _, _, terminated, _, info = env.step(env.expert())
        turns += 1
    return turns, info


def slip_shares(attempts: int, seeds: int, **settings: Any) -> list[float]:
    """How often the expert's first, second, ... answer holds a slip; what is answered has no program at all."""
    env, solver = CodeSandboxEnv(**settings), CodeSandboxEnv(expert_mistake_rate=0.0)
    slips = [0] * attempts
    for seed in range(seeds):
        assert env.reset(seed=seed) == solver.reset(seed=seed)
        right = solver.expert()
        for attempt in range(attempts):
            slips[attempt] += env.expert() != right
            env.step("")
    return [count / seeds for count in slips]


@pytest.mark.parametrize("vocabulary", ["small", "full"])
def test_a_careless_answer_is_the_solution_with_one_of_three_slips(vocabulary: Vocabulary) -> None:
    rng = random.Random(1)
    for drawn in drawn_tasks(25, vocabulary=vocabulary):
        possible = [program for programs in slips_of(drawn).values() for program in programs]
        assert drawn.task.solution not in possible
        seen = {careless(drawn, rng) for _ in range(200)}
        assert seen == set(possible)


def test_the_slips_that_a_task_has_room_for_are_equally_likely() -> None:
    rng, counts = random.Random(2), Counter[str]()
    for drawn in drawn_tasks(150, levels=(2, 3)):
        slips = slips_of(drawn)
        if slips["one too large"]:
            answer = careless(drawn, rng)
            counts[next(name for name, programs in slips.items() if answer in programs)] += 1
    assert counts.total() > 300
    assert all(0.25 < counts[name] / counts.total() < 0.42 for name in ("no return", "left out", "one too large"))


def test_a_careless_answer_depends_on_the_random_numbers_alone() -> None:
    for drawn in drawn_tasks(10):
        assert careless(drawn, random.Random(3)) == careless(drawn, random.Random(3))


def test_the_words_of_a_slip_stay_those_of_the_task() -> None:
    for drawn in drawn_tasks(30):
        lines = careless(drawn, random.Random(4)).splitlines()
        comments = [line for line in lines if line.startswith("    # ")]
        assert comments == [f"    # {note}" for note in drawn.task.prompt.splitlines()[: len(comments)]]
        assert len(comments) >= len(drawn.program) - 1


def test_a_forgotten_return_fails_every_test() -> None:
    for drawn in drawn_tasks(40):
        (program,) = slips_of(drawn)["no return"]
        assert not any(passes(program, (*drawn.task.visible, *drawn.task.hidden)))


@pytest.mark.parametrize("vocabulary", ["small", "full"])
def test_a_step_left_out_fails_a_visible_and_a_hidden_test(vocabulary: Vocabulary) -> None:
    for drawn in drawn_tasks(60, levels=(2, 3), vocabulary=vocabulary):
        (program,) = slips_of(drawn)["left out"]
        assert not all(passes(program, drawn.task.visible))
        assert not all(passes(program, drawn.task.hidden))


@pytest.mark.parametrize("vocabulary", ["small", "full"])
def test_a_careless_answer_always_fails_a_visible_test(vocabulary: Vocabulary) -> None:
    rng = random.Random(5)
    for drawn in drawn_tasks(100, vocabulary=vocabulary):
        for _ in range(3):
            assert not all(passes(careless(drawn, rng), drawn.task.visible)), drawn.task.task_id


@pytest.mark.parametrize("max_attempts", [1, 2, 3, 4])
def test_the_last_attempt_of_the_most_careless_expert_solves(make: Make, max_attempts: int) -> None:
    env = make(expert_mistake_rate=1.0, max_attempts=max_attempts)
    for seed in range(40):
        for split in SPLITS:
            env.reset(seed=seed, options={"split": split})
            for _ in range(max_attempts - 1):
                env.step("")
            _, _, terminated, _, info = env.step(env.expert())
            assert (terminated, info["success"]) == (True, True)


@pytest.mark.parametrize("vocabulary", ["small", "full"])
@pytest.mark.parametrize("max_attempts", [1, 3])
def test_the_most_careless_expert_always_solves_and_with_its_last_attempt(
    make: Make, vocabulary: Vocabulary, max_attempts: int
) -> None:
    env = make(expert_mistake_rate=1.0, vocabulary=vocabulary, max_attempts=max_attempts)
    played = [play(env, seed, split) for seed in range(150) for split in SPLITS]
    assert {(turns, info["success"]) for turns, info in played} == {(max_attempts, True)}


def test_an_expert_that_slips_now_and_then_always_solves_too(make: Make) -> None:
    env = make(expert_mistake_rate=0.5)
    played = [play(env, seed, split) for seed in range(150) for split in SPLITS]
    assert {(turns, info["success"]) for turns, info in played} == {(1, True), (2, True), (3, True)}


def test_the_expert_that_makes_no_mistakes_needs_one_turn(make: Make) -> None:
    env = make(expert_mistake_rate=0.0)
    played = [play(env, seed, split) for seed in range(100) for split in SPLITS]
    assert {(turns, info["success"]) for turns, info in played} == {(1, True)}


def test_every_attempt_but_the_last_holds_a_slip_as_often_as_told() -> None:
    assert slip_shares(3, 400, expert_mistake_rate=0.5, max_attempts=3) == pytest.approx([0.5, 0.5, 0.0], abs=0.08)
    assert slip_shares(2, 400, expert_mistake_rate=0.2, max_attempts=3) == pytest.approx([0.2, 0.2], abs=0.07)
    assert slip_shares(4, 40, expert_mistake_rate=1.0, max_attempts=4) == [1.0, 1.0, 1.0, 0.0]
    assert slip_shares(3, 40, expert_mistake_rate=0.0, max_attempts=3) == [0.0, 0.0, 0.0]


def test_the_expert_with_one_attempt_makes_no_slip() -> None:
    assert slip_shares(1, 40, expert_mistake_rate=1.0, max_attempts=1) == [0.0]


def test_the_tiny_policys_cold_start_shows_slips_in_every_attempt_that_the_policy_has() -> None:
    wanted = CodeSandboxEnv.tiny_cold_start_args
    assert wanted["expert_mistake_rate"] > 0.5
    shares = slip_shares(4, 400, **wanted)
    assert shares[:3] == pytest.approx([wanted["expert_mistake_rate"]] * 3, abs=0.07)
    assert shares[3] == 0.0


def test_by_default_a_minority_of_the_answers_holds_a_slip() -> None:
    assert slip_shares(3, 400) == pytest.approx([0.3, 0.3, 0.0], abs=0.08)


def marks(env: CodeSandboxEnv, seed: int) -> list[tuple[bool, bool]]:
    """Whether each answer of the expert held a slip, which shows in that it failed, and whether it is imitated."""
    env.reset(seed=seed)
    marked, terminated = [], False
    while not terminated:
        _, _, terminated, _, info = env.step(env.expert())
        marked.append((not terminated, info.get("imitate", True)))
    return marked


def test_a_cold_start_imitates_what_holds_no_slip_and_nothing_else(make: Make) -> None:
    env = make(expert_mistake_rate=0.5)
    assert {mark for seed in range(100) for mark in marks(env, seed)} == {(True, False), (False, True)}


def test_a_cold_start_imitates_the_slips_as_well_where_it_is_told_to(make: Make) -> None:
    for settings in ({"expert_mistake_rate": 0.5, "imitate_mistakes": True}, CodeSandboxEnv.tiny_cold_start_args):
        env = make(**settings)
        assert {mark for seed in range(100) for mark in marks(env, seed)} == {(True, True), (False, True)}


def test_the_mark_of_a_slip_does_not_outlive_its_attempt_or_its_episode(make: Make) -> None:
    env = make(expert_mistake_rate=1.0)
    wrong = fenced("def f(x):\n    return 'zzz'")
    for seed in range(20):
        env.reset(seed=seed)
        slip = env.expert()
        assert "imitate" not in env.step(wrong)[4]
        env.reset(seed=seed)
        assert "imitate" not in env.step(slip)[4]


def test_the_expert_makes_no_slip_in_a_task_that_was_given() -> None:
    solution = "def f(x):\n    x = x + 2\n    return x\n"
    given = CodeTask(task_id="t", prompt="Add two.", hidden=["f(1) == 3"], solution=solution, split="train")  # type: ignore[list-item]
    env = CodeSandboxEnv(tasks=[given], expert_mistake_rate=1.0)
    env.reset(seed=0)
    assert {env.expert() for _ in range(20)} == {fenced(solution)}
