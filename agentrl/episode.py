"""The one data type: what happened, as the exact token ids that the policy saw and sampled.

    Episode ─▶ Trajectory (one per seat) ─▶ Turn (one per action)

The same type is written to disk, trained on and shown to people. SFT, preference pairs, RLHF, agents and several
agents are all episodes: they differ in the number of turns and seats only.

Invariant: the ids that the policy sampled are the ids that are trained. Nothing here decodes and tokenises again. A
turn stores its prompt as "keep the first `keep` tokens of the context so far, then `prompt`"; `keep` equals the length
of that context unless a chat template rewrote the past, which makes a *fork* (`keep` is smaller), never a guess.
"""

import dataclasses
import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 1


class End(enum.StrEnum):
    """How a trajectory ended."""

    TERMINATED = "terminated"
    """The environment reached an end of its own: no value beyond it."""
    TRUNCATED = "truncated"
    """Cut off from outside (a limit of turns or tokens): its future would have had a value."""
    FAILED = "failed"
    """The machinery broke. No reward, no statistics, no gradient."""


class Stop(enum.StrEnum):
    """Why the policy stopped sampling an action."""

    EOS = "eos"
    """It sampled the end-of-turn token, which is part of the action."""
    LENGTH = "length"
    """It ran into `max_new_tokens` or the end of its context."""
    SCRIPTED = "scripted"
    """The action was not sampled: an expert or a person gave it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One action of one seat, with the prompt that led to it.

    `prompt` holds the new token ids after the first `keep` of the context so far. `action` holds the ids that were
    sampled, `logprobs` their sampling log-probabilities in nats (one per action id, or none for scripted turns).
    `reward` is the total that followed the action, `rewards` its named parts. `value` is the critic's estimate for the
    state in which the action was chosen. `observation`, `text` and `info` are for people and exports.
    """

    action: tuple[int, ...] = ()
    prompt: tuple[int, ...] = ()
    keep: int = 0
    logprobs: tuple[float, ...] = ()
    reward: float = 0.0
    rewards: Mapping[str, float] = field(default_factory=dict)
    value: float | None = None
    temperature: float = 1.0
    policy_version: int = 0
    stop: Stop = Stop.EOS
    observation: str = ""
    text: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.logprobs and len(self.logprobs) != len(self.action):
            raise ValueError(f"{len(self.logprobs)} log-probs for {len(self.action)} action ids")


@dataclass(frozen=True, slots=True)
class Row:
    """Consecutive turns as one sequence: each prompt extends the sequence before it to the letter.

    `ids` (N,) are the tokens; `turn_of[i]` is the index of the turn whose action token i is, or -1 where token i was
    observed and not sampled; `logprobs[i]` is the sampling log-prob of token i (0 where `turn_of` is -1).
    """

    ids: tuple[int, ...]
    turn_of: tuple[int, ...]
    logprobs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Everything that one seat did in one episode."""

    agent: str
    turns: tuple[Turn, ...]
    end: End
    failure: str = ""
    final_keep: int = 0
    final_prompt: tuple[int, ...] = ()
    trainable: bool = True
    system_prompt: str = ""
    final_observation: str = ""

    @property
    def reward(self) -> float:
        """The sum of the rewards of all turns."""
        return sum(turn.reward for turn in self.turns)

    @property
    def rewards(self) -> dict[str, float]:
        """The named parts of the reward, each summed over the turns."""
        parts: dict[str, float] = {}
        for turn in self.turns:
            for name, value in turn.rewards.items():
                parts[name] = parts.get(name, 0.0) + value
        return parts

    @property
    def sampled_tokens(self) -> int:
        """The number of ids that the policy sampled."""
        return sum(len(turn.action) for turn in self.turns)

    def contexts(self) -> Iterator[tuple[int, ...]]:
        """Yield for each turn the exact ids that the policy was shown when it chose the action."""
        context: tuple[int, ...] = ()
        for turn in self.turns:
            context = context[: turn.keep] + turn.prompt
            yield context
            context = context + turn.action

    def final_context(self) -> tuple[int, ...]:
        """The ids after the last observation: where a truncated trajectory's value is bootstrapped."""
        context: tuple[int, ...] = ()
        for turn in self.turns:
            context = context[: turn.keep] + turn.prompt + turn.action
        return context[: self.final_keep] + self.final_prompt if self.final_prompt else context

    def rows(self) -> tuple[Row, ...]:
        """Cut the trajectory into as few rows as possible: one, plus one for each fork.

        Each sampled id stands in exactly one row with `turn_of >= 0`. After a fork the earlier actions are part of
        the new row's context, but are not trained a second time.
        """
        rows: list[Row] = []
        ids: list[int] = []
        turn_of: list[int] = []
        logprobs: list[float] = []
        for index, turn in enumerate(self.turns):
            if turn.keep != len(ids):
                if ids:
                    rows.append(Row(tuple(ids), tuple(turn_of), tuple(logprobs)))
                ids = ids[: turn.keep]
                turn_of = [-1] * len(ids)
                logprobs = [0.0] * len(ids)
            ids += turn.prompt + turn.action
            turn_of += [-1] * len(turn.prompt) + [index] * len(turn.action)
            logprobs += [0.0] * len(turn.prompt)
            logprobs += turn.logprobs or [0.0] * len(turn.action)
        if ids:
            rows.append(Row(tuple(ids), tuple(turn_of), tuple(logprobs)))
        return tuple(rows)


