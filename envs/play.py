"""Playing an environment by hand: the plainest loop, the same for Gymnasium and PettingZoo, without models or tokens.

It serves `agentrl env play` and `agentrl env check`. Training plays through `agentrl.rollout`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gymnasium.spaces import Dict, Space, Text

from agentrl.envs.registry import Kind

Choose = Callable[[str, Any, "Space[Any]"], Any]
"""(seat, observation, action space) -> action. Returning None ends the play."""

SEAT = "agent"
"""What the only seat of a Gymnasium environment is called here."""


@dataclass(slots=True)
class Move:
    """One action of one seat: what it saw, what it did, and what followed."""

    seat: str
    observation: Any
    action: Any
    reward: float = 0.0
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Play:
    """One episode. `final` holds each seat's last observation, `seconds` the time of each call of `step`."""

    seed: int
    start: Mapping[str, Any] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    final: dict[str, Any] = field(default_factory=dict)
    ended: bool = False
    seconds: list[float] = field(default_factory=list)

    @property
    def totals(self) -> dict[str, float]:
        """The sum of each seat's rewards."""
        totals: dict[str, float] = {}
        for move in self.moves:
            totals[move.seat] = totals.get(move.seat, 0.0) + move.reward
        return totals

    @property
    def score(self) -> float:
        """The mean over the seats of their totals."""
        return sum(self.totals.values()) / len(self.totals) if self.moves else 0.0

    @property
    def success(self) -> bool | None:
        """What the environment said last in `info["success"]`; None if it never said so."""
        said = [move.info["success"] for move in self.moves if "success" in move.info]
        return bool(said[-1]) if said else None


Watch = Callable[[Move], None]
"""Called with each move as soon as its reward is known."""


def play(
    env: Any,
    kind: Kind,
    seed: int,
    choose: Choose,
    *,
    split: str = "train",
    max_steps: int = 1000,
    watch: Watch = lambda move: None,
) -> Play:
    """Play one episode of at most `max_steps` calls of `step`. Errors of the environment pass through."""
    loop = {"gymnasium": _gymnasium, "pettingzoo_parallel": _parallel, "pettingzoo_aec": _aec}[kind]
    record = Play(seed)
    loop(env, record, choose, {"split": split}, max_steps, watch)
    return record


def is_text(space: "Space[Any] | None") -> bool:
    """Whether a space holds text: a `Text`, or PettingZoo's `Dict({"text": Text})`."""
    return isinstance(space, Text) or (isinstance(space, Dict) and isinstance(space.spaces.get("text"), Text))


def text_of(observation: Any) -> str:
    """The text of an observation; of one that is no text, its printed form."""
    if isinstance(observation, Mapping) and isinstance(observation.get("text"), str):
        return str(observation["text"])
    return observation if isinstance(observation, str) else repr(observation)


def action_of(space: "Space[Any]", text: str) -> Any:
    """The text as an element of a text space."""
    return {"text": text} if isinstance(space, Dict) else text


def _gymnasium(env: Any, record: Play, choose: Choose, options: dict[str, Any], max_steps: int, watch: Watch) -> None:
    observation, record.start = env.reset(seed=record.seed, options=options)
    while not record.ended and len(record.seconds) < max_steps:
        action = choose(SEAT, observation, env.action_space)
        if action is None:
            break
        began = time.perf_counter()
        following, reward, terminated, truncated, info = env.step(action)
        record.seconds.append(time.perf_counter() - began)
        record.moves.append(Move(SEAT, observation, action, float(reward), info))
        watch(record.moves[-1])
        observation, record.ended = following, bool(terminated or truncated)
    record.final[SEAT] = observation


def _parallel(env: Any, record: Play, choose: Choose, options: dict[str, Any], max_steps: int, watch: Watch) -> None:
    observations, record.start = env.reset(seed=record.seed, options=options)
    while env.agents and len(record.seconds) < max_steps:
        actions = {seat: choose(seat, observations[seat], env.action_space(seat)) for seat in env.agents}
        if any(action is None for action in actions.values()):
            break
        began = time.perf_counter()
        following, rewards, _, _, infos = env.step(actions)
        record.seconds.append(time.perf_counter() - began)
        for seat, action in actions.items():
            move = Move(seat, observations[seat], action, float(rewards.get(seat, 0.0)), infos.get(seat, {}))
            record.moves.append(move)
            watch(move)
        observations = {**observations, **following}
    record.ended = not env.agents
    record.final.update(observations)


def _aec(env: Any, record: Play, choose: Choose, options: dict[str, Any], max_steps: int, watch: Watch) -> None:
    env.reset(seed=record.seed, options=options)
    record.start = {seat: dict(info) for seat, info in env.infos.items()}
    latest: dict[str, Move] = {}
    for seat in env.agent_iter(max_steps):
        # `last` gives what a seat earned since its previous action, so rewards arrive one round late.
        observation, reward, terminated, truncated, info = env.last()
        if seat in latest:
            move = latest.pop(seat)
            move.reward, move.info = float(reward), info
            watch(move)
        record.final[seat] = observation
        action = None if terminated or truncated else choose(seat, observation, env.action_space(seat))
        if action is None and not (terminated or truncated):
            return
        if action is not None:
            latest[seat] = Move(seat, observation, action)
            record.moves.append(latest[seat])
        began = time.perf_counter()
        env.step(action)
        record.seconds.append(time.perf_counter() - began)
    record.ended = not env.agents
