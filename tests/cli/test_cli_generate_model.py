"""`agentrl generate --policy RUN` for real: best-of-n, rejection sampling and pairs of what a model sampled."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tiny_settings import TINY
from typer.testing import CliRunner

import agentrl
from agentrl.cli.app import app
from agentrl.data import FORMATS, iter_episodes

COIN = """
from agentrl.envs import TextEnv
class Coin(TextEnv):
    "Say a or b: nobody can know which."
    def __init__(self, sides="ab"):
        super().__init__()
        self.sides = sides
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.side = self.sides[self.np_random.integers(len(self.sides))]
        return f"{self.sides}?", {"task_id": str(seed), "category": self.side}
    def step(self, action):
        return "", float(action == self.side), True, False, {"success": action == self.side}
    def expert(self):
        return self.side
"""
SAMPLES, TASKS, SIDES = 4, 24, "aaab"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy that has learned to say either side, so that about half of its answers are right."""
    folder = tmp_path_factory.mktemp("coin")
    (folder / "coin.py").write_text(COIN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTRL_CACHE", str(folder / "cache"))
        agentrl.train(
            env=f"{folder / 'coin.py'}:Coin",
            env_args={"sides": SIDES},
            tiny=TINY,
            cold_start_episodes=64,
            cold_start_epochs=4,
            max_steps=1,
            num_groups=2,
            group_size=2,
            eval_episodes=0,
            max_new_tokens=4,
            max_context=64,
            output_dir=str(folder),
            run_name="run",
        )
    return folder


def generated(run: Path, out: str, *words: str) -> Path:
    where = ["--env", f"{run / 'coin.py'}:Coin", "--policy", str(run / "run"), "--out", str(run / out)]
    result = CliRunner().invoke(app, ["generate", *where, "--episodes", str(TASKS), *words])
    assert result.exit_code == 0, result.output
    return run / out


def records(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((folder / kind).iterdir()) for line in path.read_text().splitlines()]


def test_best_of_n_keeps_one_success_of_a_task_with_the_ids_that_were_sampled(run: Path) -> None:
    folder = generated(run, "best", "--best-of", str(SAMPLES), "--only-success", "--format", "episodes,messages")
    kept = list(iter_episodes(folder / "episodes" / "00000.jsonl"))
    assert len({episode.task_id for episode in kept}) == len(kept) > TASKS / 3
    assert all(episode.success for episode in kept)
    assert all(turn.action and len(turn.logprobs) == len(turn.action) for e in kept for turn in e.trajectories[0].turns)
    counts = json.loads((folder / "card.json").read_text())["counts"]
    assert counts["played"] == SAMPLES * TASKS
    assert counts["kept"] == len(kept) == len(records(folder, "messages"))


def test_rejection_sampling_keeps_the_different_successes(run: Path) -> None:
    folder = generated(run, "some", "--samples", str(SAMPLES), "--only-success", "--format", "messages")
    kept = records(folder, "messages")
    assert max(Counter(one["task_id"] for one in kept).values()) > 1
    assert all(one["messages"][-1]["content"] == one["category"] for one in kept)
    different = generated(run, "different", "--samples", str(SAMPLES), "--only-success", "--dedup", "exact")
    assert len(list(iter_episodes(different / "episodes" / "00000.jsonl"))) <= 2


def test_pairs_are_a_success_and_a_failure_of_one_task(run: Path) -> None:
    folder = generated(run, "pairs", "--samples", str(SAMPLES), "--only-success", "--format", "preference")
    pairs = records(folder, "preference")
    assert len(pairs) > TASKS / 3
    for pair in pairs:
        good, bad = pair["chosen_outcome"], pair["rejected_outcome"]
        assert (good["success"], bad["success"]) == (True, False)
        assert good["task_id"] == bad["task_id"]
        assert pair["prompt"] == [{"role": "user", "content": f"{SIDES}?"}]
        assert pair["chosen"][0]["content"] == good["category"] != pair["rejected"][0]["content"]
        assert FORMATS["preference"].read(pair).success


def test_the_rival_plays_the_run_s_environment(run: Path) -> None:
    words = ["--only-success", "--against", "noop", "--format", "preference,messages"]
    folder = generated(run, "rival", *words)
    successes = records(folder, "messages")
    assert len(records(folder, "preference")) == len(successes) > 2
    settings = json.loads((folder / "card.json").read_text())["settings"]
    assert settings["env_args"] == {"sides": SIDES}
    assert settings["sources"][str(run / "run")].startswith("step_")


def test_tasks_are_balanced_in_the_run_s_environment(run: Path) -> None:
    folder = generated(run, "balanced", "--balance", str(8 * TASKS), "--format", "messages")
    assert json.loads((folder / "card.json").read_text())["cells"] == {"a": TASKS // 2, "b": TASKS // 2}


def test_an_argument_given_now_is_over_the_run_s_own(run: Path) -> None:
    folder = generated(run, "given", "sides=b", "--format", "messages")
    assert json.loads((folder / "card.json").read_text())["cells"] == {"b": TASKS}
