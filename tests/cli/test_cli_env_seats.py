"""`agentrl env play ENV --as SEAT`: a person in one seat, somebody else in the others."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agentrl.cli.app import app
from agentrl.cli.terminal import args_of_run
from agentrl.config import make_config, render_config
from agentrl.envs.registry import resolve, with_seat

DESK = "agentrl.envs.service_desk:ServiceDeskEnv"


def play(*words: str, typed: str = "") -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["env", "play", *words], input=typed)


def test_the_user_s_seat_is_told_its_goal_and_nothing_of_the_database() -> None:
    result = play(DESK, "--as", "user", typed="hello\n")
    assert result.exit_code == 0, result.output
    assert "You want to" in result.output
    assert "user sees:" in result.output
    assert "agent:" in result.output
    assert "agent sees:" not in result.output
    assert "tool:" not in result.output
    assert "stopped" in result.output


def test_the_run_s_own_domain_and_level_are_played(tmp_path: Path) -> None:
    env_args = {"domain": "travel", "level": "easy", "expert_mistake_rate": 0.5}
    config = make_config(env="service_desk", env_args=env_args)
    (tmp_path / "config.yaml").write_text(render_config(config))
    entry = with_seat(resolve("service_desk"), "user")
    assert args_of_run(str(tmp_path), entry, "user") == {"domain": "travel", "level": "easy"}
    assert args_of_run(str(tmp_path), resolve("service_desk_seats"), "user") == {"domain": "travel", "level": "easy"}
    assert args_of_run(str(tmp_path), resolve("code_sandbox"), "user") == {}
    assert args_of_run("expert", entry, "user") == {}


def test_a_person_is_told_how_to_end_it_and_does() -> None:
    result = play(DESK, "--as", "user", "--agent", "noop", typed="hello\n/end satisfied\n")
    assert "/end satisfied or /end refused or /end gave_up" in result.output
    assert re.search(r"the end: \d+ moves, .*no success", result.output)


def test_an_end_behind_a_misspelt_one_is_no_error() -> None:
    result = play(DESK, "--as", "user", "--agent", "noop", typed="/end satisfed\n/end satisfied\n")
    assert result.output.count("error: to end the dialogue write") == 1
    assert re.search(r"the end: 2 moves, .*no success", result.output)


def test_a_policy_that_is_not_there_is_told_before_anybody_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    result = play(DESK, "--as", "user", "--agent", "runs/none", typed="hello\n")
    assert result.exit_code == 2
    assert "there is no such folder" in result.stderr
    assert "user sees:" not in result.output


def test_the_user_ends_the_dialogue_by_a_call() -> None:
    end = '<tool_call>{"name": "end_dialogue", "arguments": {"reason": "satisfied"}}</tool_call>'
    result = play(DESK, "--as", "user", "--agent", "noop", typed=f"hello\n{end}\n")
    assert result.exit_code == 0, result.output
    assert re.search(r"the end: \d+ moves, .*no success", result.output)


def test_the_agent_s_seat_is_played_against_the_scripted_user() -> None:
    result = play(DESK, "--as", "agent", typed="How can I help?\n")
    assert result.exit_code == 0, result.output
    assert "agent sees:" in result.output
    assert "user: " in result.output
    assert "You want to" not in result.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([DESK, "--as", "usr"], "Did you mean 'user'? Seats: agent, user."),
        (["agentrl.envs.guess_number:GuessNumberEnv", "--as", "user"], "has one seat only"),
    ],
)
def test_a_seat_that_is_not_there_is_refused(words: list[str], expected: str) -> None:
    result = play(*words)
    assert result.exit_code == 2
    assert expected in result.stderr
