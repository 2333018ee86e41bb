"""`agentrl eval` and `agentrl generate` for real: runs, models, the expert, and what is wrong with them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_settings import TINY
from typer.testing import CliRunner, Result

import agentrl
from agentrl.cli.app import app
from agentrl.data import iter_episodes
from agentrl.envs import TextEnv
from agentrl.errors import CheckpointError, ConfigError, ModelError, TooManyFailuresError, UserError
from agentrl.evaluation.api import generate_episodes, run_evaluation

BROKEN = """
from agentrl.envs import TextEnv
class Broken(TextEnv):
    share = 1.0
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return "go", {}
    def step(self, action):
        if self.np_random.random() < self.share:
            raise OSError("no network")
        return "", 1.0, True, False, {"success": True}
class Shaky(Broken):
    share = 0.3
"""

LATE = """
from pathlib import Path
from agentrl.envs import TextEnv
class Late(TextEnv):
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if options["number"] >= 200 and not Path(__file__).with_name("mended").exists():
            raise OSError("gone")
        return "go", {}
    def step(self, action):
        return "", 1.0, True, False, {"success": True}
"""
TOGETHER = """
import threading
from agentrl.envs import TextEnv
class Together(TextEnv):
    all = threading.Barrier(100)
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.all.wait(5.0)
        return "go", {}
    def step(self, action):
        return "", 1.0, True, False, {"success": True}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one step."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTRL_CACHE", str(folder / "cache"))
        result = agentrl.train(
            env="guess_number",
            env_args={"highest": 7},
            tiny=TINY,
            cold_start_episodes=8,
            cold_start_epochs=1,
            max_steps=1,
            num_groups=2,
            group_size=2,
            eval_episodes=0,
            max_new_tokens=8,
            max_context=256,
            output_dir=str(folder),
            run_name="one",
        )
    return result.run_dir


@pytest.fixture
def broken(tmp_path: Path) -> str:
    (tmp_path / "broken_env.py").write_text(BROKEN)
    return str(tmp_path / "broken_env.py")


def cli(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words))


def rows(result: Any) -> dict[str, Any]:
    return {row[""]: row for row in result.rows}


def test_the_expert_is_evaluated_like_a_policy() -> None:
    found = rows(run_evaluation("expert", "guess_number", episodes=20))
    assert str(found["all"]["success"]) == "100.0% [83.9%, 100.0%]"
    assert found["1-15"]["episodes"] == 20
    assert sum(row["episodes"] for name, row in found.items() if name.startswith("turns used")) == 20


def test_saying_nothing_solves_nothing() -> None:
    assert run_evaluation("noop", "guess_number", episodes=8).report.overall.success == 0.0


def test_a_run_plays_where_it_was_trained(run: Path) -> None:
    found = rows(run_evaluation(str(run), episodes=6))
    assert found["1-7"]["episodes"] == 6


def test_a_run_may_play_elsewhere(run: Path) -> None:
    found = rows(run_evaluation(str(run), "guess_number", episodes=6, env_args={"highest": 9}))
    assert found["1-9"]["episodes"] == 6


def test_a_checkpoint_is_a_model_folder(run: Path) -> None:
    report = run_evaluation(str(run / "checkpoints" / "step_000001"), "guess_number", episodes=4).report
    assert report.overall.n == 4


def test_an_evaluation_can_be_repeated(run: Path) -> None:
    one, other = (run_evaluation(str(run), episodes=6, seed=5).report.episodes for _ in range(2))
    assert [e.trajectories for e in one] == [e.trajectories for e in other]


