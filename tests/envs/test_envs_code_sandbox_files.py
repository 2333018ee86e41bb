"""Task files for code_sandbox: HumanEval's format, MBPP's, our own; broken lines; splits."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.code_sandbox import CodeSandboxEnv, CodeTask
from agentrl.envs.code_sandbox.files import read_tasks
from agentrl.envs.code_sandbox.sources import split_tasks
from agentrl.envs.code_sandbox.tasks import observation, parse_call
from agentrl.errors import ConfigError, TaskFileError

HUMANEVAL = {
    "task_id": "HumanEval/x",
    "prompt": 'def twice(n: int) -> int:\n    """ Twice n.\n    >>> twice(2)\n    4\n    twice(5) => 10\n    """\n',
    "entry_point": "twice",
    "canonical_solution": "    return 2 * n\n",
    "test": "def check(candidate):\n    assert candidate(7) == 14\n    assert candidate(-1) == -2\n",
}
MBPP = {
    "task_id": 11,
    "text": "Write a function to add two numbers.",
    "code": "import math\ndef helper(a):\n    return a\ndef add(a, b):\n    return helper(a) + b",
    "test_list": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
    "challenge_test_list": ["assert math.isclose(add(0.5, 0.5), 1)"],
    "test_setup_code": "import math",
}
OWN = {"task_id": "own-1", "prompt": "Add one.", "visible": ["f(1) == 2"], "hidden": [{"args": [5], "expected": 6}]}


def write(path: Path, *lines: Any) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def the_task(tmp_path: Path, line: dict[str, Any]) -> CodeTask:
    return read_tasks(write(tmp_path / "tasks.jsonl", line))[0]


def message(tmp_path: Path, *lines: Any) -> str:
    with pytest.raises(TaskFileError) as caught:
        read_tasks(write(tmp_path / "tasks.jsonl", *lines))
    return str(caught.value)


def first_attempt(line: dict[str, Any], answer: str, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    env = CodeSandboxEnv(tasks=[the_task(tmp_path, line).model_copy(update={"split": "train"})])
    env.reset(seed=0)
    text, _, _, _, info = env.step(answer)
    return text, info


def test_humaneval_docstring_examples_are_visible(tmp_path: Path) -> None:
    task = the_task(tmp_path, HUMANEVAL)
    assert [(case.args, case.expected) for case in task.visible] == [((2,), 4), ((5,), 10)]
    assert observation(task) == HUMANEVAL["prompt"].rstrip("\n")
    assert task.category == "HumanEval"


def test_humaneval_is_decided_by_check(tmp_path: Path) -> None:
    text, info = first_attempt(HUMANEVAL, "```python\ndef twice(n):\n    return 2 * n\n```", tmp_path)
    assert info["success"] is True
    text, info = first_attempt(HUMANEVAL, "```python\ndef twice(n):\n    return 2 * abs(n)\n```", tmp_path)
    assert (info["success"], text.split(":")[0]) == (False, "Not solved")


def test_mbpp_shows_the_first_assert_and_decides_by_all(tmp_path: Path) -> None:
    task = the_task(tmp_path, MBPP)
    assert (task.task_id, task.entry_point) == ("MBPP/11", "add")
    assert observation(task) == "Write a function to add two numbers.\nadd(1, 2) == 3"
    assert first_attempt(MBPP, "def add(a, b):\n    return a + b", tmp_path)[1]["success"] is True
    assert first_attempt(MBPP, "def add(a, b):\n    return int(a + b) or 0", tmp_path)[1]["success"] is True
    assert first_attempt(MBPP, "def add(a, b):\n    return 3", tmp_path)[1]["success"] is False


def test_mbpp_sanitized_has_prompt_and_imports(tmp_path: Path) -> None:
    line = {key: MBPP[key] for key in ("task_id", "code", "test_list")} | {
        "prompt": "Add.",
        "test_imports": ["import math"],
    }
    assert the_task(tmp_path, line).prompt == "Add."


def test_mbpp_first_assert_that_is_no_plain_call_still_gives_feedback(tmp_path: Path) -> None:
    line = MBPP | {"test_list": ["assert set([add(1, 2)]) == {3}", "assert add(2, 2) == 4"]}
    assert "assert set([add(1, 2)]) == {3}" in observation(the_task(tmp_path, line))
    text, _ = first_attempt(line, "def add(a, b):\n    return 7", tmp_path)
    assert "assert set([add(1, 2)]) == {3}" in text
    assert text.endswith("Try again.")


def test_own_format_reads_both_ways_of_writing_a_call(tmp_path: Path) -> None:
    task = the_task(tmp_path, OWN)
    assert [(case.args, case.expected) for case in (*task.visible, *task.hidden)] == [((1,), 2), ((5,), 6)]


def test_the_category_and_split_of_a_task_are_honoured(tmp_path: Path) -> None:
    env = CodeSandboxEnv(task_file=write(tmp_path / "t.jsonl", OWN | {"category": "sums", "split": "train"}))
    assert env.reset(seed=0)[1] == {"task_id": "own-1", "category": "sums"}
    with pytest.raises(ValueError, match="no task in split 'test'"):
        env.reset(seed=0, options={"split": "test"})


def test_gzipped_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(OWN).encode()))
    assert len(read_tasks(path)) == 1


def test_formats_may_be_mixed_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    assert len(read_tasks(write(tmp_path / "t.jsonl", HUMANEVAL, "", MBPP, "   ", OWN))) == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"task_id": ', "no JSON"),
        ("[1]", "a JSON object is needed, not list"),
        ("NaN", "a JSON object is needed, not float"),
        (
            {key: value for key, value in HUMANEVAL.items() if key != "entry_point"},
            "no HumanEval task: entry_point: Field required",
        ),
        (HUMANEVAL | {"prompt": "def ("}, "not the head of a Python function"),
        (HUMANEVAL | {"entry_point": "thrice"}, "does not define the entry_point 'thrice'"),
        (MBPP | {"test_list": []}, "no MBPP task: test_list"),
        (MBPP | {"text": ""}, "'text' or 'prompt' is missing"),
        (MBPP | {"code": "def ("}, "no Python"),
        (MBPP | {"test_list": ["assert True"], "code": ""}, "calls no function"),
        (OWN | {"hidden": []}, "needs 'hidden' calls or a 'test_source'"),
        (OWN | {"hidden": ["f(1) > 2"]}, "not of the form"),
        (HUMANEVAL | {"test": "def check(candidate)"}, "test_source must be Python"),
        (MBPP | {"test_list": ["print(add(1, 2))"]}, "source must be Python"),
        (OWN | {"promt": "x"}, "no task: promt"),
        (OWN | {"split": "dev"}, "split"),
        ("9" * 5000, ""),
        ("[" * 100000, ""),
    ],
)
def test_a_broken_line_is_named_with_file_number_and_reason(tmp_path: Path, line: Any, reason: str) -> None:
    text = message(tmp_path, OWN, "", line)
    assert f"{tmp_path / 'tasks.jsonl'}:3: " in text
    assert reason in text
    assert len(text.splitlines()) == 2


def test_five_broken_lines_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    lines = message(tmp_path, *["{"] * 8, OWN).splitlines()
    assert lines[0] == "8 broken lines in the task file:"
    assert len(lines) == 7
    assert lines[-1] == "and 3 more"


def test_a_task_id_that_is_used_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    assert "tasks.jsonl:3: task_id 'own-1' was used in line 1 already" in message(tmp_path, OWN, MBPP, OWN)


def test_a_missing_file_an_empty_file_and_a_binary_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(TaskFileError, match=r"nowhere\.jsonl: cannot be read"):
        read_tasks(tmp_path / "nowhere.jsonl")
    assert "holds no task" in message(tmp_path, "")
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(TaskFileError, match="cannot be read"):
        read_tasks(tmp_path / "bad.jsonl.gz")
    (tmp_path / "bad.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(TaskFileError, match="cannot be read"):
        read_tasks(tmp_path / "bad.jsonl")


def test_a_fifth_of_the_tasks_is_held_out_whatever_their_order() -> None:
    tasks = [CodeTask(**(OWN | {"task_id": f"t{number}"})) for number in range(50)]  # type: ignore[arg-type]
    splits, reversed_splits = split_tasks(tasks), split_tasks(tasks[::-1])
    assert (len(splits["train"]), len(splits["test"])) == (40, 10)
    assert {task.task_id for task in splits["test"]} == {task.task_id for task in reversed_splits["test"]}


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_tasks_to_hold_one_out_are_refused(tmp_path: Path, count: int) -> None:
    lines = [OWN | {"task_id": f"t{number}"} for number in range(count)]
    with pytest.raises(ConfigError, match=rf"{count} tasks are too few to split: 'test' would hold none.*at least 3"):
        CodeSandboxEnv(task_file=write(tmp_path / "t.jsonl", *lines))
    CodeSandboxEnv(task_file=write(tmp_path / "t.jsonl", *lines, OWN | {"task_id": "held out", "split": "test"}))


def test_tasks_that_all_say_one_split_are_for_that_alone(tmp_path: Path) -> None:
    env = CodeSandboxEnv(task_file=write(tmp_path / "t.jsonl", OWN | {"split": "test"}))
    assert env.reset(seed=0, options={"split": "test"})[1]["task_id"] == OWN["task_id"]
    with pytest.raises(ValueError, match="there is no task in split 'train'"):
        env.reset(seed=0)


def test_train_and_test_episodes_of_a_file_share_no_task(tmp_path: Path) -> None:
    lines = [OWN | {"task_id": f"t{number}"} for number in range(10)]
    env = CodeSandboxEnv(task_file=write(tmp_path / "t.jsonl", *lines))
    train, test = (
        {env.reset(seed=s, options={"split": split})[1]["task_id"] for s in range(60)} for split in ("train", "test")
    )
    assert (len(train), len(test)) == (8, 2)
    assert not train & test


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("f([1], {'a': (2,)}) == -3", ("f", ([1], {"a": (2,)}), -3)),
        ("assert f() == None", ("f", (), None)),
        ("f(x) == 1", None),
        ("f(a=1) == 1", None),
        ("a.f(1) == 1", None),
        ("f(1) != 1", None),
        ("f(1)", None),
        ("f(", None),
        ("", None),
        ("f(__import__('os')) == 1", None),
    ],
)
def test_calls_are_read_only_when_all_values_are_literals(text: str, call: object) -> None:
    assert parse_call(text) == call


needs_humaneval = pytest.mark.skipif(
    "AGENTRL_HUMANEVAL" not in os.environ, reason="AGENTRL_HUMANEVAL does not name HumanEval.jsonl.gz"
)


@needs_humaneval
def test_humaneval_is_read_whole_and_most_tasks_have_visible_tests() -> None:
    tasks = read_tasks(os.environ["AGENTRL_HUMANEVAL"])
    assert len(tasks) == 164
    assert sum(bool(task.visible) for task in tasks) >= 110


@needs_humaneval
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_expert_passes_a_sample_of_humaneval(split: str) -> None:
    env = CodeSandboxEnv(task_file=os.environ["AGENTRL_HUMANEVAL"], wall_seconds=5.0)
    for seed in range(12):
        _, start = env.reset(seed=seed, options={"split": split})
        terminated, info = False, {}
        while not terminated:
            _, _, terminated, _, info = env.step(env.expert())
        assert info["success"], start["task_id"]
