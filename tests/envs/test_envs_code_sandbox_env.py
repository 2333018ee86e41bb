"""The episode of code_sandbox: attempts, feedback, hidden tests, reward, expert."""

import contextlib
import hashlib
import subprocess
import sys
import warnings
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

from agentrl.envs.code_sandbox import CallCase, CodeSandboxEnv, CodeTask
from agentrl.envs.code_sandbox.families import KINDS, Vocabulary
from agentrl.envs.code_sandbox.rewards import RewardWeights, reward_parts
from agentrl.envs.code_sandbox.sources import GeneratedTasks
from agentrl.envs.gymnasium_ids import register_all
from agentrl.errors import ConfigError, SandboxError
from agentrl.sandbox import ExecResult

WRONG = "```python\ndef f(x):\n    return 'zzz'\n```"


def tasks(**changes: Any) -> list[CodeTask]:
    """One task for each split: double the number."""
    fields: dict[str, Any] = {
        "prompt": "Double it.",
        "signature": "f(x: int) -> int",
        "visible": ["f(1) == 2", "f(3) == 6"],
        "hidden": ["f(50) == 100", "f(61) == 122", "f(72) == 144", "f(83) == 166"],
        "solution": "def f(x):\n    return x * 2\n",
    } | changes
    return [CodeTask(task_id=split, split=split, **fields) for split in ("train", "test")]


def env_on(*answers: str, seed: int = 0, **settings: Any) -> list[tuple[str, float, bool, bool, dict[str, Any]]]:
    """What an environment with our own task says to each answer."""
    env = CodeSandboxEnv(**({"tasks": tasks()} | settings))
    env.reset(seed=seed)
    return [env.step(answer) for answer in answers]


def fence(program: str) -> str:
    return f"```python\n{program}\n```"


def play(env: CodeSandboxEnv, answer: str | None, seed: int, split: str) -> tuple[float, bool, int]:
    """The reward, the success and the turns of one episode: the same answer every time, or the expert's."""
    env.reset(seed=seed, options={"split": split})
    total, turns, terminated, info = 0.0, 0, False, {}
    while not terminated:
        _, reward, terminated, _, info = env.step(env.expert() if answer is None else answer)
        total, turns = total + reward, turns + 1
    return total, info["success"], turns


def test_gymnasiums_checker_passes_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register_all()
        check_env(gymnasium.make("agentrl/CodeSandbox-v0").unwrapped)


def test_gymnasium_makes_it_by_id() -> None:
    register_all()
    env = gymnasium.make("agentrl/CodeSandbox-v0", levels=[1], max_attempts=1)
    assert isinstance(env.unwrapped, CodeSandboxEnv)
    _, info = env.reset(seed=1)
    assert info["category"] == "level 1"


def test_registering_twice_does_no_harm() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register_all()
        register_all()


@pytest.mark.parametrize("vocabulary", ["small", "full"])
def test_the_expert_without_a_slip_solves_every_generated_task_at_once(vocabulary: Vocabulary) -> None:
    env = CodeSandboxEnv(vocabulary=vocabulary, expert_mistake_rate=0.0)
    for seed in range(75):
        for split in ("train", "test"):
            assert play(env, None, seed, split) == (pytest.approx(1.0), True, 1)


def test_the_expert_solves_every_task_and_earns_less_for_each_slip() -> None:
    env = CodeSandboxEnv(expert_mistake_rate=0.5)
    results = [play(env, None, seed, "train") for seed in range(80)]
    assert {turns for _, _, turns in results} == {1, 2, 3}
    for reward, success, turns in results:
        assert (reward, success) == (pytest.approx(1.0 - 0.175 * (turns - 1)), True)


def test_the_no_op_agent_scores_zero() -> None:
    env = CodeSandboxEnv()
    assert {play(env, "", seed, "test")[:2] for seed in range(50)} == {(0.0, False)}


@pytest.mark.parametrize("vocabulary", ["small", "full"])
@pytest.mark.parametrize("body", ["return x", "return []", "return 1", "return sorted(x)", "return x[::-1]"])
def test_a_policy_that_always_answers_the_same_program_scores_near_zero(body: str, vocabulary: Vocabulary) -> None:
    env = CodeSandboxEnv(vocabulary=vocabulary, max_attempts=1)
    results = [play(env, fence(f"def f(x):\n    {body}"), seed, "test") for seed in range(100)]
    assert sum(reward for reward, _, _ in results) / len(results) < 0.05
    assert sum(success for _, success, _ in results) <= 3


def test_passing_the_visible_tests_submits() -> None:
    ((observation, reward, terminated, truncated, info),) = env_on(fence("def f(x):\n    return x * 2"))
    assert observation == "Solved: 4 of 4 hidden tests passed."
    assert (terminated, truncated, info["success"]) == (True, False, True)
    assert reward == pytest.approx(1.0)


