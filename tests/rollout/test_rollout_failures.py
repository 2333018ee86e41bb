"""Environments that raise, hang or return nonsense: FAILED, played again, left out, and never a reward of 0."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from rollout_envs import Echo, Flaky, Wrong

from agentrl.errors import EnvironmentDefinitionError, SandboxError
from agentrl.evaluation.evaluate import report_on
from agentrl.rollout.play import Job
from agentrl.rollout.scripts import expert_seat

JOB = Job("g", 7, 3)


@pytest.mark.parametrize("where", ["reset", "step"])
def test_a_failure_names_environment_exception_and_line(collector: Any, where: str) -> None:
    (episode,) = collector(Flaky, box=[], where=where).collect([JOB], expert_seat)
    assert episode.failed
    assert episode.failure.startswith(f"Flaky.{where} raised RuntimeError: the dog ate it (")
    assert "rollout_envs.py, line " in episode.failure


def test_a_failed_episode_is_played_again_in_a_fresh_environment(collector: Any) -> None:
    box: list[str] = []
    (episode,) = collector(Flaky, box=box, times=1).collect([JOB], expert_seat)
    assert not episode.failed
    assert episode.reward == 2.0
    assert box == ["made", "raised", "closed", "made"]


def test_retries_end(collector: Any) -> None:
    box: list[str] = []
    (episode,) = collector(Flaky, {"max_retries": 2}, box=box).collect([JOB], expert_seat)
    assert episode.failed
    assert box.count("raised") == 3


def test_failed_episodes_are_in_no_statistics(collector: Any) -> None:
    episodes = collector(Flaky, {"max_retries": 0, "concurrency": 1}, box=[], times=1).collect(
        [Job("g", i, i) for i in range(4)], expert_seat
    )
    report = report_on(episodes)
    assert (report.failed, report.overall.n, report.overall.success, report.reward) == (1, 3, 1.0, 2.0)


def test_a_policy_s_seat_is_given_back_when_the_environment_fails(collector: Any, seats: Any) -> None:
    make_seat = seats(slots=1)
    jobs = [Job("g", i, i) for i in range(3)]
    episodes = collector(Flaky, {"max_retries": 0, "concurrency": 1}, box=[], times=2).collect(jobs, make_seat)
    assert [episode.failed for episode in episodes] == [True, True, False]


def test_an_environment_that_leaves_the_program_fails_only_itself(collector: Any) -> None:
    (episode,) = collector(Flaky, box=[], error=SystemExit).collect([JOB], expert_seat)
    assert "Flaky.step raised SystemExit: the dog ate it" in episode.failure


def test_a_sandbox_s_own_message_is_kept(collector: Any) -> None:
    (episode,) = collector(Flaky, box=[], error=SandboxError).collect([JOB], expert_seat)
    assert episode.failure == "the dog ate it"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (("x", 1.0, True, False), "Wrong.step raised ValueError: not enough values to unpack"),
        ((3, 1.0, True, False, {}), "Wrong.step: an observation is int, not text"),
        (("x", float("nan"), True, False, {}), "Wrong.step: a reward is nan"),
        (("x", "much", True, False, {}), "Wrong.step raised ValueError: could not convert string to float"),
        (("x", 1.0, True, False, {"rewards": {"a": None}}), "Wrong.step raised TypeError"),
        (("x", 1.0, True, False, None), "Wrong.step raised TypeError"),
    ],
)
def test_nonsense_from_step_is_a_failure(collector: Any, result: Any, message: str) -> None:
    (episode,) = collector(Wrong, result=result).collect([JOB], expert_seat)
    assert episode.failure.startswith(message)


def test_an_error_of_the_user_is_raised_as_it_is(collector: Any) -> None:
    made = []

    def make() -> Echo:
        made.append(1)
        if len(made) > 2:
            raise RuntimeError("no more")
        return Echo()

    playing = collector(make)
    with pytest.raises(EnvironmentDefinitionError, match="no more"):
        playing.collect([Job("g", i, i) for i in range(20)], expert_seat)


HANGS = """
import threading
from agentrl.envs import TextEnv
from agentrl.envs.registry import resolve
from agentrl.rollout.collector import Collector
from agentrl.rollout.play import Job
from agentrl.rollout.scripts import noop_seat

class Hangs(TextEnv):
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.seed = seed
        return "?", {}
    def step(self, action):
        if self.seed == 0:
            threading.Event().wait()
        return "", 1.0, True, False, {}

playing = Collector(resolve(Hangs), {}, threads=2, timeout=0.3)
for episode in playing.collect([Job("g", i, 0) for i in range(12)], noop_seat):
    print(episode.seed, episode.failure or episode.reward)
playing.close()
"""


def test_a_hanging_environment_fails_after_its_time_and_the_process_still_ends(tmp_path: Path) -> None:
    script = tmp_path / "hangs.py"
    script.write_text(textwrap.dedent(HANGS))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == "0 Hangs: a call of the environment took longer than 0.3 s"
    assert lines[1:] == [f"{i} 1.0" for i in range(1, 12)]
    assert done.stderr == ""
