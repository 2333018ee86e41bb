"""One interface to all environments: agents that wait for an action, and what their actions led to.

A Gymnasium environment is a game with one seat called "agent". PettingZoo's parallel environments let several seats
act at once, its AEC environments one after the other. Whatever an environment raises becomes an EnvironmentFailure.
"""

import contextlib
import math
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentrl.envs.base import Curriculum
from agentrl.envs.importing import describe
from agentrl.envs.registry import EnvEntry
from agentrl.episode import End
from agentrl.errors import AgentRLError, EnvironmentDefinitionError, EnvironmentFailure, InfrastructureError

SINGLE_AGENT = "agent"
_SHARED = ("task_id", "category", "success", "labels", "tools")
"""What any seat's info says about the whole episode."""


@dataclass(slots=True)
class Outcome:
    """What one step gave one seat: its reward with the named parts, and how its part ended, if it did."""

    reward: float
    info: Mapping[str, Any] = field(default_factory=dict)
    end: End | None = None
    final_observation: str = ""
    rewards: Mapping[str, float] = field(default_factory=dict)


class Game(Protocol):
    """An environment in play. `waiting` maps the seats that must act now to what they observe."""

    waiting: dict[str, str]
    agents: list[str]
    info: dict[str, Any]
    state: Any
    has_expert: bool
    tiny_cold_start_args: dict[str, Any]

    def reset(self, seed: int, split: str, options: Mapping[str, Any]) -> None: ...
    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]: ...
    def system_prompt(self, agent: str) -> str: ...
    def conditions(self) -> str: ...
    def curriculum(self) -> Curriculum | None: ...
    def expert(self, agent: str) -> str: ...
    def close(self) -> None: ...


def open_game(entry: EnvEntry, env_args: Mapping[str, Any]) -> Game:
    """Make an environment and put its game interface around it.

    Raises EnvironmentDefinitionError when its observations or actions are not text.
    """
    env = entry.make(**env_args)
    if entry.kind == "gymnasium":
        return GymnasiumGame(env, entry.name)
    return AecGame(env, entry.name) if entry.kind == "pettingzoo_aec" else ParallelGame(env, entry.name)


class GymnasiumGame:
    """A `gymnasium.Env` on text."""

    def __init__(self, env: Any, name: str) -> None:
        self._env, self._name = env, name
        _require_text(name, env.observation_space, env.action_space)
        self.agents = [SINGLE_AGENT]
        self.waiting: dict[str, str] = {}
        self.info: dict[str, Any] = {}
        self.state: Any = None
        self.has_expert = callable(getattr(env.unwrapped, "expert", None))
        self.tiny_cold_start_args = dict(getattr(env.unwrapped, "tiny_cold_start_args", {}))

    def reset(self, seed: int, split: str, options: Mapping[str, Any]) -> None:
        """Begin an episode, with further options for the environment's `reset`."""
        with _guard(self._name, "reset"):
            observation, info = self._env.reset(seed=seed, options={**options, "split": split})
            self.info = dict(info)
            self.waiting = {SINGLE_AGENT: text_of(observation)}

    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]:
        """Play the action of the one seat."""
        with _guard(self._name, "step"):
            observation, reward, terminated, truncated, info = self._env.step(actions[SINGLE_AGENT])
            end = _end(terminated, truncated)
            self.info = {**self.info, **info}
            text = text_of(observation)
            self.waiting = {} if end else {SINGLE_AGENT: text}
            return {SINGLE_AGENT: _outcome(reward, info, end, text)}

    def conditions(self) -> str:
        """What the environment says about the machine, in a line, or ""."""
        return _conditions(self._env, self._name)

    def curriculum(self) -> Curriculum | None:
        """The environment's curriculum, if it has one."""
        return _curriculum(self._env, self._name)

    def system_prompt(self, agent: str) -> str:
        """The environment's `system_prompt`, or ""."""
        return str(getattr(self._env.unwrapped, "system_prompt", ""))

    def expert(self, agent: str) -> str:
        """What the environment's scripted expert does now."""
        with _guard(self._name, "expert"):
            return str(self._env.unwrapped.expert())

    def close(self) -> None:
        """Close the environment."""
        self._env.close()


