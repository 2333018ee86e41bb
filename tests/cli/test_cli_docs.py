"""Every command line of `agentrl` in the documents parses: its commands, options and settings exist. None is run."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from agentrl.cli.app import app
from agentrl.config.schema import TrainConfig
from agentrl.envs.registry import arguments_of
from agentrl.errors import AgentRLError

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^(?:\$ |[A-Z_]+=\S+ )*agentrl ")
SETTING = re.compile(r"^([A-Za-z_]+)(?:\.[\w.]+)?=")


def lines() -> Iterator[tuple[str, str]]:
    """(file, command) of each command in a block of code, with its continuations and without comments."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        fenced = False
        for line in text.splitlines():
            fenced ^= line.lstrip().startswith("```")
            if (fenced or line.startswith("    ")) and LINE.match(line.strip()):
                yield path.name, LINE.sub("", line.strip())


COMMANDS = sorted(set(lines()))


UsageError: Any = typer.BadParameter.__base__


def parsed(words: list[str]) -> dict[str, Any]:
    """The parameters of the command that would run, which is parsed and not invoked."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("agentrl", list(words))
    while hasattr(command, "resolve_command"):
        name, command, words = command.resolve_command(context, words)
        context = command.make_context(name, list(words), parent=context)
    return dict(context.params)


def test_there_are_commands_in_the_documents() -> None:
    assert len(COMMANDS) > 30
    assert {"README.md", "service_desk.md"} <= {name for name, _ in COMMANDS}


@pytest.mark.parametrize(("name", "line"), COMMANDS)
def test_a_documented_command_parses(name: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    try:
        params = parsed(words)
    except typer.Exit:  # --help, --version
        return
    except UsageError as error:
        pytest.fail(f"{name}: agentrl {line}: {error.message}")
    try:
        known = [*TrainConfig.model_fields, *arguments_of(str(params.get("env")))]
    except AgentRLError:  # a file that the text has the reader write
        return
    for word in params.get("words") or ():
        if match := SETTING.match(word):
            assert match[1] in known, f"{name}: agentrl {line}: {match[1]}"


@pytest.mark.parametrize("line", ["eval --env e --model X", "adversary shw", "train --envv x", "env play"])
def test_what_is_wrong_does_not_parse(line: str) -> None:
    with pytest.raises(UsageError):
        parsed(line.split())


def test_the_dialogues_in_the_documents_are_those_that_the_command_prints() -> None:
    text = (ROOT / "docs" / "simulators.md").read_text(encoding="utf-8")
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["adversary", "show"]).output
    first = shown.partition("\n")[0]
    assert text[text.index(first) :].strip() == shown.strip()
