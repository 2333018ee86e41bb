"""An installed package brings an environment of its own: found, listed and trained without naming a file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_settings import ENVIRONMENTS, SMALL


@pytest.fixture
def site(games: Path) -> Path:
    """A folder that looks like what `pip install agentrl-games` leaves."""
    folder = games / "site"
    info = folder / "agentrl_games-3.2.dist-info"
    info.mkdir(parents=True)
    (folder / "agentrl_games.py").write_text(ENVIRONMENTS)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: agentrl-games\nVersion: 3.2\n")
    (info / "entry_points.txt").write_text("[agentrl.envs]\ncounting = agentrl_games:Taught\n")
    (games / "games.py").unlink()
    return folder


def program(site: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    paths = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-c", "from agentrl.cli import main; main()", *words]
    environment = {**os.environ, "PYTHONPATH": paths, "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_an_installed_environment_is_listed_with_its_package(site: Path) -> None:
    listed = program(site, "env", "list")
    assert listed.returncode == 0, listed.stderr
    (line,) = [line for line in listed.stdout.splitlines() if "counting" in line]
    assert "agentrl-games 3.2" in line


def test_an_installed_environment_trains_by_its_name(site: Path) -> None:
    done = program(site, "train", "--env", "counting", *(f"{key}={value}" for key, value in SMALL.items()))
    assert done.returncode == 0, done.stderr
    assert "cold start on 8 successful expert episodes" in Path("runs/r/run.log").read_text()
