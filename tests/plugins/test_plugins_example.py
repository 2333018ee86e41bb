"""The environment of the README, trained by the README's command, beats its cold start."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agentrl.cli.app import app

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "my_env.py"
SETTINGS = ["cold_start_episodes=80", "num_groups=24", "max_steps=40", "learning_rate=5e-4", "max_new_tokens=16"]


def test_the_example_keeps_the_promises_that_training_relies_on() -> None:
    result = CliRunner().invoke(app, ["env", "check", str(EXAMPLE)])
    assert result.exit_code == 0, result.output
    assert not re.search(r"\b(fail|warn)\b", result.output), result.output


def test_the_example_is_about_25_lines() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 26


@pytest.mark.slow
def test_the_example_beats_its_cold_start(games: Path) -> None:
    words = ["train", "--env", f"{EXAMPLE}:Adding", *SETTINGS, "run_name=example"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    summary = json.loads(Path("runs/example/summary.json").read_text())
    before, after = summary["before"], summary["after"]
    assert 0.05 < before["success"] < 0.6
    assert after["success"] > before["success"] + 0.2
    assert after["low"] > before["success"]
