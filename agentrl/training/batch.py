"""From episodes to what the learner reads: one flat list of rows, and where in them each turn stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentrl.episode import End, Episode, Trajectory

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(slots=True)
class Row:
    """One sequence of tokens to train on.

    `ids` (N,). For the A sampled tokens in it: `at` (A,) their positions, `turn` (A,) the index of their turn among
    all turns of the batch, `logprobs` (A,) the sampler's, `temperature` (A,). For the S turns that begin in it:
    `turns` (S,) their indices, and `states` (S,) the positions whose hidden state is the critic's input: the last
    token of the prompt. `final` is the position of the state after a truncated trajectory's last observation, or -1.
    """

    trajectory: int
    ids: Ints
    at: Ints
    turn: Ints
    logprobs: Floats
    temperature: Floats
    turns: Ints
    states: Ints
    final: int = -1


@dataclass(slots=True)
class Batch:
    """The trainable trajectories of some episodes.

    Per trajectory (M,): `agents`, `groups`, `ends`, and `turn_slices`, where its turns stand. Per turn (T,):
    `rewards`. `rows` are in the order of their trajectories.
    """

    trajectories: list[Trajectory]
    groups: list[str]
    turn_slices: list[slice]
    rewards: Floats
    rows: list[Row]

    @property
    def agents(self) -> list[str]:
        """The seat of each trajectory."""
        return [trajectory.agent for trajectory in self.trajectories]

    @property
    def sampled_tokens(self) -> int:
        """How many tokens get a gradient."""
        return sum(len(row.at) for row in self.rows)


def make_batch(episodes: Sequence[Episode], reward_mode: str = "shaped") -> Batch:
    """Collect what is trainable: seats that learn, of episodes that did not fail, that acted at least once.

    `reward_mode` "terminal" moves the sum of a trajectory's rewards to its last turn.
    """
    chosen = [
        (trajectory, episode.group)
        for episode in episodes
        if not episode.failed
        for trajectory in episode.trajectories
        if trajectory.trainable and any(turn.action for turn in trajectory.turns)
    ]
    rewards: list[float] = []
    slices: list[slice] = []
    rows: list[Row] = []
    for index, (trajectory, _) in enumerate(chosen):
        first = len(rewards)
        slices.append(slice(first, first + len(trajectory.turns)))
        rewards += _turn_rewards(trajectory, reward_mode)
        rows += _rows(trajectory, index, first)
    trajectories, groups = [item[0] for item in chosen], [item[1] for item in chosen]
    return Batch(trajectories, groups, slices, np.array(rewards, dtype=np.float64), rows)


def _turn_rewards(trajectory: Trajectory, mode: str) -> list[float]:
    if mode == "terminal":
        return [0.0] * (len(trajectory.turns) - 1) + [trajectory.reward]
    return [turn.reward for turn in trajectory.turns]


def _rows(trajectory: Trajectory, index: int, first_turn: int) -> list[Row]:
    rows = []
    for row in trajectory.rows():
        turn_of = np.array(row.turn_of, dtype=np.int64)
        at = np.flatnonzero(turn_of >= 0)
        turns, starts = np.unique(turn_of[at], return_index=True)
        temperatures = np.array([turn.temperature for turn in trajectory.turns])
        rows.append(
            Row(
                trajectory=index,
                ids=np.array(row.ids, dtype=np.int64),
                at=at,
                turn=turn_of[at] + first_turn,
                logprobs=np.array(row.logprobs, dtype=np.float64)[at],
                temperature=temperatures[turn_of[at]],
                turns=turns + first_turn,
                states=at[starts] - 1,
            )
        )
    if trajectory.end is End.TRUNCATED and rows:
        _add_final_state(rows, trajectory, index)
    return rows


def _add_final_state(rows: list[Row], trajectory: Trajectory, index: int) -> None:
    """Show the critic what a truncated trajectory saw last: behind its last row, or as a row of its own."""
    context = np.array(trajectory.final_context(), dtype=np.int64)
    last = rows[-1]
    if len(context) >= len(last.ids) and np.array_equal(context[: len(last.ids)], last.ids):
        last.ids, last.final = context, len(context) - 1
        return
    none, zeros = np.zeros(0, dtype=np.int64), np.zeros(0)
    rows.append(Row(index, context, none, none, zeros, zeros, none, none, final=len(context) - 1))
