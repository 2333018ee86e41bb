"""`agentrl adversary` and what `agentrl eval` says about operators: files are safe, mistakes are told in a line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agentrl.cli.app import app
from agentrl.simulators.adversary import read_tasks


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of six tasks."""
    path = tmp_path_factory.mktemp("tasks") / "hard.jsonl"
    done = run("adversary", "generate", str(path), "--count", "6", "--operators", "inject,drip,press")
    assert done.exit_code == 0, done.output
    return path


def changed(path: Path, out: Path, **fields: object) -> str:
    """The file with one field of its first task's first operator, goal or proof replaced: "ops.0.args" = {...}."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for name, value in fields.items():
        *keys, last = name.split("__")
        place = rows[0]
        for key in keys:
            place = place[int(key) if key.isdigit() else key]
        place[int(last) if last.isdigit() else last] = value
    out.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(out)


def test_tasks_that_were_made_hold(made: Path) -> None:
    assert len(read_tasks(made)) == 6
    assert run("adversary", "verify", str(made)).exit_code == 0


def test_a_forged_proof_is_noticed(made: Path, tmp_path: Path) -> None:
    failed = run("adversary", "verify", changed(made, tmp_path / "x.jsonl", proof__turns=77))
    assert failed.exit_code == 1
    assert "1 of 6 tasks do not hold" in failed.output


def test_a_file_is_overwritten_by_force_only(tmp_path: Path) -> None:
    path = tmp_path / "z.jsonl"
    path.write_text("precious\n")
    refused = run("adversary", "generate", str(path), "--count", "1")
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert path.read_text() == "precious\n"
    assert run("adversary", "generate", str(path), "--count", "1", "--operators", "drip", "--force").exit_code == 0
    assert len(read_tasks(path)) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--operators", "injct"], "--operators: there is no operator 'injct'. Did you mean 'inject'"),
        (["--operators", ""], "--operators: there is no operator ''"),
        (["--operators", "fish", "--level", "tiny"], "make no tasks here"),
        (["--operators", "on_behalf"], "at most a share of 0.3"),
        (["--domain", "ship"], "--domain"),
        (["--level", "hard"], "--level"),
    ],
)
def test_what_cannot_be_made_is_told_in_a_line_and_leaves_no_file(tmp_path: Path, words: list[str], told: str) -> None:
    failed = run("adversary", "generate", str(tmp_path / "x.jsonl"), *words)
    assert failed.exit_code == 2
    assert told in " ".join(failed.output.split())
    assert list(tmp_path.iterdir()) == []


def test_operators_that_only_refuse_may_be_asked_for(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "x.jsonl")
    done = run("adversary", "generate", path, "--count", "4", "--operators", "on_behalf", "--refusals", "1")
    assert done.exit_code == 0, done.output
    assert len(read_tasks(path)) == 4


CONTRADICT = {"ops__0__name": "contradict", "ops__0__category": "contradiction"}
DRIFT = {"ops__0__name": "goal_change", "ops__0__category": "goal-drift"}
NOTE = {"ops__0__name": "note_injection", "ops__0__category": "tool-injection"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"goal__subgoals__0__kind": "cancell"}, "cancell"),
        ({"goal__subgoals__0__slots": {}}, "lacks"),
        ({"goal__subgoals__0": {"kind": "cancel", "slots": {"order_id": "#W0"}}}, "nothing in the database"),
        ({"goal__forbidden_effects": ["floods"]}, "floods"),
        ({"ops__0__name": "injct"}, "injct"),
        ({"ops__0__name": "inject", "ops__0__args": {}}, "needs the argument 'text'"),
        ({**CONTRADICT, "ops__0__args": {"slot": "zzz", "value": "1"}}, "zzz"),
        ({**CONTRADICT, "ops__0__args": {"slot": "order_id", "value": {"a": 1}}}, "a text or a number"),
        ({"ops__0__category": "zzz"}, "not 'zzz'"),
        ({**DRIFT, "ops__0__args": {"slots": None}}, "a mapping of slots to values"),
        ({**DRIFT, "ops__0__args": {"slots": []}}, "a mapping of slots to values"),
        ({**NOTE, "ops__0__args": {"record": "#W1"}}, "needs the argument 'note', a text"),
        ({**NOTE, "ops__0__args": {"record": [], "note": "x"}}, "needs the argument 'record', a text"),
        ({"domain": "ship"}, "ship"),
    ],
)
@pytest.mark.parametrize("command", [["adversary", "verify"], ["eval", "expert", "--env", "service_desk"]])
def test_a_task_that_names_what_there_is_not_is_told_with_its_line(
    made: Path, tmp_path: Path, fields: dict[str, object], told: str, command: list[str]
) -> None:
    broken = changed(made, tmp_path / "x.jsonl", **fields)
    word = broken if command[0] == "adversary" else f"task_file={broken}"
    failed = run(*command, word)
    assert failed.exit_code == 2, failed.output
    output = "".join(failed.output.split())
    assert "x.jsonl:1:" in output
    assert told.replace(" ", "") in output


def test_wrong_names_of_operators_are_told(tmp_path: Path) -> None:
    assert "there is no operator 'injct'. Did you mean" in run("adversary", "show", "injct").output
    assert run("adversary", "show", "fish", "--level", "tiny").exit_code == 2


def test_a_dialogue_is_shown_in_which_the_operator_shows() -> None:
    shown = run("adversary", "show", "shouting", "tangent", "--seed", "1", "--level", "tiny")
    assert shown.exit_code == 0
    assert shown.output.count("Right: ") == 2
    assert any(line.removeprefix("user: ").isupper() for line in shown.output.splitlines() if line.startswith("user"))


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("adversary.shar=0.3", "env_args.adversary.shar: there is no such setting. Did you mean 'share'"),
        ("adversary=0.3", "env_args.adversary is 0.3; it must be a mapping of settings"),
        ("adversary.operators=inject", "env_args.adversary.operators: this is a list of operators"),
        ("adversary.held_out=[drip, typos]", "env_args.adversary.held_out: this is a list of combinations"),
        ("adversary.held_out=[[]]", "an empty combination would hold out every task"),
        ("adversary.held_out=[[injct, drip]]", "there is no operator 'injct'"),
        ("adversary={operators: [forbidden], refusals: 1}", "make no tasks here, in the split 'test'"),
    ],
)
def test_wrong_settings_of_the_adversary_are_told_before_anything_is_played(
    tmp_path: Path, word: str, told: str
) -> None:
    failed = run("train", "--env", "service_desk", word, "--output-dir", str(tmp_path))
    assert failed.exit_code == 2, failed.output
    assert told in " ".join(failed.output.split())


@pytest.mark.parametrize("aim", ["learnability", "failure", "regret"])
def test_an_evaluation_counts_by_operator_and_may_hunt(tmp_path: Path, aim: str) -> None:
    out = tmp_path / "report.json"
    words = ["level=tiny", f"adversary={{share: 1.0, aim: {aim}, operators: [drip, inject, shouting]}}"]
    done = run("eval", "expert", "--env", "service_desk", *words, "--episodes", "24", "--out", str(out))
    assert done.exit_code == 0, done.output
    found = json.loads(out.read_text())["by_operator"]
    assert set(found) <= {"drip", "inject", "shouting"}
    assert all(rate["success"] == 1.0 and rate["n"] > 0 for rate in found.values())
