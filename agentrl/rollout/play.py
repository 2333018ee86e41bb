"""The one loop that plays an episode, whoever sits in the seats and however many there are."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agentrl.episode import End, Episode, Trajectory
from agentrl.errors import InfrastructureError
from agentrl.rollout.game import Game, Outcome
from agentrl.rollout.seats import ScriptedSeat, Seat

T = TypeVar("T")
InThread = Callable[[Callable[[], T]], Awaitable[T]]
MakeSeat = Callable[[Game, str, "Job"], Seat]
_KEPT = (
    *("success", "category", "labels", "tools", "prompt_without_tools"),
    *("seats", "judge", "worth_imitating", "user_turns"),
)


@dataclass(frozen=True, slots=True)
class Job:
    """An episode to play: which task, which random numbers, and the group it belongs to."""

    group: str
    task_seed: int
    sampling_seed: int
    split: str = "train"
    temperature: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)
    """For the environment's `reset`, beside the split."""


async def play(game: Game, env_name: str, job: Job, make_seat: MakeSeat, in_thread: InThread[Any]) -> Episode:
    """Play one episode. What breaks in the environment or the engine makes it FAILED, never a reward of 0.

    `in_thread` runs a blocking call of the environment elsewhere, so that other episodes go on meanwhile.
    """
    seats: dict[str, Seat] = {}
    order: list[str] = []
    states: list[Any] = []
    ends: dict[str, End] = {}
    failure = ""
    no_room = False
    try:
        await in_thread(lambda: game.reset(job.task_seed, job.split, job.options))
        seats = {agent: make_seat(game, agent, job) for agent in game.agents}
        while game.waiting:
            actions = await _actions(game.waiting, seats)
            order += actions
            if len(actions) < len(game.waiting):
                no_room = True
                break
            states += [] if game.state is None else [_listed(game.state)]
            outcomes = await in_thread(lambda actions=actions: game.step(actions))  # type: ignore[misc]
            _record(outcomes, seats, ends)
    except InfrastructureError as error:
        failure = str(error)
    finally:
        for seat in seats.values():
            seat.close()
    default = End.FAILED if failure else End.TRUNCATED
    trajectories = tuple(
        seat.trajectory(End.FAILED if failure else ends.get(name, default), failure) for name, seat in seats.items()
    )
    if not seats:
        trajectories = (Trajectory(game.agents[0], (), End.FAILED, failure),)
    info = {key: value for key, value in game.info.items() if key in _KEPT}
    if no_room:
        info["no_room"] = True
    return Episode(
        env=env_name,
        task_id=str(game.info.get("task_id", job.task_seed)),
        seed=job.task_seed,
        group=job.group,
        trajectories=trajectories,
        order=tuple(order),
        states=tuple(states),
        info=_json_values(info),
    )


def play_now(game: Game, env_name: str, job: Job, make_seat: MakeSeat) -> Episode:
    """Play one episode in the thread that calls, with seats that are all scripted: nothing in it ever waits."""

    async def at_once(call: Callable[[], T]) -> T:
        return call()

    playing = play(game, env_name, job, make_seat, at_once)
    try:
        playing.send(None)
    except StopIteration as end:
        episode: Episode = end.value
        return episode
    finally:
        playing.close()
    raise RuntimeError("a seat that is not scripted had to wait")


async def _actions(waiting: Mapping[str, str], seats: Mapping[str, Seat]) -> dict[str, str]:
    """Ask all waiting seats, those of a policy at once; those that have no room left are missing in the answer."""
    if all(isinstance(seats[agent], ScriptedSeat) for agent in waiting):  # they never wait: see `play_now`
        texts = [await seats[agent].act(observation) for agent, observation in waiting.items()]
    else:
        texts = await asyncio.gather(*(seats[agent].act(observation) for agent, observation in waiting.items()))
    return {agent: text for agent, text in zip(waiting, texts, strict=True) if text is not None}


def _record(outcomes: Mapping[str, Outcome], seats: Mapping[str, Seat], ends: dict[str, End]) -> None:
    for agent, outcome in outcomes.items():
        seats[agent].record(outcome)
        if outcome.end is not None:
            ends[agent] = outcome.end


def _listed(state: Any) -> Any:
    """A state as plain lists and dictionaries, so that the episode can be written."""
    if isinstance(state, Mapping):
        return {str(key): _listed(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [_listed(value) for value in state]
    return state.tolist() if hasattr(state, "tolist") else state


def _json_values(info: dict[str, Any]) -> dict[str, Any]:
    """numpy scalars as Python's own, so that the episode can be written."""
    return {key: value.item() if hasattr(value, "item") else value for key, value in info.items()}
