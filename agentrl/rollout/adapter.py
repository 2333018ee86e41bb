"""What the adapters around environments of all kinds share.

Whatever an environment raises while it is played becomes an EnvironmentFailure.
"""

import math
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.envs.base import Curriculum
from agentrl.envs.importing import describe
from agentrl.episode import End
from agentrl.errors import AgentRLError, EnvironmentDefinitionError, EnvironmentFailure, InfrastructureError
from agentrl.rollout.game import Outcome


class Adapter:
    """A game around one environment: what does not depend on its kind."""

    def __init__(self, env: Any, name: str, agents: Sequence[str]) -> None:
        self._env, self._name = env, name
        self.agents = list(agents)
        self.trainable_seats = frozenset(self.agents)
        self.waiting: dict[str, str] = {}
        self.info: dict[str, Any] = {}
        self.state: Any = None
        self.has_expert = callable(getattr(env.unwrapped, "expert", None))
        self.tiny_cold_start_args = dict(getattr(env.unwrapped, "tiny_cold_start_args", {}))
        self.cold_start_args = dict(getattr(env.unwrapped, "cold_start_args", {}))

    def conditions(self) -> str:
        """What the environment says about the machine, in a line, or ""."""
        return str(self._ask("conditions", ""))

    def curriculum(self) -> Curriculum | None:
        """The environment's curriculum, if it has one."""
        curriculum: Curriculum | None = self._ask("curriculum", None)
        return curriculum

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def _ask(self, method: str, otherwise: Any) -> Any:
        """What a method says that an environment need not have. Raises EnvironmentDefinitionError where it raises."""
        ask = getattr(self._env.unwrapped, method, None)
        try:
            return ask() if callable(ask) else otherwise
        except AgentRLError:
            raise
        except Exception as error:
            raise EnvironmentDefinitionError(f"{self._name}: {method}() raised {describe(error)}.") from error


def text_of(observation: Any) -> str:
    """The text of an observation: a string, or the "text" of a dictionary.

    Raises EnvironmentFailure on anything else.
    """
    if isinstance(observation, Mapping):
        observation = observation.get("text")
    if not isinstance(observation, str):
        raise EnvironmentFailure(f"an observation is {type(observation).__name__}, not text")
    return observation


def require_text(name: str, *spaces: Any) -> None:
    """Raises EnvironmentDefinitionError for a space that is not one of texts, nor a dictionary with a "text"."""
    from gymnasium.spaces import Dict, Text

    for space in spaces:
        inner = space.spaces.get("text") if isinstance(space, Dict) else space
        if not isinstance(inner, Text):
            raise EnvironmentDefinitionError(
                f"{name}: a language model plays on text, but one of its spaces is {space}. "
                "Use agentrl.envs.AnyText (or a Dict with a 'text' entry), or wrap the environment."
            )


class guard:
    """Whatever foreign code raises in the block, `sys.exit` included, becomes an EnvironmentFailure that says where.

    A class, since it is entered twice at every step, and a generator would take several times as long.
    """

    __slots__ = ("_name", "_what")

    def __init__(self, name: str, what: str) -> None:
        self._name, self._what = name, what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        where = f"{self._name}.{self._what}"
        if isinstance(error, EnvironmentFailure):
            raise EnvironmentFailure(f"{where}: {error}") from error
        if isinstance(error, Exception | SystemExit) and not isinstance(error, InfrastructureError):
            told = f"{where} raised {type(error).__name__}: {error}{_last_line(error)}"
            raise EnvironmentFailure(told) from error


def _last_line(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def outcome_of(reward: Any, info: Mapping[str, Any], end: End | None, text: str) -> Outcome:
    """A step's outcome for one seat; `text`, what the seat observes then, is kept where its part has ended.

    Raises EnvironmentFailure for a reward that is not finite.
    """
    parts = info.get("rewards", {})
    named = {str(name): _number(value) for name, value in parts.items()} if isinstance(parts, Mapping) else {}
    return Outcome(_number(reward), info, end, text if end else "", named)


def _number(reward: Any) -> float:
    value = float(reward)
    if not math.isfinite(value):
        raise EnvironmentFailure(f"a reward is {value}")
    return value


def end_of(terminated: Any, truncated: Any) -> End | None:
    """How a seat's part ended; None while it goes on."""
    return End.TERMINATED if terminated else End.TRUNCATED if truncated else None
