"""code_sandbox with a session: the form of answers, what the policy reads, what decides, and the expert."""

import contextlib
import random
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

from agentrl.envs.check import check_environment
from agentrl.envs.code_sandbox import CodeSandboxEnv, CodeTask
from agentrl.envs.code_sandbox.actions import MOST_STEPS, Answer, RunCommand, WriteFile, parse
from agentrl.envs.code_sandbox.desk import first_files
from agentrl.envs.code_sandbox.expert import LOOK, SUBMIT, fenced, in_session, written
from agentrl.envs.gymnasium_ids import register_all
from agentrl.envs.registry import resolve
from agentrl.errors import ConfigError, SandboxError
from agentrl.sandbox import open_sandbox, shared_sandbox
from agentrl.sandbox.sessions import session

RIGHT, WRONG = "def f(x):\n    return x * 2\n", "def f(x):\n    return 'zzz'\n"
Step = tuple[str, float, bool, bool, dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def needs_sessions() -> None:
    try:
        session.require_processes(shared_sandbox())
    except SandboxError as error:
        pytest.skip(str(error))


def tasks(**changes: Any) -> list[CodeTask]:
    fields: dict[str, Any] = {
        "prompt": "Double it.",
        "signature": "f(x: int) -> int",
        "visible": ["f(1) == 2", "f(3) == 6"],
        "hidden": ["f(50) == 100", "f(61) == 122", "f(72) == 144", "f(83) == 166"],
        "solution": RIGHT,
    } | changes
    return [CodeTask(task_id=split, split=split, **fields) for split in ("train", "test")]


@contextlib.contextmanager
def playing(seed: int = 0, **settings: Any) -> Iterator[CodeSandboxEnv]:
    env = CodeSandboxEnv(session=True, **({"tasks": tasks()} | settings))
    try:
        env.reset(seed=seed)
        yield env
    finally:
        env.close()


def answers(*said: str, **settings: Any) -> list[Step]:
    """What an environment with our own task says to each answer."""
    with playing(**settings) as env:
        return [env.step(one) for one in said]


def sh(command: str) -> str:
    return f"```sh\n{command}\n```"


def file(name: str, text: str) -> str:
    return f"```python file={name}\n{text}```"


def left(turns: int, attempts: int) -> str:
    return f"\nAnswers left: {turns}, submissions: {attempts}."


def threads() -> int:
    return sum(thread.name == "agentrl-session" for thread in threading.enumerate())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("```sh\nls\n```", Answer((RunCommand("ls\n"),), "", "", True)),
        ("I look.\n```bash\nls\n```\nDone.", Answer((RunCommand("ls\n"),), "", "", True)),
        ("```sh\r\nls\r\n```", Answer((RunCommand("ls\n"),), "", "", True)),
        ("```sh\nls", Answer((RunCommand("ls\n"),), "", "", False)),
        ("```python\nx = 1\n```", Answer((), "x = 1\n", "", True)),
        ("```python\nx = 1\n```\n```py\nx = 2\n```", Answer((), "x = 2\n", "", True)),
        ("```python file=a/b.py\nx\n```", Answer((WriteFile("a/b.py", "x\n"),), "", "", True)),
        ("```text file='n.txt'\n\n```", Answer((WriteFile("n.txt", "\n"),), "", "", True)),
        ("```file=n\n```", Answer((WriteFile("n", ""),), "", "", True)),
        ("```sh\nsubmit\n```", Answer((), "", "solution.py", True)),
        ("```sh\nls\nsubmit  a.py \n\n```", Answer((RunCommand("ls"),), "", "a.py", True)),
        ("```sh\nsubmit\nls\n```", Answer((RunCommand("submit\nls\n"),), "", "", True)),
        ("```sh\nsubmit\n```\n```python\nx\n```", Answer((), "x\n", "", True)),
        ("```sh\ncat <<'E'\n``\nE\n```", Answer((RunCommand("cat <<'E'\n``\nE\n"),), "", "", True)),
        ("````sh\necho '\n```\n'\n````", Answer((RunCommand("echo '\n```\n'\n"),), "", "", True)),
        ("```json\n{}\n```\n```sh\nls\n```", Answer((RunCommand("ls\n"),), "", "", True)),
        ("Use ```x``` inline.\n```sh\nls\n```", Answer((RunCommand("ls\n"),), "", "", True)),
        ("```sh\n\n```", Answer((), "", "", False)),
        ("```\nx = 1\n```", Answer((), "x = 1\n", "", True)),
        ("```\noutput\n```\n```sh\nls\n```", Answer((RunCommand("ls\n"),), "", "", True)),
        ("def f(x):\n    return x", Answer((), "def f(x):\n    return x", "", False)),
        ("```python file=\nx\n```", Answer((), "x\n", "", True)),
        ("", Answer((), "", "", False)),
        ("hello", Answer((), "", "", False)),
        ("```sh\n\ud800\n```", Answer((RunCommand("?\n"),), "", "", True)),
    ],
)
def test_answers_are_read_as_they_are_meant(answer: str, expected: Answer) -> None:
    assert parse(answer) == expected


