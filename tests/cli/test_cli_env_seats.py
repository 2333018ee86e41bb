"""`agentrl env play ENV --as SEAT`: a person in one seat, somebody else in the others."""

import re

import pytest
from typer.testing import CliRunner, Result

from agentrl.cli.app import app

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