class _PettingZooGame:
    def __init__(self, env: Any, name: str) -> None:
        self._env, self._name = env, name
        self.agents = list(env.possible_agents)
        for agent in self.agents:
            _require_text(name, env.observation_space(agent), env.action_space(agent))
        self.waiting: dict[str, str] = {}
        self.info: dict[str, Any] = {}
        self.state: Any = None
        self.has_expert = callable(getattr(env.unwrapped, "expert", None))
        self.tiny_cold_start_args = dict(getattr(env.unwrapped, "tiny_cold_start_args", {}))

    def conditions(self) -> str:
        """What the environment says about the machine, in a line, or ""."""
        return _conditions(self._env, self._name)

    def curriculum(self) -> Curriculum | None:
        """The environment's curriculum, if it has one."""
        return _curriculum(self._env, self._name)

    def system_prompt(self, agent: str) -> str:
        """`system_prompts[agent]` or `system_prompt` of the environment, or ""."""
        prompts = getattr(self._env.unwrapped, "system_prompts", {})
        return str(prompts.get(agent, getattr(self._env.unwrapped, "system_prompt", "")))

    def expert(self, agent: str) -> str:
        """What the environment's scripted expert does now in this seat."""
        with _guard(self._name, "expert"):
            return str(self._env.unwrapped.expert(agent))

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

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
        with _guard(self._name, "reset"):
            observations, infos = self._env.reset(seed=seed, options={**options, "split": split})
            self._absorb(infos)
            self._observe_state()
            self.waiting = {agent: text_of(observations[agent]) for agent in self._env.agents}

    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]:
        """Play the actions of all waiting seats."""
        with _guard(self._name, "step"):
            wrapped = {agent: _wrap_action(self._env.action_space(agent), text) for agent, text in actions.items()}
            observations, rewards, terminations, truncations, infos = self._env.step(wrapped)
            self._absorb(infos)
            self._observe_state()
            texts = {agent: text_of(observation) for agent, observation in observations.items()}
            self.waiting = {agent: texts[agent] for agent in self._env.agents}
            return {
                agent: _outcome(
                    rewards[agent],
                    infos.get(agent, {}),
                    _end(terminations[agent], truncations[agent]),
                    texts.get(agent, ""),
                )
                for agent in actions
            }


class AecGame(_PettingZooGame):
    """A `pettingzoo.AECEnv` on text: seats act one after the other; any step may reward any seat."""

    def reset(self, seed: int, split: str, options: Mapping[str, Any]) -> None:
        """Begin an episode, with further options for the environment's `reset`."""
        self.info = {}
        with _guard(self._name, "reset"):
            self._env.reset(seed=seed, options={**options, "split": split})
            self._advance()

    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]:
        """Play the action of the selected seat."""
        with _guard(self._name, "step"):
            agent = self._env.agent_selection
            self._env.step(_wrap_action(self._env.action_space(agent), actions[agent]))
            outcomes = {name: self._outcome(name) for name in self._env.agents}
            self._advance()
            return outcomes

    def _outcome(self, agent: str) -> Outcome:
        end = _end(self._env.terminations[agent], self._env.truncations[agent])
        text = text_of(self._env.observe(agent)) if end else ""
        return _outcome(self._env.rewards[agent], self._env.infos[agent], end, text)

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


def text_of(observation: Any) -> str:
    """The text of an observation: a string, or the "text" of a dictionary.

    Raises EnvironmentFailure on anything else.
    """
    if isinstance(observation, Mapping):
        observation = observation.get("text")
    if not isinstance(observation, str):
        raise EnvironmentFailure(f"an observation is {type(observation).__name__}, not text")
    return observation


def _require_text(name: str, *spaces: Any) -> None:
    from gymnasium.spaces import Dict, Text

    for space in spaces:
        inner = space.spaces.get("text") if isinstance(space, Dict) else space
        if not isinstance(inner, Text):
            raise EnvironmentDefinitionError(
                f"{name}: a language model plays on text, but one of its spaces is {space}. "
                "Use agentrl.envs.AnyText (or a Dict with a 'text' entry), or wrap the environment."
            )


def _wrap_action(space: Any, text: str) -> Any:
    from gymnasium.spaces import Dict

    return {"text": text} if isinstance(space, Dict) else text


@contextlib.contextmanager
def _guard(name: str, what: str) -> Iterator[None]:
    """Whatever foreign code raises in the block, `sys.exit` included, becomes an EnvironmentFailure that says where."""
    try:
        yield
    except EnvironmentFailure as error:
        raise EnvironmentFailure(f"{name}.{what}: {error}") from error
    except InfrastructureError:
        raise
    except (Exception, SystemExit) as error:
        where = _last_line(error)
        raise EnvironmentFailure(f"{name}.{what} raised {type(error).__name__}: {error}{where}") from error


def _last_line(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def _conditions(env: Any, name: str) -> str:
    ask = getattr(env.unwrapped, "conditions", None)
    try:
        return str(ask()) if callable(ask) else ""
    except AgentRLError:
        raise
    except Exception as error:
        raise EnvironmentDefinitionError(f"{name}: conditions() raised {describe(error)}.") from error


def _curriculum(env: Any, name: str) -> Curriculum | None:
    make = getattr(env.unwrapped, "curriculum", None)
    try:
        curriculum: Curriculum | None = make() if callable(make) else None
    except AgentRLError:
        raise
    except Exception as error:
        raise EnvironmentDefinitionError(f"{name}: curriculum() raised {describe(error)}.") from error
    return curriculum


def _outcome(reward: Any, info: Mapping[str, Any], end: End | None, text: str) -> Outcome:
    parts = info.get("rewards", {})
    named = {str(name): _number(value) for name, value in parts.items()} if isinstance(parts, Mapping) else {}
    return Outcome(_number(reward), info, end, text if end else "", named)


def _number(reward: Any) -> float:
    value = float(reward)
    if not math.isfinite(value):
        raise EnvironmentFailure(f"a reward is {value}")
    return value


def _end(terminated: Any, truncated: Any) -> End | None:
    return End.TERMINATED if terminated else End.TRUNCATED if truncated else None


def _plain(info: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in info.items() if isinstance(value, str | int | float | bool)}
