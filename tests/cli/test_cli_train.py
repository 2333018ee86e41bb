"""`agentrl train`: words and options become settings, and `--resume` finds its run."""

import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agentrl.cli.app import app
from agentrl.config import TrainConfig, load_config


class Training:
    """Stands for the trainer, and remembers how it was called."""

    def __init__(self) -> None:
        self.config: TrainConfig | None = None
        self.resumed: tuple[str, list[str]] | None = None
        self.interrupted = False

    def run_training(self, config: TrainConfig, *, console: Any) -> Any:
        self.config = config
        return SimpleNamespace(interrupted=self.interrupted)

    def resume_training(self, run_dir: str, overrides: list[str], *, console: Any) -> Any:
        self.resumed = (run_dir, overrides)
        return SimpleNamespace(interrupted=self.interrupted)


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Training:
    fake = Training()
    api, summary = ModuleType("agentrl.training.api"), ModuleType("agentrl.training.summary")
    api.run_training, api.resume_training = fake.run_training, fake.resume_training  # type: ignore[attr-defined]
    summary.print_summary = lambda result, console: console.print("the summary")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "agentrl.training.api", api)
    monkeypatch.setitem(sys.modules, "agentrl.training.summary", summary)
    monkeypatch.chdir(tmp_path)
    return fake


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["train", *words])


def make_run(path: Path, age: float) -> None:
    path.mkdir(parents=True)
    (path / "config.yaml").write_text("seed: 1\n")
    os.utime(path / "config.yaml", (1e9 - age, 1e9 - age))


def test_nothing_given_runs_the_defaults(training: Training) -> None:
    result = run()
    assert (result.exit_code, result.output) == (0, "the summary\n")
    assert training.config == TrainConfig()


def test_options_are_short_for_settings(training: Training) -> None:
    run("--env", "guess_number", "--algo", "ppo", "--model", "m", "--run-name", "r", "--output-dir", "o", "--seed", "3")
    assert training.config is not None
    config = training.config
    assert (config.env, config.algo, config.model_name_or_path) == ("guess_number", "ppo", "m")
    assert (config.run_name, config.output_dir, config.seed) == ("r", "o", 3)


def test_a_file_and_settings_in_any_order(training: Training) -> None:
    Path("my.yaml").write_text("seed: 5\ngroup_size: 4\n")
    run("group_size=6", "my.yaml", "--algo", "rloo", "env_args.levels=[1, 2]")
    assert training.config == load_config("my.yaml", ["group_size=6", "algo=rloo", "env_args.levels=[1, 2]"])


def test_a_file_whose_name_has_an_equals_sign(training: Training) -> None:
    Path("lr=1.yaml").write_text("seed: 5\n")
    run("lr=1.yaml")
    assert training.config is not None
    assert training.config.seed == 5


def test_two_files_are_one_too_many(training: Training) -> None:
    result = run("a.yaml", "b.yaml")
    assert result.exit_code == 2
    assert "a.yaml, b.yaml" in result.stderr


def test_a_wrong_setting_is_told_before_anything_is_imported(training: Training) -> None:
    result = run("--algo", "ppoo")
    assert result.exit_code == 2
    assert "Did you mean 'ppo'" in result.stderr
    assert training.config is None


def test_print_config_shows_what_would_run(training: Training) -> None:
    result = run("--print-config", "seed=9")
    assert training.config is None
    Path("printed.yaml").write_text(result.stdout)
    assert load_config("printed.yaml").seed == 9


def test_a_stopped_run_has_the_code_of_ctrl_c(training: Training) -> None:
    training.interrupted = True
    result = run()
    assert (result.exit_code, result.output) == (130, "the summary\n")


@pytest.mark.parametrize("words", [["--resume"], ["--resume", "max_steps=9"], ["--resume", "--seed", "1"]])
def test_resume_alone_takes_the_newest_run(training: Training, words: list[str]) -> None:
    make_run(Path("runs/old"), age=10)
    make_run(Path("runs/new"), age=1)
    assert run(*words).exit_code == 0
    assert training.resumed is not None
    assert training.resumed[0] == "runs/new"


def test_resume_passes_changed_settings_on(training: Training) -> None:
    make_run(Path("runs/a"), age=1)
    run("--resume", "max_steps=9", "--seed", "4")
    assert training.resumed == ("runs/a", ["seed=4", "max_steps=9"])


@pytest.mark.parametrize("given", ["runs/old", "old"])
def test_resume_takes_a_path_or_a_name(training: Training, given: str) -> None:
    make_run(Path("runs/old"), age=10)
    make_run(Path("runs/new"), age=1)
    assert run("--resume", given).exit_code == 0
    assert training.resumed == ("runs/old", [])


def test_resume_looks_in_another_folder(training: Training) -> None:
    make_run(Path("elsewhere/a"), age=1)
    run("--resume", "--output-dir", "elsewhere")
    assert training.resumed == ("elsewhere/a", [])


def test_resume_without_runs_says_so(training: Training) -> None:
    result = run("--resume")
    assert result.exit_code == 2
    assert "runs holds no run" in result.stderr


def test_resume_of_a_misspelt_run_names_the_nearest(training: Training) -> None:
    make_run(Path("runs/first"), age=1)
    result = run("--resume", "runs/frist")
    assert result.exit_code == 2
    assert "Did you mean 'first'?" in result.stderr


def test_resume_refuses_a_configuration_file(training: Training) -> None:
    result = run("my.yaml", "--resume")
    assert result.exit_code == 2
    assert "give my.yaml's changes as key=value" in result.stderr
