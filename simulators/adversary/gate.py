"""The gate that a task passes before anybody is trained or measured on it: proof that it can be solved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from agentrl.errors import UserError
from agentrl.simulators.adversary.registry import OPERATORS
from agentrl.simulators.adversary.world import Play, Playback, World
from agentrl.simulators.models import SolvabilityProof, SubGoal, UserTask

SEEDS: Final = (0, 1, 2)
"""The user seeds of a proof: what the user says differs, what they want does not."""
EXPERT: Final = "scripted/1"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why there is no proof."""

    reason: str


def prove(
    task: UserTask, world: World, play: Play, seeds: Sequence[int] = SEEDS, expert: str = EXPERT
) -> SolvabilityProof | Rejection:
    """A proof that the expert reaches the goal's state without a forbidden effect, whatever the user's seed, and that
    each of the task's operators shows in all of these dialogues.

    The gold state is computed from the goal, and success is the environment's verdict, so an expert that is wrong is
    rejected as well. An agent that does nothing plays too.
    """
    try:
        gold = gold_digest(task, world)
    except UserError as error:
        return Rejection(f"the goal can't be reached: {error}")
    digests: list[str] = []
    turns = 0
    for seed in seeds:
        played = play(task, agent="expert", seed=seed)
        if played.violations:
            return Rejection(f"the expert trod on {played.violations[0]} (user seed {seed})")
        if not played.success:
            return Rejection(f"the expert does not succeed (user seed {seed})")
        if played.turns > task.max_turns:
            return Rejection(f"the expert needs {played.turns} turns of {task.max_turns} (user seed {seed})")
        if hidden := _hidden(task, played):
            return Rejection(f"the operator {hidden} has no effect (user seed {seed})")
        digests.append(played.digest)
        turns = max(turns, played.turns)
    idle = play(task, agent="noop", seed=seeds[0])
    return SolvabilityProof(
        expert=expert,
        seeds=tuple(seeds),
        trajectories=tuple(digests),
        turns=turns,
        gold_state=gold,
        noop_succeeds=idle.success,
    )


def verify(task: UserTask, world: World, play: Play) -> str:
    """What is wrong with a task's proof, checked by playing everything again; "" when nothing is."""
    proof = task.proof
    if proof is None:
        return "has no proof"
    again = prove(task, world, play, proof.seeds, proof.expert)
    if isinstance(again, Rejection):
        return f"does not pass the gate: {again.reason}"
    for name, what in (
        ("gold_state", "the goal's state"),
        ("noop_succeeds", "whether an agent that does nothing succeeds"),
        ("turns", "the number of turns"),
        ("trajectories", "the dialogues"),
    ):
        if getattr(again, name) != getattr(proof, name):
            return f"is solvable, but {what} differ{'' if name == 'trajectories' else 's'} from the proof's"
    return ""


def gold_digest(task: UserTask, world: World) -> str:
    """Of the projected state that the goal wants. Raises UserError when it can't be reached."""
    return _digest(world.project(world.gold_state(task)))


def is_refusal(task: UserTask) -> bool:
    """Whether the right thing is to carry out nothing: an agent that always refuses would do well on these."""
    return not any(_served(subgoal) for subgoal in task.goal.subgoals)


def _hidden(task: UserTask, played: Playback) -> str:
    """The name of an operator that does not show in the dialogue; "" when all do."""
    return next((op.name for op in task.ops if not OPERATORS[op.name].shows(task, op, played)), "")


def _served(subgoal: SubGoal | None) -> bool:
    return subgoal is not None and (subgoal.permitted or _served(subgoal.fallback))


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return sha256(text.encode()).hexdigest()[:16]