def test_a_wrong_value_is_told_with_input_got_and_expected() -> None:
    observation, reward, terminated, _, info = env_on(fence("def f(x):\n    return 2"))[0]
    assert observation == "Failed: f(3) returned 2, expected 6.\nTry again."
    assert (reward, terminated) == (0.0, False)
    assert "success" not in info


def test_an_error_is_told_with_the_end_of_its_traceback() -> None:
    observation = env_on(fence("def f(x):\n    return x + 'a'"))[0][0]
    assert observation.startswith("Error in f(1):\n")
    assert "TypeError: unsupported operand type(s) for +: 'int' and 'str'" in observation


def test_a_syntax_error_is_told() -> None:
    assert "SyntaxError" in env_on(fence("def f(x)\n    return x"))[0][0]


def test_a_missing_function_is_told() -> None:
    observation, _, terminated, _, _ = env_on(fence("def g(x):\n    return x"))[0]
    assert "f" in observation
    assert observation.endswith("Try again.")
    assert not terminated


def test_a_time_out_is_told() -> None:
    observation = env_on(fence("def f(x):\n    while True: pass"), wall_seconds=0.5)[0][0]
    assert observation == "Time-out: f(1) took more than 0.5 s.\nTry again."


def test_an_answer_without_a_program_is_told_and_costs_an_attempt() -> None:
    steps = env_on("hello", "hello", "hello")
    assert steps[0][0] == "No program found. Write a ```python block that defines f.\nTry again."
    assert [step[2] for step in steps] == [False, False, True]


def test_feedback_is_short_however_long_the_values_are() -> None:
    assert len(env_on(fence("def f(x):\n    return 'a' * 100000"))[0][0]) < 300
    assert len(env_on(fence("def f(x):\n    raise ValueError('a' * 100000)"))[0][0]) < 300


def test_the_last_attempt_is_decided_by_the_hidden_tests() -> None:
    wrong, right_when_large = fence("def f(x):\n    return 0"), fence("def f(x):\n    return x * 2 if x > 70 else 0")
    steps = env_on(wrong, wrong, right_when_large)
    assert [step[2] for step in steps] == [False, False, True]
    assert steps[2][0] == "Not solved: 2 of 4 hidden tests passed."
    assert steps[2][4]["rewards"] == {"hidden": 0.0, "format": 0.0, "turns": 0.0}
    assert steps[2][4]["success"] is False


def test_a_program_that_passes_some_hidden_tests_earns_only_what_partial_gives() -> None:
    half_right = fence("def f(x):\n    return x * 2 if x < 70 else 0")
    for partial in (0.0, 0.2):
        weights = {"success": 0.4, "partial": partial, "format": 0.2, "turns": 0.2}
        ((_, reward, terminated, _, info),) = env_on(half_right, reward_weights=weights)
        assert (terminated, info["success"]) == (True, False)
        assert info["rewards"] == {"hidden": pytest.approx(partial * 0.5), "format": 0.0, "turns": 0.0}
        assert reward == pytest.approx(partial * 0.5)


def test_the_format_part_is_the_share_of_tidy_answers_once_all_hidden_tests_pass() -> None:
    bare, right = "def f(x):\n    return 0", fence("def f(x):\n    return x * 2")
    parts = [env_on(*answers)[-1][4]["rewards"]["format"] for answers in ([right], [bare, right], [bare, bare, right])]
    assert parts == pytest.approx([0.05, 0.05 / 2, 0.05 / 3])


def test_the_default_weights_sum_to_one_and_give_a_wrong_program_nothing() -> None:
    weights = RewardWeights()
    assert (weights.success, weights.partial, weights.format, weights.turns) == (0.6, 0.0, 0.05, 0.35)
    for passed in range(8):
        parts = reward_parts(weights, passed=passed, total=8, tidy_share=1.0, attempts=1, max_attempts=3)
        assert sum(parts.values()) == 0.0
    parts = reward_parts(weights, passed=8, total=8, tidy_share=1.0, attempts=1, max_attempts=3)
    assert sum(parts.values()) == pytest.approx(1.0)


def test_passing_only_the_visible_tests_ends_without_success() -> None:
    ((observation, reward, terminated, _, info),) = env_on(fence("def f(x):\n    return {1: 2, 3: 6}.get(x)"))
    assert observation == "Not solved: 0 of 4 hidden tests passed."
    assert (reward, terminated, info["success"]) == (0.0, True, False)


