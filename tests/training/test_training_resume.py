"""Runs that stop, are killed, or run out of disk, and what `--resume` makes of them.

The runs are tiny `guess_number` runs. What is killed is another process; what it is compared with runs in this one.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tiny_settings import TINY
from typer.testing import CliRunner

import agentrl
from agentrl.cli.app import app
from agentrl.config import make_config, render_config
from agentrl.errors import CheckpointError, ConfigError
from agentrl.training import cold_start
from agentrl.training.api import resume_training, run_training
from agentrl.training.trainer import Trainer

SETTINGS: dict[str, Any] = {
    "env": "guess_number",
    "tiny": TINY,
    "cold_start_episodes": 8,
    "cold_start_epochs": 30,
    "num_groups": 2,
    "group_size": 4,
    "learning_rate": 3e-3,
    "warmup_steps": 1,
    "eval_episodes": 4,
    "max_new_tokens": 8,
    "max_context": 256,
    "max_steps": 4,
    "save_steps": 2,
}
ADAPTIVE = {"algo": "ppo", "init_kl_coef": 0.05, "kl_controller": "adaptive", "target_kl": 1.0}
MEASURED = ("time", "throughput/", "memory/")

KILL_AT_STEP_3 = """
from agentrl.runs.directory import RunDirectory
before = RunDirectory.log_episodes
def log_episodes(self, step, episodes):
    before(self, step, episodes)
    if step == 3:
        os.kill(os.getpid(), signal.SIGKILL)
RunDirectory.log_episodes = log_episodes
"""
KILL_IN_COLD_START = """
from agentrl.training import cold_start
cold_start.imitate = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache of cold starts for the tests of this session, away from the user's."""
    folder = tmp_path_factory.getbasetemp() / "agentrl_cache"
    monkeypatch.setenv("AGENTRL_CACHE", str(folder))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A finished GRPO run of four steps, to be copied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTRL_CACHE", str(tmp_path_factory.getbasetemp() / "agentrl_cache"))
        yield train(tmp_path_factory.mktemp("finished")).run_dir


def train(folder: Path, name: str = "whole", **settings: Any) -> Any:
    return agentrl.train(**{**SETTINGS, **settings}, output_dir=str(folder), run_name=name)


def copy_of(run: Path, folder: Path) -> Path:
    return Path(shutil.copytree(run, folder / "copy"))


def run_killed(sabotage: str, folder: Path, **settings: Any) -> Path:
    """Train in another process, which kills itself with SIGKILL as `sabotage` says."""
    config = folder / "killed.yaml"
    given = {**SETTINGS, **settings, "output_dir": str(folder), "run_name": "killed"}
    config.write_text(render_config(make_config(**given)), encoding="utf-8")
    code = (
        f"import os, signal\n{sabotage}\nfrom agentrl.config import load_config\n"
        f"from agentrl.training.api import run_training\nrun_training(load_config({str(config)!r}, []))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return folder / "killed"


def weights(run: Path, step: int) -> dict[str, torch.Tensor]:
    files = sorted((run / "checkpoints" / f"step_{step:06d}").glob("*.safetensors"))
    return {f"{file.name}/{name}": tensor for file in files for name, tensor in load_file(file).items()}


def metrics(run: Path) -> list[dict[str, float]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if not k.startswith(MEASURED)} for line in lines]


def assert_same_outcome(left: Path, right: Path, step: int = 4) -> None:
    ours, theirs = weights(left, step), weights(right, step)
    assert ours.keys() == theirs.keys()
    assert ours
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    # repr, because NaN (an explained variance without variance) equals itself only there
    assert repr(metrics(left)) == repr(metrics(right))
    for name in ("summary.json", "episodes/step_000003.jsonl", "episodes/step_000004.jsonl"):
        assert (left / name).read_bytes() == (right / name).read_bytes()


def test_the_run_to_compare_with_learns_to_its_end(finished: Path) -> None:
    assert [line["step"] for line in metrics(finished)] == [1, 2, 3, 4]
    assert max(line["policy/grad_norm"] for line in metrics(finished)[2:]) > 0, "nothing was learnt after step 2"


@pytest.mark.parametrize("extra", [{}, ADAPTIVE], ids=["grpo", "ppo with an adaptive KL"])
def test_a_killed_run_resumes_bit_for_bit(extra: dict[str, Any], finished: Path, tmp_path: Path) -> None:
    killed = run_killed(KILL_AT_STEP_3, tmp_path, **extra)
    assert [line["step"] for line in metrics(killed)] == [1, 2, 3]
    assert sorted(path.name for path in (killed / "checkpoints").iterdir()) == ["step_000002"]
    resumed = resume_training(killed)
    assert resumed.step == 4
    whole = train(tmp_path, **extra).run_dir if extra else finished
    assert_same_outcome(whole, killed)
    if extra:
        assert any("value_head" in name for name in weights(killed, 4))
        assert len({line["kl/coef"] for line in metrics(killed)}) == 4, "the controller must have moved to test it"


