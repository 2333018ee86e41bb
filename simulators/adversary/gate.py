"""The gate that a task passes before anybody is trained or measured on it: proof that it can be solved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from agentrl.errors import UserError
from agentrl.simulators.adversary.registry import OPERATORS
from agentrl.simulators.adversary.world import Passive, Play, Playback, World
from agentrl.simulators.models import SolvabilityProof, SubGoal, UserTask

SEEDS: Final = (0, 1, 2)
"""The user seeds of a proof: what the user says differs, what they want does not."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why there is no proof."""

    reason: str


def prove(task: UserTask, world: World, play: Play, seeds: Sequence[int] = SEEDS) -> SolvabilityProof | Rejection:
    """A proof that the expert reaches the goal's state without a forbidden effect, whatever the user's seed, and that
    each of the task's operators shows in all of these dialogues.

    The gold state is computed from the goal, and success is the environment's verdict, so an expert that is wrong is
    rejected as well. Where nothing is to be carried out, two agents play too that carry nothing out.
    """
    try:
        gold = gold_digest(task, world)
    except UserError as error:
        return Rejection(f"the goal can't be reached: {error}")
    digests: list[str] = []
    turns, expert = 0, ""
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
        turns, expert = max(turns, played.turns), played.player
    return SolvabilityProof(
        expert=expert,
        seeds=tuple(seeds),
        trajectories=tuple(digests),
        turns=turns,
        gold_state=gold,
        task=task_digest(task),
        database=database_digest(task, world),
        noop_succeeds=_suffices("noop", task, world, play, seeds[0]),
        refuser_succeeds=_suffices("refuser", task, world, play, seeds[0]),
    )


def verify(task: UserTask, world: World, play: Play) -> str:
    """What is wrong with a task's proof, checked by playing everything again; "" when nothing is.

    A proof is no signature: who writes a task may prove it. It says that just this task can be solved.
    """
    proof = task.proof
    if proof is None:
        return "has no proof"
    if missing := sorted(set(SEEDS) - set(proof.seeds)):
        return f"is not proven for the user seeds {', '.join(map(str, missing))}"
    for op in task.ops:
        known = OPERATORS.get(op.name)
        if known is None or (op.category, op.level) != (known.category, known.level):
            return f"has an operator {op.name!r} of category {op.category!r} and level {op.level}, which there is not"
    if domain_changed(task, world):
        return f"was proven on another database: the domain {task.domain!r} has changed since"
    again = prove(task, world, play, proof.seeds)
    if isinstance(again, Rejection):
        return f"does not pass the gate: {again.reason}"
    for name, what in (
        ("task", "the task"),
        ("expert", "the expert"),
        ("gold_state", "the goal's state"),
        ("noop_succeeds", "whether an agent that does nothing succeeds"),
        ("refuser_succeeds", "whether an agent that always refuses succeeds"),
        ("turns", "the number of turns"),
        ("trajectories", "the dialogues"),
    ):
        if getattr(again, name) != getattr(proof, name):
            return f"is solvable, but {what} differ{'' if name == 'trajectories' else 's'} from the proof's"
    return ""


def gold_digest(task: UserTask, world: World) -> str:
    """Of the projected state that the goal wants. Raises UserError when it can't be reached."""
    return _digest(world.project(world.gold_state(task)))


def database_digest(task: UserTask, world: World) -> str:
    """Of the database of the task's seed."""
    return _digest(world.new_state(task.seed))


def domain_changed(task: UserTask, world: World) -> bool:
    """Whether the domain makes another database of the task's seed than the one that its own proof is of."""
    proof = task.proof
    if proof is None or not proof.database or proof.task != task_digest(task):
        return False
    return proof.database != database_digest(task, world)


def task_digest(task: UserTask) -> str:
    """Of everything about a task but its proof."""
    return _digest(task.model_dump(mode="json", exclude={"proof"}))


def is_refusal(task: UserTask) -> bool:
    """Whether the right thing is to refuse everything, or an agent that always does has solved the proven task."""
    return (task.proof is not None and task.proof.refuser_succeeds) or not any(map(_served, task.goal.subgoals))


def _suffices(agent: Passive, task: UserTask, world: World, play: Play, seed: int) -> bool:
    """Whether an agent that changes nothing succeeds; it is not asked where something is to be changed or told."""
    writes = any(wish.kind in world.writes for wish in map(_carried_out, task.goal.subgoals) if wish)
    must_tell = agent == "noop" and task.goal.must_hear
    return not writes and not must_tell and play(task, agent=agent, seed=seed).success


def _hidden(task: UserTask, played: Playback) -> str:
    """The name of an operator that does not show in the dialogue; "" when all do."""
    return next((op.name for op in task.ops if not OPERATORS[op.name].shows(task, op, played)), "")


def _served(subgoal: SubGoal) -> bool:
    return _carried_out(subgoal) is not None


def _carried_out(subgoal: SubGoal | None) -> SubGoal | None:
    """The wish that is served in the end: itself, what it falls back on, or none."""
    return subgoal if subgoal is None or subgoal.permitted else _carried_out(subgoal.fallback)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return sha256(text.encode()).hexdigest()[:16]
