"""Who plays a seat: a policy that samples through an engine, or a script."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from agentrl.chat import ChatFormat, Delta, Message
from agentrl.engines.base import Engine, Sampling
from agentrl.episode import End, Stop, Trajectory, Turn
from agentrl.rollout.game import Outcome

_PLAIN = (str, int, float, bool)
_session_numbers: Iterator[int] = itertools.count()


class Seat(Protocol):
    """Plays one agent for one episode and remembers it as a trajectory."""

    turns: list[Turn]

    async def act(self, observation: str) -> str | None:
        """The text of the next action; None when the context has no room for one."""

    def record(self, outcome: Outcome) -> None:
        """Credit the last action with what a step gave this seat."""

    def trajectory(self, end: End, failure: str = "") -> Trajectory:
        """What happened, as a trajectory that ended in this way."""

    def close(self) -> None:
        """Give back what the seat holds in an engine."""


@dataclass(slots=True)
class ScriptedSeat:
    """A seat whose actions a function gives: an expert, a person, a no-op."""

    agent: str
    script: Callable[[str], str]
    system_prompt: str = ""
    trainable: bool = True
    turns: list[Turn] = field(default_factory=list)
    final_observation: str = ""
    _said: tuple[str, str] | None = field(default=None, init=False)
    """The last observation and the answer to it, of which its outcome makes a turn: made at once it is made twice."""

    async def act(self, observation: str) -> str | None:
        """Ask the script."""
        self._settle()
        text = self.script(observation)
        self._said = observation, text
        return text

    def record(self, outcome: Outcome) -> None:
        """Add the outcome to the last turn."""
        if self._said is None:
            _credit(self.turns, outcome)
        else:
            self._settle(reward=outcome.reward, rewards=dict(outcome.rewards), info=_plain(outcome.info))
        self.final_observation = outcome.final_observation or self.final_observation

    def trajectory(self, end: End, failure: str = "") -> Trajectory:
        """The turns so far, without token ids."""
        self._settle()
        return Trajectory(
            agent=self.agent,
            turns=tuple(self.turns),
            end=end,
            failure=failure,
            trainable=self.trainable,
            system_prompt=self.system_prompt,
            final_observation=self.final_observation,
        )

    def close(self) -> None:
        """Nothing is held."""

    def _settle(self, **gained: Any) -> None:
        """Make the last answer a turn, with what was gained by it."""
        if self._said is not None:
            observation, text = self._said
            self.turns.append(Turn(stop=Stop.SCRIPTED, observation=observation, text=text, **gained))
            self._said = None


class PolicySeat:
    """A seat that a policy plays. It keeps the exact ids of the conversation."""

    def __init__(
        self,
        agent: str,
        engine: Engine,
        chat: ChatFormat,
        sampling: Sampling,
        *,
        system_prompt: str = "",
        trainable: bool = True,
    ) -> None:
        self.agent, self.system_prompt, self.trainable = agent, system_prompt, trainable
        self.turns: list[Turn] = []
        self._engine, self._chat, self._sampling = engine, chat, sampling
        self._session = f"{agent}-{next(_session_numbers)}"
        self._context: tuple[int, ...] = ()
        self._history: list[Message] = [{"role": "system", "content": system_prompt}] if system_prompt else []
        self._pending: Delta | None = None
        self._final_observation = ""

    async def act(self, observation: str) -> str | None:
        """Sample the next action after the observation."""
        delta = self._observe(observation)
        prompt = self._context[: delta.keep] + delta.ids
        if len(prompt) >= self._engine.max_context:
            self._pending, self._final_observation = delta, observation
            return None
        sampling = replace(self._sampling, seed=turn_seed(self._sampling.seed, len(self.turns)))
        generation = await self._engine.generate(prompt, sampling, session=self._session)
        text = self._chat.text(generation.ids)
        self.turns.append(
            Turn(
                action=generation.ids,
                prompt=delta.ids,
                keep=delta.keep,
                logprobs=generation.logprobs,
                temperature=sampling.temperature,
                policy_version=generation.policy_version,
                stop=generation.stop,
                observation=observation,
                text=text,
            )
        )
        self._context = prompt + generation.ids
        self._history += [{"role": "user", "content": observation}, {"role": "assistant", "content": text}]
        return text

    def record(self, outcome: Outcome) -> None:
        """Add the outcome to the last turn; a final observation becomes the prompt of the bootstrap value."""
        _credit(self.turns, outcome)
        self._final_observation = outcome.final_observation or self._final_observation
        if outcome.end is End.TRUNCATED and outcome.final_observation:
            self._pending = self._observe(outcome.final_observation)

    def trajectory(self, end: End, failure: str = "") -> Trajectory:
        """The turns so far, with their ids, and the final prompt when the episode was cut off."""
        final = self._pending if end is End.TRUNCATED and self._pending is not None else Delta(0, ())
        room = self._engine.max_context - final.keep
        return Trajectory(
            agent=self.agent,
            turns=tuple(self.turns),
            end=end,
            failure=failure,
            final_keep=final.keep,
            final_prompt=final.ids[: max(0, room)],
            trainable=self.trainable,
            system_prompt=self.system_prompt,
            final_observation=self._final_observation,
        )

    def close(self) -> None:
        """Give the engine's row back."""
        self._engine.release(self._session)

    def _observe(self, observation: str) -> Delta:
        if not self.turns:
            return Delta(0, self._chat.start(self.system_prompt, observation))
        stopped = self.turns[-1].stop is Stop.EOS
        return self._chat.follow(self._context, stopped, self._history, observation)


def turn_seed(seed: int, turn: int) -> int:
    """The seed of one turn's random numbers, from the seed of the episode's sampling."""
    return int(np.random.SeedSequence([seed, turn]).generate_state(1, np.uint64)[0])


def _credit(turns: list[Turn], outcome: Outcome) -> None:
    """Add an outcome to the last turn. What a seat gets before its first action belongs to no action of it."""
    if not turns:
        return
    last = turns[-1]
    parts = dict(last.rewards)
    for name, value in outcome.rewards.items():
        parts[name] = parts.get(name, 0.0) + value
    info = {**last.info, **_plain(outcome.info)}
    turns[-1] = replace(last, reward=last.reward + outcome.reward, rewards=parts, info=info)


def _plain(info: Mapping[str, Any]) -> dict[str, Any]:
    """What of an info is kept with the turn."""
    return {key: value for key, value in info.items() if isinstance(value, _PLAIN)}
