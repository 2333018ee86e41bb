"""`agentrl generate` and `agentrl eval`: what is asked for, what is written, what is kept."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agentrl.cli.app import app
from agentrl.data import iter_episodes
from agentrl.episode import End, Episode, Trajectory, Turn
from agentrl.errors import SandboxError

LIMITS = ["--template", "chatml", "--max-new-tokens", "99", "--max-context", "2000"]


def episode(index: int, success: bool = True, end: End = End.TERMINATED) -> Episode:
    turn = Turn(observation="?", text=str(index), reward=float(success))
    return Episode("game", str(index), index, "g", (Trajectory("agent", (turn,), end),), info={"success": success})


class Api:
    """Stands for `agentrl.evaluation.api`, and remembers how it was called."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.episodes: list[Episode] = [episode(0), episode(1, success=False), episode(2)]
        self.stop: BaseException | None = None

    def generate_episodes(self, policy: str, env: str, **asked: Any) -> Iterator[Episode]:
        self.asked = {"policy": policy, "env": env, **asked}
        yield from self.episodes
        if self.stop is not None:
            raise self.stop

    def run_evaluation(self, policy: str, env: str | None, **asked: Any) -> Any:
        self.asked = {"policy": policy, "env": env, **asked}
        return SimpleNamespace(rows=[{"": "all", "success": 0.51234}, {"": "[level 1]", "success": 1.0, "note": "few"}])


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Api:
    fake, module = Api(), ModuleType("agentrl.evaluation.api")
    module.generate_episodes, module.run_evaluation = fake.generate_episodes, fake.run_evaluation  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "agentrl.evaluation.api", module)
    monkeypatch.chdir(tmp_path)
    return fake


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words))


def generate(*words: str) -> Result:
    return run("generate", "--env", "game", "--out", "data.jsonl", *words)


def texts(name: str) -> list[str]:
    return [json.loads(line)["messages"][-1]["content"] for line in Path(name).read_text().splitlines()]


def test_episodes_and_messages_lie_next_to_each_other(api: Api) -> None:
    result = generate("--episodes", "3")
    assert result.exit_code == 0
    assert list(iter_episodes("data.jsonl")) == api.episodes
    assert texts("data.messages.jsonl") == ["0", "1", "2"]
    assert "played 3 episodes, 2 with success; kept 3" in result.output


def test_everything_asked_for_is_passed_on(api: Api) -> None:
    words = ["--policy", "noop", "--episodes", "7", "--split", "test", "--seed", "3", "--temperature", "0.5", "a=1"]
    generate(*words, *LIMITS)
    assert api.asked == {
        "policy": "noop",
        "env": "game",
        "episodes": 7,
        "split": "test",
        "seed": 3,
        "temperature": 0.5,
        "env_args": {"a": 1},
        "template": "chatml",
        "max_new_tokens": 99,
        "max_context": 2000,
    }


def test_only_successes_are_kept_when_asked(api: Api) -> None:
    generate("--only-success")
    assert texts("data.messages.jsonl") == ["0", "2"]


def test_failed_episodes_are_left_out_and_counted(api: Api) -> None:
    api.episodes.append(episode(3, end=End.FAILED))
    result = generate()
    assert texts("data.messages.jsonl") == ["0", "1", "2"]
    assert "1 failed and are left out" in result.output


@pytest.mark.parametrize(("form", "first"), [("episodes", "version"), ("messages", "messages")])
def test_one_format_alone_goes_to_the_file_itself(api: Api, form: str, first: str) -> None:
    generate("--format", form)
    assert [entry.name for entry in Path().iterdir()] == ["data.jsonl"]
    assert next(iter(json.loads(Path("data.jsonl").read_text().splitlines()[0]))) == first


def test_existing_files_are_not_overwritten_by_accident(api: Api) -> None:
    Path("data.messages.jsonl").write_text("mine")
    result = generate()
    assert result.exit_code == 2
    assert "data.messages.jsonl: exists already" in result.stderr
    assert api.asked == {}
    assert generate("--force").exit_code == 0


def test_ctrl_c_keeps_what_was_played(api: Api) -> None:
    api.stop = KeyboardInterrupt()
    result = generate()
    assert result.exit_code == 130
    assert len(list(iter_episodes("data.jsonl"))) == 3
    assert "kept 3" in result.output


def test_a_failure_of_the_machinery_keeps_what_was_played(api: Api) -> None:
    api.stop = SandboxError("the sandbox is gone")
    result = generate()
    assert result.exit_code == 1
    assert len(list(iter_episodes("data.jsonl"))) == 3


def test_a_folder_is_no_file_to_write(api: Api) -> None:
    result = run("generate", "--env", "game", "--out", ".")
    assert result.exit_code == 2
    assert "this is a folder" in result.stderr


def test_eval_prints_a_table_and_passes_everything_on(api: Api) -> None:
    words = ["--env", "game", "--episodes", "9", "--k", "4,1", "--temperature", "0", "x=1", *LIMITS]
    result = run("eval", "runs/a", *words)
    assert result.exit_code == 0
    assert api.asked == {
        "policy": "runs/a",
        "env": "game",
        "episodes": 9,
        "split": "test",
        "temperature": 0.0,
        "k": (1, 4),
        "seed": 0,
        "env_args": {"x": 1},
        "template": "chatml",
        "max_new_tokens": 99,
        "max_context": 2000,
        "out": None,
    }
    assert "0.512" in result.output
    assert "[level 1]" in result.output


def test_a_run_may_be_evaluated_where_it_was_trained(api: Api) -> None:
    run("eval", "runs/a")
    assert api.asked["env"] is None


@pytest.mark.parametrize("policy", ["expert", "noop"])
def test_a_scripted_policy_needs_an_environment(api: Api, policy: str) -> None:
    result = run("eval", policy)
    assert result.exit_code == 2
    assert "say in which environment, with --env NAME" in result.stderr


@pytest.mark.parametrize(("k", "expected"), [("1,x", "write whole numbers"), ("0", "at least 1"), ("", "write whole")])
def test_attempts_that_cannot_be_are_refused(api: Api, k: str, expected: str) -> None:
    result = run("eval", "runs/a", "--k", k)
    assert result.exit_code == 2
    assert expected in result.stderr
