"""One's own environment, from nothing but a file: with an expert, with a model, with neither, and from Python."""

import json
from pathlib import Path
from typing import Any

import pytest
from plugin_settings import SMALL

import agentrl
from agentrl.config.schema import TinyModelConfig
from agentrl.envs import TextEnv
from agentrl.errors import ConfigError
from agentrl.policies.loading import new_tiny_policy


class Double(TextEnv):
    """Say the letter twice."""

    def __init__(self, letters: str = "ab") -> None:
        super().__init__()
        self.letters = letters

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.letter = self.letters[self.np_random.integers(len(self.letters))]
        return self.letter, {"task_id": self.letter}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        success = action == self.expert()
        return "", float(success), True, False, {"success": success}

    def expert(self) -> str:
        return self.letter * 2


def log(run: str = "r") -> str:
    return Path("runs", run, "run.log").read_text()


def saved_policy(folder: Path, template: bool = True) -> str:
    policy = new_tiny_policy(TinyModelConfig(**SMALL["tiny"]), ["0 1 2 3"], 0, value_head=False)
    if not template:
        policy.tokenizer.chat_template = None
    policy.save(folder)
    return str(folder)


def test_a_class_in_a_file_trains_from_its_expert(train: Any) -> None:
    result = train("--env", "./games.py:Taught")
    assert result.exit_code == 0, result.output
    assert "cold start on 8 successful expert episodes" in log()
    assert "Held-out success" in result.output
    assert Path("runs/r/report.html").is_file()


def test_without_expert_and_model_it_starts_from_nothing_and_says_what_would_help(train: Any) -> None:
    result = train("--env", "./games.py:Count")
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "no expert and no model: the tiny policy starts from nothing and finds rewards by chance only" in said
    assert "`expert(self) -> str` method on the environment, or model_name_or_path=" in said


def test_without_expert_it_starts_from_the_model_given(train: Any, games: Path) -> None:
    result = train("--env", "./games.py:Count", "--model", saved_policy(games / "model"))
    assert result.exit_code == 0, result.output
    assert "starting from the given model as it is" in log()
    first = json.loads((games / "model" / "config.json").read_text())
    assert json.loads(Path("runs/r/initial/step_000000/config.json").read_text())["vocab_size"] == first["vocab_size"]
    assert (games / "model/tokenizer.json").read_text() == Path("runs/r/initial/step_000000/tokenizer.json").read_text()


def test_from_python_with_a_class(games: Path) -> None:
    result = agentrl.train(env=Double, algo="grpo", env_args={"letters": "xyz"}, **SMALL)
    assert result.step == 1
    assert not result.interrupted
    assert "reward/mean" in result.metrics[0]
    assert result.summary["after"]["n"] == 4
    assert result.policy.chat.text(result.policy.chat.action("xx")) == "xx"


def test_from_python_with_a_function(games: Path) -> None:
    def make() -> Double:
        return Double("q")

    assert agentrl.train(env=make, algo="ppo", **SMALL).step == 1


def test_from_python_a_misspelt_setting_is_named(games: Path) -> None:
    with pytest.raises(ConfigError, match=r"max_stepss.*max_steps"):
        agentrl.train(env=Double, max_stepss=1)


def test_a_few_failing_episodes_do_not_stop_a_run_and_it_says_so(train: Any) -> None:
    result = train("--env", "./games.py:Shaky", num_groups=8, group_size=8, max_steps=2, max_retries=0)
    assert result.exit_code == 0, result.output
    assert "FAILED" in log()
    metrics = [json.loads(line) for line in Path("runs/r/metrics.jsonl").read_text().splitlines()]
    assert any(value > 0 for step in metrics for name, value in step.items() if "fail" in name)


def test_an_environment_that_always_fails_stops_the_run(train: Any) -> None:
    result = train("--env", "./games.py:Broken", eval_episodes=0)
    assert result.exit_code == 1
    said = " ".join(result.stderr.split())
    assert "4 of 4 episodes of this step FAILED in spite of retries, more than max_failed_share=0.25" in said
    assert "Broken.step raised ConnectionError: the server is gone" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--env", "guess_numbr"], "'guess_numbr' is no known environment. Did you mean 'guess_number'?"),
        (["--env", "./games.py:Cuont"], "there is no 'Cuont' in ./games.py"),
        (["--env", "./games.py:NoEnvironment"], "the class is no environment. Derive it from agentrl.envs.TextEnv"),
        (["--env", "./games.py:Taught", "groupsize=3"], "groupsize"),
        (["--env", "./games.py:Taught", "temperature=-1"], "temperature"),
        (["--env", "./games.py:Taught", "algo=grppo"], "grpo"),
        (["--env", "./games.py:Taught", "env_args.x=1"], "env_args.x: there is no such argument"),
        (["--env", "./games.py:Taught", "--model", "./nowhere"], "there is no such folder"),
    ],
)
def test_wrong_input_is_explained(train: Any, words: list[str], message: str) -> None:
    result = train(*words)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output + result.stderr


def test_a_wrong_model_is_told_before_the_expert_plays(train: Any) -> None:
    result = train("--env", "./games.py:Taught", "--model", "./nowhere", cold_start_episodes=10**9)
    assert result.exit_code == 2
    assert "there is no such folder" in " ".join(result.stderr.split())


def test_a_tokenizer_without_chat_template_is_explained_and_can_be_given_one(train: Any, games: Path) -> None:
    model = saved_policy(games / "model", template=False)
    result = train("--env", "./games.py:Count", "--model", model)
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert f"model_name_or_path={model}: the tokenizer has no chat template" in said
    assert "template=chatml" in said
    mended = train("--env", "./games.py:Count", "--model", model, template="chatml", run_name="mended")
    assert mended.exit_code == 0, mended.output