def test_feedback_says_nothing_about_hidden_tests() -> None:
    answers = ["", WRONG, fence("def f(x):\n    return x / 0")]
    other = tasks(hidden=["f(50) == 1", "f(61) == 2", "f(72) == 3", "f(85) == 4"])
    seen, seen_with_others = ([step[0] for step in env_on(*answers, tasks=given)] for given in (tasks(), other))
    assert seen == seen_with_others
    assert not any(f"f({hidden})" in text for text in seen for hidden in (50, 61, 72, 83))


def test_the_first_observation_says_nothing_about_hidden_tests() -> None:
    env = CodeSandboxEnv(tasks=tasks())
    observation, info = env.reset(seed=0)
    assert observation == "f(x: int) -> int\nf(1) == 2\nf(3) == 6\nDouble it."
    assert info == {"task_id": "train", "category": "own"}


def test_the_parts_of_the_reward_sum_to_the_reward() -> None:
    for _, reward, _, _, info in env_on(WRONG, WRONG, fence("def f(x):\n    return x * 2")):
        assert reward == pytest.approx(sum(info["rewards"].values()))
        assert set(info["rewards"]) == {"hidden", "format", "turns"}


def test_later_success_earns_less_for_turns() -> None:
    right = fence("def f(x):\n    return x * 2")
    turns = [env_on(*[WRONG] * wrong, right)[-1][4]["rewards"]["turns"] for wrong in range(3)]
    assert turns == pytest.approx([0.35, 0.175, 0.0])


def test_an_unfenced_program_runs_but_loses_the_format_part() -> None:
    _, _, terminated, _, info = env_on("def f(x):\n    return x * 2")[0]
    assert (terminated, info["success"]) == (True, True)
    assert info["rewards"]["format"] == 0.0


@pytest.mark.parametrize(
    "answer",
    [
        "Here it is:\n```python\ndef f(x):\n    return x * 2\n```\nDone.",
        "```\ndef f(x):\n    return x * 2\n```",
        "```py\ndef f(x):\n    return x * 2\n```",
        "```python\ndef f(x):\n    return 0\n```\nNo:\n```python\ndef f(x):\n    return x * 2\n```",
        "```python\ndef f(x):\n    return x * 2",
        "import math\ndef f(x):\n    return x * 2",
        "from math import pi\n\ndef f(x):\n    return x * 2",
        "```python\r\ndef f(x):\r\n    return x * 2\r\n```\r\n",
    ],
)
def test_programs_are_found_in_answers_of_many_forms(answer: str) -> None:
    assert env_on(answer)[0][4].get("success") is True


@pytest.mark.parametrize(
    "answer", ["```python\n```", "```python\n\n```", "```python", "defend", "\x00", "\ud800", "x" * 70000]
)
def test_odd_answers_without_a_program_are_survived(answer: str) -> None:
    assert env_on(answer)[0][0].startswith("No program found.")


@pytest.mark.parametrize("body", ["\x00", "\ud800", "x = '\ud800'", "((((" * 5000, "# " + "é" * 30000])
def test_odd_programs_are_survived(body: str) -> None:
    observation, reward, terminated, _, _ = env_on(fence(f"def f(x):\n    return 0\n{body}"))[0]
    assert observation.encode("utf-8")
    assert (reward, terminated) == (0.0, False)


def test_the_reward_stays_within_bounds_for_any_valid_weights() -> None:
    for weights in ({"success": 1.0, "partial": 0, "format": 0, "turns": 0}, {"success": 0, "turns": 0.85}):
        assert 0.0 <= env_on(fence("def f(x):\n    return x * 2"), reward_weights=weights)[0][1] <= 1.0


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"reward_weights": {"success": 0.9, "partial": 0.2}}, "reward_weights"),
        ({"reward_weights": {"partial": -0.1}}, "reward_weights"),
        ({"reward_weights": {"sucess": 0.5}}, "Did you mean 'success'"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"expert_mistake_rate": 1.5}, "expert_mistake_rate"),
        ({"wall_seconds": 0}, "wall_seconds"),
        ({"memory_mb": -1}, "memory_mb"),
        ({"levels": [4]}, "levels"),
        ({"levels": []}, "levels"),
        ({"levels": {1: 0.0}}, "levels"),
        ({"kinds": ["list"]}, "kinds"),
        ({"vocabulary": "large"}, r"env_args\.vocabulary"),
        ({"task_file": "a.jsonl", "tasks": []}, "task_file"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        CodeSandboxEnv(**settings)


@pytest.mark.parametrize("options", [{"split": "dev"}, {"level": 4}, {"level": "1"}])
def test_wrong_reset_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        CodeSandboxEnv().reset(options=options)


def test_the_level_can_be_asked_for() -> None:
    env = CodeSandboxEnv()
    assert {env.reset(options={"level": 3})[1]["category"] for _ in range(20)} == {"level 3"}


def test_levels_are_drawn_by_weight() -> None:
    env = CodeSandboxEnv(levels={1: 3, "2": 1})  # type: ignore[dict-item]
    categories = [env.reset(seed=seed)[1]["category"] for seed in range(400)]
    assert 260 <= categories.count("level 1") <= 340
    assert "level 3" not in categories


def test_kinds_without_a_held_out_task_of_a_level_are_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"small vocabulary has no task of level 3 in split 'test'; leave"):
        CodeSandboxEnv(kinds=["dictionaries"])
    CodeSandboxEnv(kinds=["dictionaries"], levels=[1, 2])
    CodeSandboxEnv(kinds=["dictionaries"], levels={1: 1, 2: 1, 3: 0})
    CodeSandboxEnv(kinds=["dictionaries"], vocabulary="full")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("vocabulary", ["small", "full"])
