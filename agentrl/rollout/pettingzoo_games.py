"""PettingZoo's parallel environments let several seats act at once, its AEC environments one after the other."""

from collections.abc import Mapping
from typing import Any

from agentrl.rollout.adapter import Adapter, end_of, guard, outcome_of, require_text, text_of
from agentrl.rollout.game import Outcome

_SHARED = ("task_id", "category", "success", "labels", "tools", "prompt_without_tools")
"""What any seat's info says about the whole episode."""


class _PettingZooGame(Adapter):
    def __init__(self, env: Any, name: str) -> None:
        agents = list(env.possible_agents)
        for agent in agents:
            require_text(name, env.observation_space(agent), env.action_space(agent))
        super().__init__(env, name, agents)

    def system_prompt(self, agent: str) -> str:
        """`system_prompts[agent]` or `system_prompt` of the environment, or ""."""
        prompts = getattr(self._env.unwrapped, "system_prompts", {})
        return str(prompts.get(agent, getattr(self._env.unwrapped, "system_prompt", "")))

    def expert(self, agent: str) -> str:
        """What the environment's scripted expert does now in this seat."""
        with guard(self._name, "expert"):
            return str(self._env.unwrapped.expert(agent))

    def _absorb(self, infos: Mapping[str, Any]) -> None:
        for agent, info in infos.items():
            self.info |= {key: value for key, value in info.items() if key in _SHARED}
            self.info.setdefault("seats", {}).setdefault(agent, {}).update(_plain(info))

    def _observe_state(self) -> None:
        try:
            self.state = self._env.state()
        except (NotImplementedError, AttributeError):
            self.state = None


class ParallelGame(_PettingZooGame):
    """A `pettingzoo.ParallelEnv` on text: all living seats act at once."""

    def reset(self, seed: int, split: str, options: Mapping[str, Any]) -> None:
        """Begin an episode, with further options for the environment's `reset`."""
        self.info = {}
        with guard(self._name, "reset"):
            observations, infos = self._env.reset(seed=seed, options={**options, "split": split})
            self._absorb(infos)
            self._observe_state()
            self.waiting = {agent: text_of(observations[agent]) for agent in self._env.agents}

    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]:
        """Play the actions of all waiting seats."""
        with guard(self._name, "step"):
            wrapped = {agent: _wrap_action(self._env.action_space(agent), text) for agent, text in actions.items()}
            observations, rewards, terminations, truncations, infos = self._env.step(wrapped)
            self._absorb(infos)
            self._observe_state()
            texts = {agent: text_of(observation) for agent, observation in observations.items()}
            self.waiting = {agent: texts[agent] for agent in self._env.agents}
            return {
                agent: outcome_of(
                    rewards[agent],
                    infos.get(agent, {}),
                    end_of(terminations[agent], truncations[agent]),
                    texts.get(agent, ""),
                )
                for agent in actions
            }


class AecGame(_PettingZooGame):
    """A `pettingzoo.AECEnv` on text: seats act one after the other; any step may reward any seat."""

    def reset(self, seed: int, split: str, options: Mapping[str, Any]) -> None:
        """Begin an episode, with further options for the environment's `reset`."""
        self.info = {}
        with guard(self._name, "reset"):
            self._env.reset(seed=seed, options={**options, "split": split})
            self._advance()

    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]:
        """Play the action of the selected seat."""
        with guard(self._name, "step"):
            agent = self._env.agent_selection
            self._env.step(_wrap_action(self._env.action_space(agent), actions[agent]))
            outcomes = {name: self._outcome(name) for name in self._env.agents}
            self._advance()
            return outcomes

    def _outcome(self, agent: str) -> Outcome:
        end = end_of(self._env.terminations[agent], self._env.truncations[agent])
        text = text_of(self._env.observe(agent)) if end else ""
        return outcome_of(self._env.rewards[agent], self._env.infos[agent], end, text)

    def _advance(self) -> None:
        """Step dead seats away until a living one is selected, or none is left."""
        env = self._env
        self._absorb(env.infos)
        self._observe_state()
        while env.agents and (env.terminations[env.agent_selection] or env.truncations[env.agent_selection]):
            env.step(None)
        self.waiting = {}
        if env.agents:
            agent = env.agent_selection
            self.waiting = {agent: text_of(env.observe(agent))}


def _wrap_action(space: Any, text: str) -> Any:
    from gymnasium.spaces import Dict

    return {"text": text} if isinstance(space, Dict) else text


def _plain(info: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in info.items() if isinstance(value, str | int | float | bool)}
