"""Settings and options that are wrong, or that nothing would read, are refused by name."""

import re
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.service_desk import ServiceDeskAEC, ServiceDeskEnv, sample_task
from agentrl.errors import ConfigError

TASK = sample_task("travel", "full", 0)


@pytest.mark.parametrize(
    ("env_args", "expected"),
    [
        ({"user_model": "Qwen"}, "user_model: the scripted user has no language model"),
        ({"user_base_url": "http://localhost:9/v1"}, "user_base_url: the scripted user"),
        ({"user_args": {"temperature": 1}}, "user_args: the scripted user"),
        ({"user_args": "x"}, "user_args is 'x'"),
        ({"max_turns": "abc"}, "max_turns is 'abc'"),
        ({"max_turns": 2.5}, "max_turns is 2.5"),
        ({"max_turns": True}, "max_turns is True"),
        ({"max_turns": 0}, "max_turns is 0"),
        ({"adversary": 0.3}, "adversary is 0.3"),
        ({"tasks": "abc"}, "tasks must be a list"),
        ({"tasks": [TASK.model_dump()]}, "tasks must be a list"),
        ({"task_file": 5}, "task_file is 5"),
        ({"expert_mistake_rate": "x"}, "expert_mistake_rate is 'x'"),
        ({"expert_mistake_rate": float("nan")}, "expert_mistake_rate is nan"),
        ({"imitate_mistakes": "no"}, "imitate_mistakes is 'no'"),
        ({"tasks": [TASK], "level": "full"}, "the given tasks are about travel"),
        ({"tasks": [TASK], "domain": "travel"}, "domain and level mean travel_tiny"),
        ({"tasks": [TASK], "personas": {"locale": {"zh": 1}}}, "personas"),
    ],
)
def test_a_wrong_setting_is_named(env_args: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(expected)):
        ServiceDeskEnv(**env_args)


@pytest.mark.parametrize(
    "options",
    [{"spilt": "test"}, {"number": -1}, {"number": 1.5}, {"user_seed": "a"}, {"task": TASK.model_dump()}],
)
@pytest.mark.parametrize("make", [ServiceDeskEnv, ServiceDeskAEC])
def test_a_wrong_option_is_named(make: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"options.'{next(iter(options))}'"):
        make().reset(seed=0, options=options)


def test_given_tasks_decide_the_policy_that_the_prompt_holds(tmp_path: Path) -> None:
    file = tmp_path / "travel.jsonl"
    file.write_text(TASK.model_dump_json() + "\n")
    prompt = ServiceDeskEnv(domain="travel", level="full").system_prompt
    assert ServiceDeskEnv(task_file=file).system_prompt == prompt
    assert ServiceDeskEnv(task_file=file, domain="travel", level="full").system_prompt == prompt
    assert "travel" in ServiceDeskEnv(task_file=file, domain="both", level="full").system_prompt.lower()


def test_a_cold_start_drops_the_language_model_and_its_settings() -> None:
    model = {"user_model": "m", "user_base_url": "http://localhost:9/v1", "user_args": {"timeout": 1}}
    env = ServiceDeskEnv(**{**model, **ServiceDeskEnv.cold_start_args})
    assert env.conditions() == ""  # nobody is asked: nothing listens at that port
    env.reset(seed=0)
    assert env.session.log[0].turn.acts  # the scripted user, who has dialogue acts
