"""A tiny policy, and collectors for the environments of the tests."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from agentrl.config.schema import TinyModelConfig
from agentrl.engines.embedded import EmbeddedEngine
from agentrl.envs.registry import resolve
from agentrl.policies.language import LanguagePolicy
from agentrl.policies.loading import new_tiny_policy
from agentrl.rollout.collector import Collector
from agentrl.rollout.play import MakeSeat
from agentrl.rollout.scripts import policy_seats

sys.path.insert(0, str(Path(__file__).parent))

SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 300,
}

Open = Callable[..., Collector]
Seats = Callable[..., MakeSeat]


@pytest.fixture(scope="session")
def policy() -> LanguagePolicy:
    torch.set_num_threads(1)
    return new_tiny_policy(TinyModelConfig(**SHAPE), ["Echo.", "a b c d", "bid", "0 moves"], 0, value_head=False)


@pytest.fixture
def seats(policy: LanguagePolicy) -> Seats:
    def make(slots: int = 16, max_context: int = 256, max_new_tokens: int = 6) -> MakeSeat:
        engine = EmbeddedEngine(policy, slots=slots, max_context=max_context)
        return policy_seats(engine, policy.chat, max_new_tokens=max_new_tokens)

    return make


@pytest.fixture
def collector() -> Iterator[Open]:
    opened: list[Collector] = []

    def make(cls: Any, settings: dict[str, Any] | None = None, **env_args: Any) -> Collector:
        opened.append(Collector(resolve(cls), env_args, **(settings or {})))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