@pytest.mark.parametrize("piece", ["```", "a```x\n", "`", "```sh\n", "```sh\nls\n```\n", "`" * 999 + "\n", "a b\n"])
def test_long_answers_are_read_in_no_time(piece: str) -> None:
    start = time.monotonic()
    parse(piece * (300_000 // len(piece)))
    assert time.monotonic() - start < 5


def test_the_policy_can_look_write_test_and_submit() -> None:
    steps = answers(
        sh("ls; cat task.md"),
        file("solution.py", WRONG) + "\n" + sh("python3 tests.py"),
        file("solution.py", RIGHT) + "\n" + sh("python3 tests.py"),
        sh("submit"),
    )
    listing = "task.md\ntests.py\nf(x: int) -> int\nf(1) == 2\nf(3) == 6\nDouble it."
    assert steps[0][0] == f"Exit code 0.\n{listing}{left(9, 3)}"
    assert steps[1][0] == f"Wrote solution.py.\nExit code 1.\nFailed: f(1) returned 'zzz', expected 2.{left(8, 3)}"
    assert steps[2][0] == f"Wrote solution.py.\nExit code 0.\nThe visible tests pass.{left(7, 3)}"
    observation, reward, terminated, _, info = steps[3]
    assert (observation, terminated, info["success"]) == ("Solved: 4 of 4 hidden tests passed.", True, True)
    assert reward == pytest.approx(1.0)


def test_a_program_in_a_python_fence_is_submitted_as_without_a_session() -> None:
    ((observation, reward, terminated, _, info),) = answers(fenced(RIGHT))
    assert observation == "Solved: 4 of 4 hidden tests passed."
    assert (reward, terminated, info["success"]) == (pytest.approx(1.0), True, True)


def test_a_failed_submission_is_told_and_lies_in_solution_py() -> None:
    steps = answers(sh("true"), fenced(WRONG), sh("cat solution.py"))
    assert steps[1][0] == f"Failed: f(1) returned 'zzz', expected 2.\nTry again.{left(8, 2)}"
    assert steps[2][0] == f"Exit code 0.\n{WRONG.rstrip()}{left(7, 2)}"


def test_a_submission_before_the_session_opens_is_there_too() -> None:
    assert answers(fenced(WRONG), sh("cat solution.py"))[1][0] == f"Exit code 0.\n{WRONG.rstrip()}{left(8, 2)}"


def test_another_file_can_be_submitted() -> None:
    steps = answers(file("mine.py", RIGHT) + "\n" + sh("submit mine.py"))
    assert steps[0][4].get("success") is True


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("true", "solution.py: No such file or directory"),
        ("touch solution.py", "solution.py: it is empty"),
        ("mkdir solution.py", "solution.py: it is no regular file"),
        ("ln -s /usr/bin/env solution.py", "leads out"),
        ("head -c 100000 /dev/zero > solution.py", "more than 65536 bytes"),
    ],
)
def test_what_cannot_be_submitted_costs_an_attempt_and_is_told(prepare: str, words: str) -> None:
    ((observation, reward, terminated, _, _),) = answers(sh(f"{prepare}\nsubmit"))
    assert observation.startswith("Exit code 0.\nCannot submit ")
    assert words in observation
    assert observation.endswith(left(9, 2))
    assert (reward, terminated) == (0.0, False)


