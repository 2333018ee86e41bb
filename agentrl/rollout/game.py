"""An environment in play, whatever its kind: who must act now, and what an action led to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentrl.envs.base import Curriculum
from agentrl.episode import End


@dataclass(slots=True)
class Outcome:
    """What one step gave one seat: its reward with the named parts, and how its part ended, if it did."""

    reward: float
    info: Mapping[str, Any] = field(default_factory=dict)
    end: End | None = None
    final_observation: str = ""
    rewards: Mapping[str, float] = field(default_factory=dict)


class Game(Protocol):
    """An environment in play. `waiting` maps the seats that must act now to what they observe.

    Only `trainable_seats` learn. The environment's expert plays the others, or the policy where there is none.
    """

    waiting: dict[str, str]
    agents: list[str]
    trainable_seats: frozenset[str]
    info: dict[str, Any]
    state: Any
    has_expert: bool
    tiny_cold_start_args: dict[str, Any]
    cold_start_args: dict[str, Any]

    def reset(self, seed: int, split: str, options: Mapping[str, Any]) -> None: ...
    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]: ...
    def system_prompt(self, agent: str) -> str: ...
    def conditions(self) -> str: ...
    def curriculum(self) -> Curriculum | None: ...
    def expert(self, agent: str) -> str: ...
    def close(self) -> None: ...