@dataclass(frozen=True, slots=True)
class Episode:
    """One play of an environment.

    `group` names the episodes that share task and seed, which group-relative credit compares. `order` tells who acted
    when; `states` holds the environment's global state for each step, for a centralised critic. `info` carries what
    the environment said about the whole episode, if it did: `success` (bool), `category` (str), `labels` (names by
    which data are balanced) and `tools` (schemas, in the form of chat completions); and `no_room` where it ended
    because the conversation no longer fitted the policy's context. `judge` holds what a judge thought of it, {"share":
    in [0, 1], "criteria": {name: grade}}, or {"missing": why}; `worth_imitating` that a cold start learns from it
    though it is no success; `user_turns` how many turns of a simulated user a language model was to word, {"by_model":
    5, "asked_again": 2, "replaced": 1}, for how many of them it was asked again, and how many a template spoke instead.
    """

    env: str
    task_id: str
    seed: int
    group: str
    trajectories: tuple[Trajectory, ...]
    order: tuple[str, ...] = ()
    states: tuple[Any, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the machinery broke: such an episode is left out of all statistics."""
        return any(trajectory.end is End.FAILED for trajectory in self.trajectories)

    @property
    def failure(self) -> str:
        """Why the episode failed, or ""."""
        return next((t.failure for t in self.trajectories if t.end is End.FAILED), "")

    @property
    def reward(self) -> float:
        """The mean over the trainable seats of their total rewards."""
        totals = [trajectory.reward for trajectory in self.trajectories if trajectory.trainable]
        return sum(totals) / len(totals) if totals else 0.0

    @property
    def success(self) -> bool:
        """What the environment said in `info["success"]`; without it, whether the reward is positive."""
        return bool(self.info.get("success", self.reward > 0))

    @property
    def category(self) -> str:
        """The environment's name for the kind of task (a level, a domain), or ""."""
        return str(self.info.get("category", ""))

    @property
    def no_room(self) -> bool:
        """Whether it was cut off because the conversation left no room for an action in the policy's context."""
        return bool(self.info.get("no_room", False))

    @property
    def turns(self) -> int:
        """The number of actions of all seats together."""
        return sum(len(trajectory.turns) for trajectory in self.trajectories)

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads back unchanged."""
        return _IN_JSON({"version": SCHEMA_VERSION, **_fields(self)})

    @classmethod
    def from_json(cls, line: str) -> "Episode":
        """Read a line that `to_json` wrote.

        Raises ValueError when the line is no episode of this schema version.
        """
        fields = json.loads(line)
        if not isinstance(fields, dict) or fields.pop("version", None) != SCHEMA_VERSION:
            raise ValueError(f"not an episode of schema version {SCHEMA_VERSION}")
        try:
            trajectories = tuple(_trajectory(item) for item in fields.pop("trajectories"))
            order, states = tuple(fields.pop("order")), tuple(fields.pop("states"))
            return cls(trajectories=trajectories, order=order, states=states, **fields)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not an episode: {error!r}") from error


def _fields(one: Any) -> dict[str, Any]:
    """A dataclass as a dictionary, without the copies that `asdict` makes. Raises TypeError for anything else."""
    if not dataclasses.is_dataclass(one):
        raise TypeError(f"an object of type {type(one).__name__} cannot be written as JSON")
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


_IN_JSON = json.JSONEncoder(ensure_ascii=False, default=_fields).encode


def _trajectory(fields: dict[str, Any]) -> Trajectory:
    turns = tuple(_turn(item) for item in fields.pop("turns"))
    end, final_prompt = End(fields.pop("end")), tuple(fields.pop("final_prompt"))
    return Trajectory(turns=turns, end=end, final_prompt=final_prompt, **fields)


def _turn(fields: dict[str, Any]) -> Turn:
    ids: dict[str, Any] = {name: tuple(fields.pop(name)) for name in ("prompt", "action", "logprobs")}
    return Turn(stop=Stop(fields.pop("stop")), **ids, **fields)
