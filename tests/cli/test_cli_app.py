"""The program as a whole: quick help, exit codes, errors in one line."""

import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

import agentrl
from agentrl.cli.app import app
from agentrl.cli.console import printable, table
from agentrl.errors import AgentRLError, ConfigError, SandboxError, TooManyFailuresError


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner(env={"COLUMNS": "200"})


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Have `agentrl train` raise what it is given."""
    api = ModuleType("agentrl.training.api")
    monkeypatch.setitem(sys.modules, "agentrl.training.api", api)

    def install(error: BaseException) -> None:
        def run_training(*_: Any, **__: Any) -> None:
            raise error

        api.run_training = run_training  # type: ignore[attr-defined]

    return install


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from agentrl.cli import main\n"
        "sys.argv = ['agentrl', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'gymnasium', 'pettingzoo', 'numpy', 'pydantic', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Usage: agentrl" in done.stdout


@pytest.mark.parametrize("words", [["train"], ["eval"], ["generate"], ["env"], ["env", "check"], ["env", "init"]])
def test_every_command_explains_itself(runner: CliRunner, words: list[str]) -> None:
    result = runner.invoke(app, [*words, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_version(runner: CliRunner) -> None:
    result = runner.invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"agentrl {agentrl.__version__}\n")


def test_an_unknown_command_is_a_mistake_of_usage(runner: CliRunner) -> None:
    assert runner.invoke(app, ["trian"]).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError("no [red]good"), 2), (SandboxError("no [red]good"), 1), (TooManyFailuresError("no [red]good"), 1)],
)
def test_errors_on_purpose_are_one_line(
    runner: CliRunner, raising: Callable[[BaseException], None], error: AgentRLError, code: int
) -> None:
    raising(error)
    result = runner.invoke(app, ["train"])
    assert result.exit_code == code
    assert result.stderr == "error: no [red]good\n"


def test_ctrl_c_is_told_and_has_its_own_code(runner: CliRunner, raising: Callable[[BaseException], None]) -> None:
    raising(KeyboardInterrupt())
    result = runner.invoke(app, ["train"])
    assert result.exit_code == 130
    assert "Ctrl-C" in result.stderr


def test_a_bug_keeps_its_traceback(runner: CliRunner, raising: Callable[[BaseException], None]) -> None:
    raising(RuntimeError("a bug"))
    assert isinstance(runner.invoke(app, ["train"]).exception, RuntimeError)


def test_long_messages_are_not_broken_into_lines(runner: CliRunner, raising: Callable[[BaseException], None]) -> None:
    raising(ConfigError("word " * 100))
    assert runner.invoke(app, ["train"], env={"COLUMNS": "40"}).stderr.count("\n") == 1


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert printable("a\x1b[31mb\a\n\tc") == "a\\x1b[31mb\\x07\n\tc"


def test_lone_surrogates_can_be_printed() -> None:
    printable("a\ud800").encode("utf-8")


def test_cells_are_not_read_as_markup() -> None:
    made = table(["a"], [["[red]x[/red]"]])
    assert str(next(iter(made.columns[0].cells))) == "[red]x[/red]"
