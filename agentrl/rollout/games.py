"""One interface to all environments: agents that wait for an action, and what their actions led to.

A Gymnasium environment is a game with one seat called "agent". PettingZoo's parallel environments let several seats
act at once, its AEC environments one after the other. Whatever an environment raises becomes an EnvironmentFailure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentrl.envs.registry import EnvEntry
from agentrl.episode import End
from agentrl.errors import EnvironmentDefinitionError, EnvironmentFailure

SINGLE_AGENT = "agent"


@dataclass(slots=True)
class Outcome:
    """What one step gave one seat: its reward with the named parts, and how its part ended, if it did."""

    reward: float
    info: Mapping[str, Any] = field(default_factory=dict)
    end: End | None = None
    final_observation: str = ""

    @property
    def rewards(self) -> dict[str, float]:
        """The named parts of the reward, as the environment gave them in info["rewards"]."""
        parts = self.info.get("rewards", {})
        return {str(name): float(value) for name, value in parts.items()} if isinstance(parts, Mapping) else {}


class Game(Protocol):
    """An environment in play. `waiting` maps the seats that must act now to what they observe."""

    waiting: dict[str, str]
    agents: list[str]
    info: dict[str, Any]
    state: Any

    def reset(self, seed: int, split: str) -> None: ...
    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]: ...
    def system_prompt(self, agent: str) -> str: ...
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

    def reset(self, seed: int, split: str) -> None:
        """Begin an episode."""
        observation, info = _guard(self._name, "reset", lambda: self._env.reset(seed=seed, options={"split": split}))
        self.info = dict(info)
        self.waiting = {SINGLE_AGENT: text_of(observation, self._name)}

    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]:
        """Play the action of the one seat."""
        result = _guard(self._name, "step", lambda: self._env.step(actions[SINGLE_AGENT]))
        observation, reward, terminated, truncated, info = result
        end = End.TERMINATED if terminated else End.TRUNCATED if truncated else None
        self.info = {**self.info, **info}
        text = text_of(observation, self._name)
        self.waiting = {} if end else {SINGLE_AGENT: text}
        return {SINGLE_AGENT: Outcome(_number(reward, self._name), info, end, text if end else "")}

    def system_prompt(self, agent: str) -> str:
        """The environment's `system_prompt`, or ""."""
        return str(getattr(self._env.unwrapped, "system_prompt", ""))

    def expert(self, agent: str) -> str:
        """What the environment's scripted expert does now."""
        return str(_guard(self._name, "expert", self._env.unwrapped.expert))

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

    def system_prompt(self, agent: str) -> str:
        """`system_prompts[agent]` or `system_prompt` of the environment, or ""."""
        prompts = getattr(self._env.unwrapped, "system_prompts", {})
        return str(prompts.get(agent, getattr(self._env.unwrapped, "system_prompt", "")))

    def expert(self, agent: str) -> str:
        """What the environment's scripted expert does now in this seat."""
        return str(_guard(self._name, "expert", lambda: self._env.unwrapped.expert(agent)))

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def _absorb(self, infos: Mapping[str, Any]) -> None:
        for agent, info in infos.items():
            self.info |= {key: value for key, value in info.items() if key in ("task_id", "category", "success")}
            self.info.setdefault("seats", {}).setdefault(agent, {}).update(_plain(info))

    def _observe_state(self) -> None:
        try:
            self.state = self._env.state()
        except (NotImplementedError, AttributeError):
            self.state = None


class ParallelGame(_PettingZooGame):
    """A `pettingzoo.ParallelEnv` on text: all living seats act at once."""

    def reset(self, seed: int, split: str) -> None:
        """Begin an episode."""
        observations, infos = _guard(self._name, "reset", lambda: self._env.reset(seed=seed, options={"split": split}))
        self.info = {}
        self._absorb(infos)
        self._observe_state()
        self.waiting = {agent: text_of(observations[agent], self._name) for agent in self._env.agents}

    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]:
        """Play the actions of all waiting seats."""
        result = _guard(self._name, "step", lambda: self._env.step(dict(actions)))
        observations, rewards, terminations, truncations, infos = result
        self._absorb(infos)
        self._observe_state()
        texts = {agent: text_of(observation, self._name) for agent, observation in observations.items()}
        self.waiting = {agent: texts[agent] for agent in self._env.agents}
        return {
            agent: Outcome(
                _number(rewards[agent], self._name),
                infos.get(agent, {}),
                end := _end(terminations[agent], truncations[agent]),
                texts.get(agent, "") if end else "",
            )
            for agent in actions
        }


class AecGame(_PettingZooGame):
    """A `pettingzoo.AECEnv` on text: seats act one after the other; any step may reward any seat."""

    def reset(self, seed: int, split: str) -> None:
        """Begin an episode."""
        _guard(self._name, "reset", lambda: self._env.reset(seed=seed, options={"split": split}))
        self.info = {}
        self._ended: set[str] = set()
        self._advance({})

    def step(self, actions: Mapping[str, str]) -> dict[str, Outcome]:
        """Play the action of the selected seat."""
        agent = self._env.agent_selection
        _guard(self._name, "step", lambda: self._env.step(_wrap_action(self._env.action_space(agent), actions[agent])))
        outcomes = {name: self._outcome(name) for name in self._env.agents}
        self._advance(outcomes)
        return outcomes

    def _outcome(self, agent: str) -> Outcome:
        end = _end(self._env.terminations[agent], self._env.truncations[agent])
        text = text_of(self._env.observe(agent), self._name) if end else ""
        return Outcome(_number(self._env.rewards[agent], self._name), self._env.infos[agent], end, text)

    def _advance(self, outcomes: dict[str, Outcome]) -> None:
        """Step dead seats away until a living one is selected, or none is left."""
        self._absorb(self._env.infos)
        self._observe_state()
        env = self._env
        while env.agents and (env.terminations[env.agent_selection] or env.truncations[env.agent_selection]):
            _guard(self._name, "step", lambda: env.step(None))
        self.waiting = {}
        if env.agents:
            agent = env.agent_selection
            self.waiting = {agent: text_of(env.observe(agent), self._name)}


def text_of(observation: Any, name: str) -> str:
    """The text of an observation: a string, or the "text" of a dictionary.

    Raises EnvironmentFailure on anything else.
    """
    if isinstance(observation, Mapping):
        observation = observation.get("text")
    if not isinstance(observation, str):
        raise EnvironmentFailure(f"{name}: an observation is {type(observation).__name__}, not text")
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


def _guard(name: str, what: str, call: Callable[[], Any]) -> Any:
    """Run a call into foreign code; what it raises becomes an EnvironmentFailure that says where."""
    try:
        return call()
    except EnvironmentFailure:
        raise
    except Exception as error:
        frame = _last_line(error)
        raise EnvironmentFailure(f"{name}.{what} raised {type(error).__name__}: {error}{frame}") from error


def _last_line(error: Exception) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def _number(reward: Any, name: str) -> float:
    value = float(reward)
    if value != value or value in (float("inf"), float("-inf")):
        raise EnvironmentFailure(f"{name}: a reward is {value}")
    return value


def _end(terminated: Any, truncated: Any) -> End | None:
    return End.TERMINATED if terminated else End.TRUNCATED if truncated else None


def _plain(info: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in info.items() if isinstance(value, str | int | float | bool)}