def test_hidden_tests_never_enter_the_session_and_decide_in_another_sandbox() -> None:
    spy = (
        "import glob, os\nopen('/tmp/seen', 'w').write('x')\ndef f(x):\n    return len(glob.glob('/tmp/*')) + 99 * x\n"
    )
    with playing() as env:
        observation = env.step(sh("grep -r -e 50 -e 61 . ; env; ls -a"))[0]
        assert observation.startswith("Exit code 0.\n")
        assert not any(text in observation for text in ("f(50)", "100", "122"))
        env.step(fenced(spy))
        assert "seen" not in env.step(sh("ls /tmp"))[0]


def test_a_session_that_answers_for_the_tests_gains_nothing() -> None:
    cheat = sh("echo 'print(\"The visible tests pass.\")' > tests.py; echo 'f = lambda x: 0' > solution.py\nsubmit")
    steps = answers(cheat, cheat, cheat)
    assert [step[2] for step in steps] == [False, False, True]
    assert (steps[2][1], steps[2][4]["success"]) == (0.0, False)


def test_looking_is_free_until_the_answers_run_out() -> None:
    look, right = sh("true"), fenced(RIGHT)
    for looks in (0, 5, 9):
        *_, (_, reward, terminated, _, _) = answers(*[look] * looks, right)
        assert (reward, terminated) == (pytest.approx(1.0), True)
    *before, (observation, reward, terminated, truncated, info) = answers(*[look] * 4, max_turns=4)
    assert not any(step[2] for step in before)
    assert observation == "Not solved: 0 of 1 hidden tests passed."
    assert (reward, terminated, truncated, info["success"]) == (0.0, True, False, False)


def test_the_last_answer_decides_what_it_submits() -> None:
    half = fenced("def f(x):\n    return x * 2 if x > 60 else 0")
    steps = answers(sh("true"), half, max_turns=2)
    assert (steps[1][0], steps[1][2]) == ("Not solved: 3 of 4 hidden tests passed.", True)


def test_failed_submissions_cost_the_same_as_without_a_session() -> None:
    *_, (_, reward, _, _, info) = answers(fenced(WRONG), sh("true"), fenced(WRONG), fenced(RIGHT))
    assert info["rewards"] == {"hidden": 0.6, "format": 0.05, "turns": 0.0}
    assert reward == pytest.approx(0.65)
    assert [step[2] for step in answers(*[fenced(WRONG)] * 3)] == [False, False, True]


def test_the_format_part_counts_all_answers() -> None:
    *_, (_, _, _, _, info) = answers("```sh\ntrue", sh("true"), fenced(RIGHT))
    assert info["rewards"]["format"] == pytest.approx(0.05 * 2 / 3)


def test_an_answer_with_nothing_to_do_costs_an_attempt() -> None:
    steps = answers("hello", "```json\n{}\n```", "")
    assert steps[0][0] == f"Nothing to do found. Write a ```sh block, or a ```python block that defines f.{left(9, 2)}"
    assert [(step[1], step[2]) for step in steps] == [(0.0, False), (0.0, False), (0.0, True)]


