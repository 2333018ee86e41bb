"""Runs so small that they only show that the parts fit together."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agentrl.cli.app import app

sys.path.insert(0, str(Path(__file__).parent))
from plugin_settings import ENVIRONMENTS, SMALL

Train = Callable[..., Result]


@pytest.fixture
def games(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, with a file of environments and a cache of its own."""
    (tmp_path / "games.py").write_text(ENVIRONMENTS)
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(games: Path) -> Train:
    """`agentrl train` in this process, with small settings that the test may change."""

    def run(*words: str, **changes: Any) -> Result:
        settings = [f"{key}={value}" for key, value in {**SMALL, **changes}.items()]
        return CliRunner(env={"COLUMNS": "300"}).invoke(app, ["train", *words, *settings])

    return run
