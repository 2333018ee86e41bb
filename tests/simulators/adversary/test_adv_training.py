"""The hook between training and the adversary: options reach every episode of a group, outcomes come back in order."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import agentrl
from agentrl.config import make_config
from agentrl.envs.registry import resolve
from agentrl.envs.service_desk import ServiceDeskEnv
from agentrl.errors import ConfigError
from agentrl.rollout.collector import Collector
from agentrl.rollout.scripts import expert_seat, noop_seat
from agentrl.runs.state import read_state
from agentrl.training.rollouts import collect_step

ADVERSARY = {"share": 0.6, "operators": ["drip", "hold", "indecisive", "impatient", "forbidden"]}


class Recorder:
    """A curriculum that gives every group its own task, and remembers what it was told."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.drawn: list[Any] = []
        self.told: list[tuple[str, list[bool]]] = []

    def draw(self, seed: int) -> Mapping[str, Any]:
        options: Mapping[str, Any] = self.inner.draw(seed)
        self.drawn.append(options["task"])
        return options

    def report(self, options: Mapping[str, Any], successes: Sequence[bool]) -> None:
        self.told.append((options["task"].id, list(successes)))
        self.inner.report(options, successes)


def opened(**env_args: Any) -> Collector:
    """Environments of the tiny level."""
    return Collector(resolve("service_desk"), {"level": "tiny", **env_args})


@pytest.mark.parametrize(("seat", "success"), [(expert_seat, True), (noop_seat, False)])
def test_a_step_plays_the_drawn_tasks_and_reports_their_outcomes(seat: Any, success: bool) -> None:
    collector = opened(adversary=ADVERSARY)
    recorder = Recorder(collector.curriculum)
    collector.curriculum = recorder  # type: ignore[assignment]
    config = make_config(env="service_desk", num_groups=6, group_size=4)
    rollouts = collect_step(collector, seat, config, 0, 1.0, dynamic=False)
    collector.close()
    assert [one.task_id for one in rollouts.episodes[::4]] == [task.id for task in recorder.drawn]
    assert any(task.ops for task in recorder.drawn)
    assert recorder.told == [(task.id, [success] * 4) for task in recorder.drawn]


def test_without_settings_there_is_no_curriculum() -> None:
    collector = opened()
    assert collector.curriculum is None
    collector.close()


def test_wrong_settings_are_told_before_anything_is_played() -> None:
    with pytest.raises(ConfigError, match=r"env_args\.adversary\.shar: there is no such setting.*share"):
        ServiceDeskEnv(adversary={"shar": 0.3})


@pytest.mark.slow
def test_a_resumed_run_goes_on_with_the_same_tasks(tmp_path: Path) -> None:
    from agentrl.training.api import resume_training

    settings: dict[str, Any] = {
        "env_args": {"level": "tiny", "adversary": ADVERSARY},
        "cold_start_episodes": 64,
        "num_groups": 4,
        "group_size": 4,
        "eval_steps": 0,
        "eval_episodes": 0,
        "save_steps": 2,
        "output_dir": str(tmp_path),
    }
    whole = agentrl.train("service_desk", max_steps=4, run_name="whole", **settings)
    agentrl.train("service_desk", max_steps=2, run_name="half", **settings)
    resumed = resume_training(tmp_path / "half", ["max_steps=4"])
    states = []
    for run in (whole, resumed):
        newest = sorted(run.run_dir.glob("checkpoints/*"))[-1]
        states.append(read_state(newest / "trainer_state.pt")["curriculum"])
    assert states[0] == states[1]
    assert states[0]["drawn"]["all"] > 0