def test_a_half_written_newest_checkpoint_is_passed_over_and_told(finished: Path, tmp_path: Path) -> None:
    run = copy_of(finished, tmp_path)
    file = run / "checkpoints" / "step_000004" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    resume_training(run)
    log = (run / "run.log").read_text()
    assert "Skipped the checkpoint of step 4: model.safetensors is half-written" in log
    assert "going on from step 2" in log
    assert_same_outcome(finished, run)


def test_a_finished_run_goes_on_when_given_more_steps(finished: Path, tmp_path: Path) -> None:
    run = copy_of(finished, tmp_path)
    assert resume_training(run, ["max_steps=5"]).step == 5
    assert [line["step"] for line in metrics(run)] == [1, 2, 3, 4, 5]


def test_a_run_without_its_initial_policy_says_so(finished: Path, tmp_path: Path) -> None:
    run = copy_of(finished, tmp_path)
    shutil.rmtree(run / "initial")
    with pytest.raises(CheckpointError, match="initial policy of the run is missing or damaged"):
        resume_training(run)


def test_a_run_killed_in_its_cold_start_begins_anew(finished: Path, tmp_path: Path) -> None:
    killed = run_killed(KILL_IN_COLD_START, tmp_path, cold_start_cache=False)
    assert not (killed / "metrics.jsonl").exists()
    assert resume_training(killed).step == 4
    assert "begins anew" in (killed / "run.log").read_text()
    assert_same_outcome(finished, killed)


def test_ctrl_c_stops_after_the_step_and_says_how_to_go_on(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    given = {**SETTINGS, "max_steps": 500, "save_steps": 500, "output_dir": str(tmp_path), "run_name": "stopped"}
    config.write_text(render_config(make_config(**given)), encoding="utf-8")
    command = [sys.executable, "-c", "from agentrl.cli import main; main()", "train", str(config)]
    run = tmp_path / "stopped"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            _wait_for(run / "metrics.jsonl", process)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, said
    flat = "".join(said.split())
    assert f"agentrltrain--resume{run}" in flat
    steps = len(metrics(run))
    assert 1 <= steps < 500
    assert weights(run, steps)
    assert resume_training(run, [f"max_steps={steps + 1}"]).step == steps + 1


def _wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 90
    while not (path.exists() and path.stat().st_size):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.02)


@pytest.mark.parametrize("place", [(cold_start, "imitate"), (Trainer, "evaluate")], ids=["cold start", "evaluation"])
def test_ctrl_c_outside_of_the_training_says_how_to_go_on(
    place: tuple[Any, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(*place, lambda *_: signal.raise_signal(signal.SIGINT))
        settings = {**SETTINGS, "tiny": json.dumps(TINY), "cold_start_cache": False, "output_dir": str(tmp_path)}
        words = [f"{key}={value}" for key, value in settings.items()]
        result = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["train", "run_name=stopped", *words])
    run = tmp_path / "stopped"
    assert result.exit_code == 130, result.output
    assert f"Go on with: agentrl train --resume {run}" in result.output
    assert "stopped by Ctrl-C" in result.stderr
    assert "stopped by Ctrl-C" in (run / "run.log").read_text()
    assert resume_training(run, ["max_steps=1"]).step == 1


@pytest.mark.parametrize("lines", [0, 8])
def test_a_run_whose_settings_were_cut_does_not_go_on_with_the_defaults(
    finished: Path, tmp_path: Path, lines: int
) -> None:
    run = copy_of(finished, tmp_path)
    kept = "".join((run / "config.yaml").read_text().splitlines(keepends=True)[:lines])
    (run / "config.yaml").write_text(kept)
    with pytest.raises(ConfigError, match=r"config\.yaml: the settings of this run are not whole: .* are missing"):
        resume_training(run, ["max_steps=5"])
    assert (run / "config.yaml").read_text() == kept


def test_settings_are_written_whole_or_not_at_all(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy_of(finished, tmp_path)
    before = (run / "config.yaml").read_text()
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            resume_training(run, ["max_steps=5"])
    assert (run / "config.yaml").read_text() == before


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk of the size that the test asks for."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={request.param}", "agentrl-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(["mount", *options], capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("small_disk", ["8k", "1m"], indirect=True, ids=["at the settings", "at a checkpoint"])
def test_a_full_disk_ends_the_run_with_a_message_and_exit_code_2(small_disk: Path) -> None:
    config = small_disk.parent / "config.yaml"
    given = {**SETTINGS, "max_steps": 50, "save_steps": 1, "save_total_limit": 50, "output_dir": str(small_disk)}
    config.write_text(render_config(make_config(**given)), encoding="utf-8")
    command = [sys.executable, "-c", "from agentrl.cli import main; main()", "train", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "error: The disk is full" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_exists_is_not_overwritten(finished: Path) -> None:
    with pytest.raises(agentrl.errors.RunDirectoryError, match="holds a run already"):
        run_training(make_config(**SETTINGS, output_dir=str(finished.parent), run_name=finished.name))
