"""What a run says about episodes that FAILED, in the cold start, in evaluations and in its steps."""

from pathlib import Path
from typing import Any

import pytest
from tiny_settings import TINY

import agentrl
from agentrl.envs import TextEnv
from agentrl.episode import End, Episode, Trajectory
from agentrl.errors import ConfigError, TooManyFailuresError, UserError
from agentrl.training.failures import MOST_REASONS, check_failures, failures, reasons, tell_failures
from agentrl.training.seeds import TEST_OFFSET

SETTINGS: dict[str, Any] = {
    "tiny": TINY,
    "cold_start_episodes": 10,
    "cold_start_epochs": 1,
    "cold_start_cache": False,
    "num_groups": 4,
    "group_size": 4,
    "max_steps": 1,
    "max_retries": 0,
    "eval_episodes": 8,
    "max_new_tokens": 8,
    "max_context": 256,
    "run_name": "r",
}


class Fragile(TextEnv):
    """Say what is shown. It breaks where and when its arguments say, in one task of `every`."""

    def __init__(self, breaks: str = "", every: int = 1, split: str = "both", longest: int = 0) -> None:
        super().__init__()
        self.breaks, self.every, self.split, self.longest = breaks, every, split, longest

    def _perhaps(self, where: str) -> None:
        split = "test" if self.task >= TEST_OFFSET else "train"
        if where == self.breaks and self.split in ("both", split) and self.task % self.every == 0:
            raise FileNotFoundError("the data is gone")

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.task = seed or 0
        self._perhaps("reset")
        return " ".join(map(str, range(self.longest))), {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        if action != "on":
            self._perhaps("step")
        return "", float(len(action) % 2), True, False, {"success": self.breaks != "success"}

    def expert(self) -> str:
        self._perhaps("expert")
        return "on"


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run in `Fragile` with these arguments and settings."""
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "cache"))

    def run(env_args: dict[str, Any], **settings: Any) -> Any:
        return agentrl.train(env=Fragile, env_args=env_args, **{**SETTINGS, **settings}, output_dir=str(tmp_path))

    return run


def log(tmp_path: Path) -> str:
    return (tmp_path / "r" / "run.log").read_text()


def failed(reason: str) -> Episode:
    return Episode("e", "t", 0, "g", (Trajectory("agent", (), End.FAILED, reason),))


@pytest.mark.parametrize("where", ["expert", "reset"])
def test_an_expert_or_a_reset_that_raises_is_quoted_when_the_cold_start_stops(
    train: Any, tmp_path: Path, where: str
) -> None:
    said = (
        rf"10 of 10 expert episodes of the cold start FAILED .* max_failed_share=0\.25\. The first: .*\.{where} raised "
        r"FileNotFoundError: the data is gone .*Mend the expert"
    )
    with pytest.raises(TooManyFailuresError, match=said):
        train({"breaks": where})
    assert not (tmp_path / "r").exists(), "the corrected command may come"


def test_an_expert_that_solves_nothing_is_not_said_to_have_failed(train: Any) -> None:
    with pytest.raises(UserError, match=r"solved none of 10 training tasks.*cold_start_episodes=0\.$"):
        train({"breaks": "success"})


def test_a_cold_start_in_which_some_episodes_failed_says_so(train: Any, tmp_path: Path) -> None:
    train({"breaks": "expert", "every": 3, "split": "train"}, max_failed_share=0.9, max_steps=0)
    assert "successful expert episodes; " in log(tmp_path)
    assert "of 10 episodes FAILED and are left out; the first: " in log(tmp_path)
    assert "the data is gone" in log(tmp_path)


def test_failed_held_out_episodes_are_told_with_a_reason_and_in_the_table(
    train: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    from agentrl.training.summary import print_summary

    result = train({"breaks": "reset", "every": 3, "split": "test"}, max_failed_share=0.9)
    count = result.summary["before"]["failed"]
    assert 0 < count < 8
    assert result.summary["before"]["n"] == 8 - count
    told = f"; {count} of 8 episodes FAILED and are left out; the first: "
    assert "held-out success before training: " in log(tmp_path)
    assert log(tmp_path).count(told) == 2
    assert "evaluation at step 0: " in log(tmp_path)
    print_summary(result, Console(width=200))
    shown = capsys.readouterr().out
    assert "FAILED, left out" in shown
    assert "the data is gone" in shown
    assert f"{count} FAILED, left out" in (result.run_dir / "report.html").read_text()


def test_an_evaluation_in_which_too_many_episodes_failed_stops_the_run(train: Any, tmp_path: Path) -> None:
    with pytest.raises(TooManyFailuresError, match=r"8 of 8 held-out episodes FAILED .* the data is gone"):
        train({"breaks": "reset", "split": "test"})
    assert "stopped: 8 of 8 held-out episodes FAILED" in log(tmp_path)


def test_an_evaluation_between_steps_counts_its_failures(train: Any) -> None:
    settings = {"max_failed_share": 0.9, "eval_steps": 1, "eval_episodes": 8}
    result = train({"breaks": "reset", "every": 3, "split": "test"}, **settings)
    assert result.metrics[0]["eval/failed_share"] == result.summary["before"]["failed"] / 8


def test_the_reasons_of_failed_episodes_are_in_run_log_as_the_health_message_says(train: Any, tmp_path: Path) -> None:
    result = train({"breaks": "step", "every": 3, "split": "train"}, max_failed_share=0.9, num_groups=8)
    count = round(result.metrics[0]["episode/failed_share"] * 32)
    assert count > 0
    assert "The reasons are in run.log" in log(tmp_path)
    line = next(line for line in log(tmp_path).splitlines() if "step 1: " in line)
    assert f"step 1: {count} FAILED: " in line
    assert "step raised FileNotFoundError: the data is gone" in line


def test_different_reasons_are_counted_and_bounded() -> None:
    told = reasons(["a", "b", "a", *"cdefgh"])
    assert told[0] == "2 FAILED: a"
    assert told[-1] == "3 FAILED for 3 other reasons"
    assert len(told) == MOST_REASONS + 1
    assert reasons([]) == []


def test_a_reason_is_one_line_of_bounded_length() -> None:
    assert failures([failed("one\ntwo " + "x" * 9000)])[0].startswith("one two xxx")
    assert len(failures([failed("x" * 9000)])[0]) == 500


def test_no_failures_are_no_words() -> None:
    assert tell_failures([]) == ""
    check_failures([], 0.0, "episodes")


def test_a_prompt_that_leaves_no_room_is_named_with_its_length_and_the_limit(train: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no episode of step 1 has an action.* has \d+ tokens .*max_context=64"):
        train({"longest": 100}, cold_start_episodes=0, max_context=64)
    assert "8 of 8 episodes did not fit max_context" in log(tmp_path)


def test_episodes_without_room_are_counted_and_the_others_trained(tmp_path: Path) -> None:
    class Growing(Fragile):
        def reset(self, **given: Any) -> tuple[str, dict[str, Any]]:
            text, info = super().reset(**given)
            return text + str(list(range(500 * (self.task % 2)))), info

    result = agentrl.train(
        env=Growing, **{**SETTINGS, "cold_start_episodes": 0, "eval_episodes": 0}, output_dir=str(tmp_path)
    )
    assert 0 < result.metrics[0]["episode/no_room_share"] < 1
    assert result.metrics[0]["policy/grad_norm"] >= 0


def test_an_expert_that_is_left_out_is_not_said_to_be_missing(train: Any, tmp_path: Path) -> None:
    train({}, cold_start_episodes=0, max_steps=0, eval_episodes=0)
    assert "no cold start (cold_start_episodes=0) and no model" in log(tmp_path)
    assert "expert(self)" not in log(tmp_path)