@pytest.mark.parametrize(
    ("command", "observation"),
    [
        ("exit 3", "Exit code 3."),
        ("echo out; echo err >&2; false", "Exit code 1.\nout\nerr"),
        ("echo before; sleep 60", "Time-out: killed after 0.5 s.\nbefore"),
        ("kill -9 $$", "Killed by signal 9."),
        ("mkdir d; cd d; rmdir ../d", "Exit code 0.\n[the working directory is gone; the next is /tmp]"),
        ("printf '\\377\\000'", "Exit code 0.\n\ufffd\0"),
        ("nosuch 2>/dev/null", "Exit code 127."),
        ("x" * 200_000, "Cannot run this: a command must have at most 100000 bytes, none of them NUL."),
        ("a\0", "Cannot run this: a command must have at most 100000 bytes, none of them NUL."),
    ],
)
def test_a_commands_end_and_output_are_told(command: str, observation: str) -> None:
    ((told, _, terminated, _, _),) = answers(sh(command), command_seconds=0.5)
    assert (told, terminated) == (observation + left(9, 3), False)


def test_long_output_is_shortened_in_the_middle() -> None:
    told = answers(sh("seq 100000"), output_characters=100)[0][0]
    assert len(told) < 300
    assert told.startswith("Exit code 0.\n1\n2\n")
    assert " characters left out]\n" in told
    assert told.endswith("99999\n100000" + left(9, 3))
    assert answers(sh("yes"))[0][0].startswith("Killed: too much output.\ny\n")


@pytest.mark.parametrize(("name", "why"), [("../x", "leads out"), ("/etc/x", "leads out"), ("tests.py/x", "exists")])
def test_a_file_that_cannot_be_written_is_told(name: str, why: str) -> None:
    told = answers(file(name, "x\n"))[0][0]
    assert told.startswith("Cannot write ")
    assert why in told


@pytest.mark.parametrize("end", ["kill -9 -1", "kill -9 $PPID"])
def test_a_session_that_the_policy_ended_is_told_and_begins_anew(end: str) -> None:
    steps = answers(sh("touch mine; cd /usr; export A=1"), sh(end) + "\n" + sh("echo never"), sh("ls; pwd; echo $A"))
    assert steps[1][0] == f"The session ended: its server ended. A new session begins with the first files.{left(8, 3)}"
    assert steps[2][0] == f"Exit code 0.\ntask.md\ntests.py\n/tmp{left(7, 3)}"


def test_too_many_blocks_are_not_carried_out() -> None:
    told = answers("\n".join([sh("echo x >> n; wc -l < n")] * (MOST_STEPS + 5)))[0][0]
    assert f"\n{MOST_STEPS}\nOnly the first {MOST_STEPS} blocks were carried out." in told


def test_a_failing_sandbox_is_an_error_and_never_a_score() -> None:
    sandbox = open_sandbox(workers=1)
    with playing(sandbox=sandbox) as env:
        env.step(sh("true"))
        sandbox.close()
        with pytest.raises(SandboxError):
            env.step(sh("true"))


def test_a_sandbox_without_processes_is_refused_at_once() -> None:
    try:
        sandbox = open_sandbox(isolation="lockdown", workers=1)
    except SandboxError:
        pytest.skip("this machine has no lockdown")
    with pytest.raises(SandboxError, match="lockdown"):
        CodeSandboxEnv(session=True, sandbox=sandbox)
    CodeSandboxEnv(sandbox=sandbox)
    sandbox.close()