def test_each_other_kind_alone_has_tasks_of_every_level_and_split(kind: str, vocabulary: Vocabulary) -> None:
    levels = (1, 2) if (kind, vocabulary) == ("dictionaries", "small") else (1, 2, 3)
    GeneratedTasks(levels, [kind], vocabulary)


def test_the_vocabulary_is_small_unless_told() -> None:
    starts = [
        [CodeSandboxEnv(**settings).reset(seed=seed) for seed in range(40)]
        for settings in ({}, {"vocabulary": "small"}, {"vocabulary": "full"})
    ]
    assert starts[0] == starts[1] != starts[2]


def test_the_task_of_a_seed_does_not_depend_on_what_was_played_before() -> None:
    env, fresh = CodeSandboxEnv(), CodeSandboxEnv()
    play(env, None, 3, "train")
    assert env.reset(seed=5) == fresh.reset(seed=5)


def test_the_same_seed_gives_the_same_episodes_in_any_process() -> None:
    program = (
        "from agentrl.envs.code_sandbox import CodeSandboxEnv\n"
        "envs = [CodeSandboxEnv(vocabulary=v, expert_mistake_rate=0.5) for v in ('small', 'full')]\n"
        "asked = [(e, s, p) for e in envs for s in range(40) for p in ('train', 'test')]\n"
        "print([(e.reset(seed=s, options={'split': p}), e.expert()) for e, s, p in asked])\n"
    )
    digests = set()
    for hash_seed in ("1", "2"):
        command = [sys.executable, "-c", program]
        run = subprocess.run(command, env={"PYTHONHASHSEED": hash_seed}, capture_output=True, check=True)
        digests.add(hashlib.sha256(run.stdout).hexdigest())
    assert len(digests) == 1


def test_stepping_or_asking_the_expert_without_an_episode_is_an_error() -> None:
    env = CodeSandboxEnv(tasks=tasks())
    with pytest.raises(RuntimeError, match="reset"):
        env.step("")
    env.reset(seed=0)
    env.step(env.expert())
    with pytest.raises(RuntimeError, match="reset"):
        env.expert()


def test_a_task_without_a_solution_has_no_expert_and_says_so() -> None:
    env = CodeSandboxEnv(tasks=tasks(solution=""))
    env.reset(seed=0)
    with pytest.raises(ConfigError, match="'train' has no solution"):
        env.expert()


class BrokenSandbox:
    """A sandbox whose machinery always fails."""

    tier = "none"

    def run(self, program: str, **_: Any) -> ExecResult:
        raise SandboxError("the worker is gone")

    async def arun(self, program: str, **_: Any) -> ExecResult:
        raise SandboxError("the worker is gone")

    def place(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def close(self) -> None:
        pass


def test_a_failing_sandbox_is_an_error_and_never_a_score() -> None:
    with pytest.raises(SandboxError, match="the worker is gone"):
        env_on(WRONG, sandbox=BrokenSandbox())


def test_hidden_tests_may_be_a_source_and_calls_together() -> None:
    given = tasks(hidden=[CallCase(args=(5,), expected=10)], test_source="assert f(6) == 12\nassert f(7) == 14")
    observation, _, terminated, _, info = env_on(fence("def f(x):\n    return x * 2"), tasks=given)[0]
    assert (terminated, info["success"]) == (True, True)
    assert observation.startswith("Solved")


def test_a_program_that_fails_the_source_does_not_succeed() -> None:
    given = tasks(hidden=(), test_source="def check(candidate):\n    assert candidate(50) == 101\n")
    observation, reward, terminated, _, info = env_on(fence("def f(x):\n    return x * 2"), tasks=given)[0]
    assert (terminated, info["success"], reward) == (True, False, 0.0)
    assert "101" not in observation
