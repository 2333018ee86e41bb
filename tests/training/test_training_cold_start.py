"""The cold start: where the expert plays, what is imitated, and what the cache depends on."""

from pathlib import Path
from typing import Any

import pytest

from agentrl.config import make_config
from agentrl.config.schema import TrainConfig
from agentrl.training import cold_start
from agentrl.training.progress import Display
from agentrl.training.setup import initial_policy, open_collector

TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 64,
    "vocab_size": 300,
}


def config(**settings: Any) -> TrainConfig:
    base = {"env": "guess_number", "tiny": TINY, "cold_start_episodes": 6, "cold_start_epochs": 1}
    return make_config(**(base | settings))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))
    return tmp_path


def test_the_expert_plays_with_the_arguments_of_the_cold_start() -> None:
    settings = config(cold_start_env_args={"highest": 2}, env_args={"max_turns": 4})
    collector = open_collector(settings, cold_start=True)
    episodes = cold_start.expert_episodes(collector, settings, 6, lambda *_: None)
    collector.close()
    assert {episode.category for episode in episodes} == {"1-2"}
    collector = open_collector(settings)
    assert "1-15" in {e.category for e in cold_start.expert_episodes(collector, settings, 6, lambda *_: None)}
    collector.close()


def test_the_second_cold_start_comes_from_the_cache_and_is_the_same_policy() -> None:
    settings = config()
    collector = open_collector(settings)
    first, second = (initial_policy(settings, collector, Display()) for _ in range(2))
    collector.close()
    assert "from the cache" in second.story
    assert "from the cache" not in first.story
    for left, right in zip(first.policy.parameters(), second.policy.parameters(), strict=True):
        assert left.equal(right)


def test_the_cache_key_depends_on_the_episodes_and_on_the_recipe() -> None:
    settings = config()
    collector = open_collector(settings)
    episodes = cold_start.expert_episodes(collector, settings, 6, lambda *_: None)
    collector.close()
    key = cold_start.cache_key(settings, episodes)
    assert key == cold_start.cache_key(settings, episodes)
    assert key != cold_start.cache_key(settings, episodes[:-1])
    assert key != cold_start.cache_key(config(cold_start_epochs=2), episodes)
    assert key == cold_start.cache_key(config(learning_rate=0.5), episodes)