def test_several_attempts_are_reported_and_written(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    result = cli("eval", str(run), "--episodes", "3", "--k", "1,2", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "pass@2" in result.output
    assert "pass^2" in result.output
    written = json.loads(out.read_text())
    assert (written["n"], written["env"], written["split"]) == (6, "guess_number", "test")
    assert set(written["pass_at"]) == {"1", "2"}


def test_a_run_without_checkpoint_shows_what_it_began_with(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    shutil.rmtree(copy / "checkpoints")
    result = cli("eval", str(copy), "--episodes", "2")
    assert result.exit_code == 0, result.output
    assert "this is the policy that it started from" in result.stderr


def test_a_damaged_checkpoint_is_skipped_and_said(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "checkpoints" / "step_000001" / "model.safetensors").write_bytes(b"half")
    result = cli("eval", str(copy), "--episodes", "2")
    assert result.exit_code == 0, result.output
    assert "Skipped the checkpoint of step 1: model.safetensors is half-written" in " ".join(result.stderr.split())


def test_a_run_without_any_policy_says_so(run: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text((run / "config.yaml").read_text())
    with pytest.raises(CheckpointError, match="holds no whole checkpoint"):
        run_evaluation(str(tmp_path))


def test_a_model_needs_an_environment(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no run directory, so say in which environment"):
        run_evaluation(str(tmp_path))


def test_an_environment_without_expert_says_so(broken: str) -> None:
    with pytest.raises(UserError, match=r"Broken has no expert\(\), so it cannot be played by one"):
        generate_episodes("expert", f"{broken}:Broken")


def test_a_model_path_that_does_not_exist(tmp_path: Path) -> None:
    result = cli("eval", str(tmp_path / "nothing"), "--env", "guess_number")
    assert result.exit_code == 2
    assert "there is no such folder" in result.stderr


@pytest.mark.parametrize(("share", "told"), [(None, "11 of the last 11"), (1.0, "40 of the last 40")])
def test_an_environment_that_always_fails_gives_no_rate(broken: str, share: float | None, told: str) -> None:
    with pytest.raises(TooManyFailuresError, match=rf"{told} episodes FAILED.*OSError: no network"):
        run_evaluation("noop", f"{broken}:Broken", episodes=40, max_failed_share=share)


def test_more_failures_than_are_borne_give_no_rate(broken: str) -> None:
    with pytest.raises(TooManyFailuresError, match=r"of the last \d+ episodes FAILED .*max_failed_share=0\.01"):
        run_evaluation("noop", f"{broken}:Shaky", episodes=60, max_failed_share=0.01)


def test_generating_stops_where_everything_fails(broken: str, tmp_path: Path) -> None:
    words = ["generate", "--policy", "noop", "--out", str(tmp_path / "data"), "--env"]
    stopped = cli(*words, f"{broken}:Broken", "--episodes", "5000")
    assert stopped.exit_code == 1
    assert "17 of the last 17 episodes FAILED in spite of retries" in stopped.stderr
    assert "OSError: no network" in stopped.stderr
    assert cli(*words, f"{broken}:Broken", "--episodes", "2", "--max-failed-share", "1").exit_code == 1
    borne = cli(*words, f"{broken}:Shaky", "--episodes", "60")
    assert borne.exit_code == 0, borne.output
    assert "failed and are left out" in borne.output


def test_a_late_failure_stops_and_what_was_whole_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "late_env.py").write_text(LATE)
    words = ["generate", "--policy", "noop", "--env", f"{tmp_path}/late_env.py:Late", "--out", str(tmp_path / "data")]
    assert cli(*words, "--episodes", "400").exit_code == 1
    done = json.loads((tmp_path / "data" / "progress.json").read_text())["tasks"]
    assert 0 < done <= 200
    (tmp_path / "mended").touch()
    assert cli(*words, "--episodes", "400", "--resume").exit_code == 0
    numbers = [json.loads(line)["task"] for line in (tmp_path / "data" / "index.jsonl").read_text().splitlines()]
    assert numbers == list(range(400))


def test_as_many_play_at_once_as_there_are_threads(tmp_path: Path) -> None:
    (tmp_path / "together_env.py").write_text(TOGETHER)
    env = f"{tmp_path}/together_env.py:Together"
    assert len(list(generate_episodes("noop", env, episodes=100, env_threads=100))) == 100


def test_failed_episodes_have_a_row_of_their_own(broken: str) -> None:
    found = rows(run_evaluation("noop", f"{broken}:Shaky", episodes=60))
    failed = found["FAILED, left out"]["episodes"]
    assert failed > 0
    assert found["all"]["episodes"] == 60 - failed


def test_answers_that_were_cut_and_conversations_that_did_not_fit_are_counted(run: Path) -> None:
    found = rows(run_evaluation(str(run), episodes=4, max_new_tokens=1))
    assert found["with an answer cut at max_new_tokens"]["episodes"] == 4
    found = rows(run_evaluation(str(run), episodes=4, max_context=9))
    assert found["ended by max_context"]["episodes"] == 4


def test_a_run_brings_its_own_limits_and_takes_others(run: Path) -> None:
    def longest(**limits: int) -> int:
        played = generate_episodes(str(run), "guess_number", episodes=4, temperature=3.0, **limits)
        return max(len(turn.action) for episode in played for turn in episode.trajectories[0].turns)

    assert longest() <= 8 < longest(max_new_tokens=20)


def test_limits_that_cannot_be_are_refused(run: Path) -> None:
    result = cli("eval", str(run), "--max-new-tokens", "300")
    assert result.exit_code == 2
    assert "max_new_tokens: 300 leaves no room for a prompt in max_context=256" in " ".join(result.stderr.split())


def test_a_model_without_chat_template_can_be_given_one(run: Path, tmp_path: Path) -> None:
    model = shutil.copytree(run / "checkpoints" / "step_000001", tmp_path / "model")
    (model / "chat_template.jinja").unlink()
    words = ["eval", str(model), "--env", "guess_number", "--episodes", "2"]
    refused = cli(*words)
    assert refused.exit_code == 2
    assert "For eval and generate: --template chatml" in " ".join(refused.stderr.split())
    assert cli(*words, "--template", "chatml", "--max-context", "1024").exit_code == 0


def test_a_run_takes_another_template_too(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"template=.*nowhere\.jinja: cannot be read"):
        run_evaluation(str(run), episodes=2, template=str(tmp_path / "nowhere.jinja"))


def test_a_run_whose_settings_were_cut_is_not_evaluated_with_the_defaults(run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / "config.yaml").write_text("env: guess_number\n")
    with pytest.raises(ConfigError, match="the settings of this run are not whole"):
        run_evaluation(str(copy), episodes=2)


def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    result = cli("eval", "expert", "--env", "guess_number", "--episodes", "2", "--out", str(tmp_path / "no" / "r.json"))
    assert result.exit_code == 2
    assert "r.json" in result.stderr


def test_episodes_are_generated_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "data.jsonl"
    result = cli("generate", "--env", "guess_number", "--episodes", "70", "--out", str(out), "highest=3")
    assert result.exit_code == 0, result.output
    episodes = list(iter_episodes(out))
    assert len(episodes) == 70
    assert {episode.category for episode in episodes} == {"1-3"}


def test_episodes_come_many_at_a_time_so_that_ctrl_c_keeps_them() -> None:
    made: list[int] = []
    playing = generate_episodes("expert", "guess_number", episodes=1000)
    for episode in playing:
        made.append(episode.seed)
        if len(made) == 3:
            break
    assert len(set(made)) == 3


def test_a_run_generates_too(run: Path) -> None:
    episodes = list(generate_episodes(str(run), "guess_number", episodes=3, split="test"))
    assert [len(e.trajectories[0].turns) > 0 for e in episodes] == [True] * 3
    assert {e.group for e in episodes} == {"test-0", "test-1", "test-2"}


def test_the_base_class_alone_is_no_environment() -> None:
    with pytest.raises(UserError, match="defines no reset and no step"):
        generate_episodes("noop", f"{TextEnv.__module__}:TextEnv")
