"""A Gymnasium environment is a game with one seat called "agent"."""

from collections.abc import Mapping
from typing import Any

from agentrl.rollout.adapter import Adapter, end_of, guard, outcome_of, require_text, text_of
from agentrl.rollout.game import Outcome

SINGLE_AGENT = "agent"


class GymnasiumGame(Adapter):
    """A `gymnasium.Env` on text."""

    def __init__(self, env: Any, name: str) -> None:
        require_text(name, env.observation_space, env.action_space)
        super().__init__(env, name, [SINGLE_AGENT])

    def reset(self, seed: int, split: str, options: Mapping[str, Any]) -> None:
        """Begin an episode, with further options for the environment's `reset`."""
        with guard(self._name, "reset"):
            observation, info = self._env.reset(seed=seed, options={**options, "split": split})
            self.info = dict(info)
            self.waiting = {SINGLE_AGENT: text_of(observation)}

    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]:
        """Play the action of the one seat."""
        with guard(self._name, "step"):
            observation, reward, terminated, truncated, info = self._env.step(actions[SINGLE_AGENT])
            end = end_of(terminated, truncated)
            self.info = {**self.info, **info}
            text = text_of(observation)
            self.waiting = {} if end else {SINGLE_AGENT: text}
            return {SINGLE_AGENT: outcome_of(reward, info, end, text)}

    def system_prompt(self, agent: str) -> str:
        """The environment's `system_prompt`, or ""."""
        return str(getattr(self._env.unwrapped, "system_prompt", ""))

    def expert(self, agent: str) -> str:
        """What the environment's scripted expert does now."""
        with guard(self._name, "expert"):
            return str(self._env.unwrapped.expert())