@pytest.mark.parametrize("key", ["max_turns", "command_seconds", "output_characters"])
def test_a_wrong_setting_is_named(key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        CodeSandboxEnv(session=True, **{key: 0})


def test_no_session_outlives_its_episode() -> None:
    before = threads()
    with playing() as env:
        assert threads() == before
        env.step(sh("sleep 60 &"))
        assert threads() == before + 1
        env.reset(seed=1)
        assert threads() == before
        env.step(sh("true"))
        env.step(fenced(RIGHT))
        assert threads() == before
        env.reset(seed=2)
        env.step(sh("true"))
    assert threads() == before


def test_the_system_prompt_tells_how() -> None:
    assert CodeSandboxEnv(session=True).system_prompt != CodeSandboxEnv.system_prompt == CodeSandboxEnv().system_prompt
    for word in ("```sh", "file=", "submit", "task.md", "tests.py", "solution.py"):
        assert word in CodeSandboxEnv(session=True).system_prompt


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"visible": []},
        {"visible": ["f(1) == 2"], "visible_source": "assert f(3) == 6\nassert candidate(0) == 0"},
        {"visible": [], "visible_source": "def check(candidate):\n    assert candidate(2) == 4"},
    ],
)
def test_the_tests_file_passes_for_the_solution_and_fails_for_others(changes: dict[str, Any]) -> None:
    source = first_files(tasks(**changes)[0])["tests.py"].decode().replace("from solution import f", "")
    exec(source, {"f": lambda x: x * 2})
    if changes.get("visible") != [] or "visible_source" in changes:
        with pytest.raises((AssertionError, SystemExit)):
            exec(source, {"f": lambda x: x + 10})


def play(env: CodeSandboxEnv, seed: int) -> list[Step]:
    env.reset(seed=seed)
    steps: list[Step] = []
    while not steps or not steps[-1][2]:
        steps.append(env.step(env.expert()))
    return steps


def test_the_expert_solves_every_task_and_works_in_many_ways() -> None:
    env = CodeSandboxEnv(session=True, expert_mistake_rate=0.5)
    played = [play(env, seed) for seed in range(25)]
    assert all(steps[-1][4]["success"] for steps in played)
    seen = " ".join(step[0] for steps in played for step in steps)
    assert all(words in seen for words in ("Wrote solution.py.", "The visible tests pass.", "from solution import f"))
    assert len({len(steps) for steps in played}) >= 4
    assert all(step[4].get("imitate", True) for step in (steps[-1] for steps in played))
    failed = [step for steps in played for step in steps if "Exit code 1." in step[0] or step[0].startswith("Failed")]
    assert failed
    assert not any(step[4].get("imitate", True) for step in failed)


@pytest.mark.parametrize("max_turns", [1, 2, 3, 4])
def test_the_most_careless_expert_solves_with_few_answers(max_turns: int) -> None:
    env = CodeSandboxEnv(session=True, max_turns=max_turns, expert_mistake_rate=1.0)
    for seed in range(8):
        steps = play(env, seed)
        assert steps[-1][4]["success"]
        assert len(steps) <= max_turns


def test_what_the_expert_does_next_follows_from_what_is_there() -> None:
    def ways(**at: Any) -> Counter[str]:
        usual: dict[str, Any] = {"program": WRONG, "right": RIGHT, "there": "", "turn": 0, "turns_left": 10}
        return Counter(in_session(**(usual | at), rng=random.Random(seed)) for seed in range(200))

    assert set(ways()) == {LOOK, written(WRONG), fenced(WRONG)}
    assert set(ways(turn=1, turns_left=9)) == {written(WRONG), fenced(WRONG)}
    assert set(ways(there=RIGHT)) == {SUBMIT}
    assert set(ways(turns_left=2)) == {fenced(WRONG)}
    assert min(ways().values()) > 30


def test_the_same_seed_gives_the_same_episode() -> None:
    episodes = [
        [play(CodeSandboxEnv(session=True, expert_mistake_rate=0.5), seed) for seed in range(6)] for _ in range(2)
    ]
    assert episodes[0] == episodes[1]


def test_a_task_begins_the_same_with_and_without_a_session() -> None:
    for seed in range(10):
        assert CodeSandboxEnv(session=True).reset(seed=seed) == CodeSandboxEnv().reset(seed=seed)


def test_gymnasiums_checker_passes_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register_all()
        check_env(gymnasium.make("agentrl/CodeSandbox-v0", session=True).unwrapped)


def test_our_own_checker_passes_everything() -> None:
    found = check_environment(resolve("code_sandbox"), {"session": True})
    assert {one.status for one in found} == {"pass"}, found
