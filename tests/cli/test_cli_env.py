"""`agentrl env`: from an empty file to an environment that is checked and played."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agentrl.cli.app import app

BROKEN = """
from agentrl.envs import TextEnv

class Broken(TextEnv):
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return "go", {}

    def step(self, action):
        return action[0], 1.0, True, False, {}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def env(*words: str, typed: str | None = None) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["env", *words], input=typed)


def test_list_shows_the_built_ins() -> None:
    result = env("list")
    assert result.exit_code == 0
    assert "guess_number" in result.output
    assert "Guess a number" in result.output


def test_init_writes_an_environment_that_passes_every_check() -> None:
    assert env("init", "my_env.py").exit_code == 0
    result = env("check", "./my_env.py:MyEnv")
    assert result.exit_code == 0, result.output
    assert "0 failed, 0 to look at" in result.output


def test_init_tells_what_to_do_next() -> None:
    assert "agentrl train --env ./games/mine.py:Mine" in env("init", "games/mine.py", "--name", "Mine").output


def test_init_never_overwrites_by_accident(folder: Path) -> None:
    (folder / "my_env.py").write_text("mine")
    result = env("init", "my_env.py")
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert (folder / "my_env.py").read_text() == "mine"
    assert env("init", "my_env.py", "--force").exit_code == 0


@pytest.mark.parametrize("words", [["my_env.txt"], ["my_env.py", "--name", "My Env"]])
def test_init_refuses_names_that_cannot_work(words: list[str]) -> None:
    assert env("init", *words).exit_code == 2


def test_what_init_writes_is_short_and_formatted(folder: Path) -> None:
    env("init", "my_env.py")
    lines = (folder / "my_env.py").read_text().splitlines()
    assert len(lines) <= 55
    assert max(map(len, lines)) <= 120


def test_a_failed_check_has_an_exit_code(folder: Path) -> None:
    (folder / "broken.py").write_text(BROKEN)
    result = env("check", "./broken.py")
    assert result.exit_code == 1
    assert "IndexError" in result.output


def test_check_passes_arguments_on() -> None:
    assert "1 to 2 steps" in env("check", "guess_number", "max_turns=2").output
    result = env("check", "guess_number", "max_turn=2")
    assert result.exit_code == 2
    assert "Did you mean 'max_turns'?" in result.stderr


def test_check_of_nothing_names_the_nearest() -> None:
    result = env("check", "guess_nmber")
    assert result.exit_code == 2
    assert "Did you mean 'guess_number'?" in result.stderr


def test_play_lets_the_expert_win() -> None:
    result = env("play", "guess_number", "--agent", "expert")
    assert result.exit_code == 0
    assert result.output.rstrip().endswith("success")
    assert "found +1" in result.output


def test_play_reads_a_line_at_a_time() -> None:
    result = env("play", "guess_number", "highest=2", "max_turns=2", typed="1\n2\n")
    assert "the end: " in result.output
    assert ", success" in result.output


def test_play_stops_at_the_end_of_the_input() -> None:
    result = env("play", "guess_number", typed="")
    assert result.exit_code == 0
    assert "stopped: 0 moves" in result.output


@pytest.mark.parametrize(("words", "typed"), [(["--multiline"], "a\nb\n.\n"), ([], "```\na\n.\n"), ([], "```\n.\n")])
def test_play_reads_several_lines_up_to_a_dot(folder: Path, words: list[str], typed: str) -> None:
    (folder / "echo.py").write_text(BROKEN.replace("action[0]", 'f"{action.count(chr(10))} line feeds, no dot"'))
    result = env("play", "./echo.py", *words, typed=typed)
    heard = typed.removesuffix("\n.\n").count("\n")
    assert f"{heard} line feeds, no dot" in result.output


def test_play_asks_again_for_what_is_no_action() -> None:
    result = env("play", "gymnasium:CartPole-v1", typed="left\n7\n1\n")
    assert result.output.count("not an action of agent") == 2
    assert "stopped: 1 moves, reward 1" in result.output


def test_play_takes_numbers_for_boxes() -> None:
    assert "stopped: 1 moves" in env("play", "gymnasium:Pendulum-v1", typed="[0.5]\n").output


def test_play_names_the_seat_of_several() -> None:
    result = env("play", "pettingzoo:classic.tictactoe_v3", typed="0\n1\n")
    assert "player_1 sees:" in result.output
    assert "player_2 sees:" in result.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["guess_number", "--agent", "exprt"], "must be human, expert or noop. Did you mean 'expert'?"),
        (["gymnasium:CartPole-v1", "--agent", "expert"], "CartPole-v1 has no expert()"),
        (["gymnasium:CartPole-v1", "--agent", "noop"], "only where actions are text"),
    ],
)
def test_play_refuses_agents_that_cannot_play(words: list[str], expected: str) -> None:
    result = env("play", *words)
    assert result.exit_code == 2
    assert expected in result.stderr
