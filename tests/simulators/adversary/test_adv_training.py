"""The hook between training and the adversary: options reach every episode of a group, outcomes come back in order."""

import io
import itertools
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import agentrl
from agentrl.config import make_config
from agentrl.envs.registry import resolve
from agentrl.envs.service_desk import ServiceDeskEnv
from agentrl.envs.service_desk.adversarial import make_tasks
from agentrl.envs.service_desk.tasks import read_tasks, sample_task
from agentrl.errors import ConfigError, UserError
from agentrl.rollout.collector import Collector
from agentrl.rollout.scripts import expert_seat, noop_seat
from agentrl.runs.state import read_state
from agentrl.simulators.adversary import Generator
from agentrl.simulators.models import UserTask
from agentrl.training.progress import Display
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


def test_given_tasks_are_played_in_order_where_the_share_is_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "hard.jsonl")
    tasks = make_tasks(path, 4, level="tiny", split="test").tasks
    env = ServiceDeskEnv(task_file=path, adversary={"share": 0.0})
    assert env.curriculum() is None
    played = [env.reset(seed=9, options={"split": "test", "number": number})[1]["task_id"] for number in range(4)]
    assert played == [task.id for task in tasks]
    harder = ServiceDeskEnv(task_file=path, adversary={"share": 1.0, "depth": 3})
    names = [harder.reset(seed=9, options={"split": "test", "number": number})[1]["task_id"] for number in range(4)]
    assert any(name not in played for name in names), "beside given tasks, the adversary makes some of them harder"


def test_tasks_that_serve_for_a_split_that_they_are_not_of_are_told(tmp_path: Path) -> None:
    path = str(tmp_path / "hard.jsonl")
    make_tasks(path, 3, level="tiny", split="test")
    assert (
        "none of the given tasks is on a database of the split 'train'" in ServiceDeskEnv(task_file=path).conditions()
    )
    assert ServiceDeskEnv().conditions() == ""
    mixed = [sample_task("shop", "tiny", 1, split) for split in ("train", "test")]
    assert ServiceDeskEnv(tasks=mixed).conditions() == ""


def test_a_task_file_switches_a_runs_adversary_off_and_says_so() -> None:
    from agentrl.evaluation.players import inherited

    config = make_config(env="service_desk", env_args={"level": "tiny", "adversary": {"share": 0.5}})
    shown = io.StringIO()
    display = Display(Console(file=shown))
    assert inherited(config, {"task_file": "x.jsonl"}, display) == {"level": "tiny"}
    assert shown.getvalue() == "the run's adversary is left out, since task_file is given\n"
    for given in ({}, {"task_file": None}, {"task_file": "x.jsonl", "adversary": {"share": 1.0}}):
        assert inherited(config, given, display) == config.env_args


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
    assert '"adversary/given_up"' in (whole.run_dir / "metrics.jsonl").read_text()


def test_draws_that_come_to_nothing_are_passed_over_and_the_rest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, done = Generator.adversarial, []
    calls = itertools.count()

    def sometimes(self: Generator, rng: random.Random, may_refuse: bool) -> UserTask:
        if next(calls) % 3:
            raise UserError("nothing to be done")
        return draw(self, rng, may_refuse)

    monkeypatch.setattr(Generator, "adversarial", sometimes)
    path = tmp_path / "hard.jsonl"
    made = make_tasks(path, 20, level="tiny", on_task=lambda number, total: done.append((number, total)))
    assert made.missing == "nothing to be done"
    assert done == [(number, 20) for number in range(1, 18)]
    assert read_tasks(path) == list(made.tasks)
    with pytest.raises(UserError, match="exists already"):
        make_tasks(path, 20, level="tiny")
