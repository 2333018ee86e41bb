"""How `code_sandbox` is told where its programs run, and how the run says where they do."""

from pathlib import Path
from typing import Any

import pytest
from tiny_settings import TINY

import agentrl
from agentrl.envs.code_sandbox import CodeSandboxEnv
from agentrl.errors import ConfigError
from agentrl.sandbox import shared_sandbox


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"backend": "podman"}, "unknown sandbox backend 'podman'; there are: embedded, docker, wasm"),
        ({"isolation": "vm"}, "unknown isolation 'vm'; there are: auto, namespaces, lockdown, container, none"),
        ({"backend": "docker", "isolation": "none"}, "isolation='none' is for the embedded backend"),
        ({"image": "python"}, "image='python' is for backend='docker'"),
    ],
)
def test_wrong_words_are_told_before_anything_is_opened(words: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CodeSandboxEnv(**words)
    assert complaint in str(caught.value)


def test_environments_with_the_same_words_share_a_sandbox_and_programs_run_in_its_tier() -> None:
    env = CodeSandboxEnv(isolation="lockdown", expert_mistake_rate=0)
    assert env.conditions().endswith("isolation: lockdown")
    assert shared_sandbox(isolation="lockdown") is shared_sandbox(isolation="lockdown") is not shared_sandbox()
    env.reset(seed=0)
    assert env.step(env.expert())[4]["success"]


def test_a_run_s_log_says_how_programs_are_isolated(tmp_path: Path) -> None:
    result = agentrl.train(
        env="code_sandbox",
        output_dir=str(tmp_path),
        cold_start_episodes=8,
        cold_start_epochs=1,
        cold_start_cache=False,
        tiny=TINY,
        max_steps=1,
        num_groups=1,
        group_size=2,
        num_minibatches=1,
        max_new_tokens=8,
        eval_episodes=0,
    )
    assert f"isolation: {shared_sandbox().tier}" in (result.run_dir / "run.log").read_text()
