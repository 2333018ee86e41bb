"""Many episodes at once: a pool of environments, threads for their steps, retries for what FAILED."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentrl.envs.registry import EnvEntry
from agentrl.episode import End, Episode, Trajectory
from agentrl.rollout.game import Game
from agentrl.rollout.opening import open_game
from agentrl.rollout.play import Job, MakeSeat, play, play_now
from agentrl.rollout.workers import CallTimeout, Workers

_SLICE = 0.02
"""Seconds for which one call of a thread goes on to further scripted episodes: short ones cost less than a call."""


class Collector:
    """Plays jobs in environments of one kind.

    Up to `concurrency` episodes are in flight. Their environments' calls run in up to `threads` threads, each for at
    most `timeout` seconds; the engine goes on with the others meanwhile. A FAILED episode is played again, with the
    same seeds in a fresh environment, up to `max_retries` times.

    `scripted` promises that no seat is a policy's. Whole episodes are then played in a thread, one after the other,
    which is quicker; the timeout is for the whole of an episode. `trainable_seats` are those that learn; None: the
    environment's own choice.
    """

    def __init__(
        self,
        entry: EnvEntry,
        env_args: Mapping[str, Any],
        *,
        concurrency: int = 64,
        threads: int = 4,
        timeout: float = 300.0,
        max_retries: int = 1,
        scripted: bool = False,
        trainable_seats: Sequence[str] | None = None,
    ) -> None:
        self.entry, self.env_args, self._scripted = entry, env_args, scripted
        self._concurrency, self._max_retries = concurrency, max_retries
        self._workers, self._threads = Workers(threads, timeout), threads
        self._trainable_seats = trainable_seats
        first = open_game(entry, env_args, trainable_seats)  # at once, so that a wrong environment is told early
        self.has_expert = first.has_expert
        """Whether the environment can play its own scripted expert."""
        self.tiny_cold_start_args = first.tiny_cold_start_args
        """Arguments with which the environment wants to be made while the expert plays for a tiny policy."""
        self.cold_start_args = first.cold_start_args
        """What it replaces among given arguments while the expert plays, for any policy."""
        self.conditions = first.conditions()
        """What this machine gives the environment, in a line, or ""."""
        self.curriculum = first.curriculum()
        """What chooses the training tasks, where the environment has such a thing."""
        self.seats = len(first.agents)
        """How many agents play in one episode."""
        self._idle: list[Game] = [first]

    def collect(
        self, jobs: Sequence[Job], make_seat: MakeSeat, on_episode: Callable[[Episode], None] | None = None
    ) -> list[Episode]:
        """Play all jobs; the episodes come back in the order of the jobs.

        `on_episode` is called for each as it ends. Raises what making another environment, or the engine, raises.
        """
        collect = self._collect_scripted if self._scripted else self._collect
        try:
            return asyncio.run(collect(jobs, make_seat, on_episode))
        except ExceptionGroup as group:  # the first error cancels all other episodes; it is what the user must see
            raise _first(group) from group

    def close(self) -> None:
        """Close all environments."""
        self._workers.close()
        while self._idle:
            self._idle.pop().close()

    async def _collect(
        self, jobs: Sequence[Job], make_seat: MakeSeat, on_episode: Callable[[Episode], None] | None
    ) -> list[Episode]:
        in_flight = asyncio.Semaphore(self._concurrency)

        async def run(job: Job) -> Episode:
            async with in_flight:
                episode = await self._with_retries(job, make_seat, self._max_retries + 1)
            if on_episode is not None:
                on_episode(episode)
            return episode

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(job)) for job in jobs]
        return [task.result() for task in tasks]

    async def _collect_scripted(
        self, jobs: Sequence[Job], make_seat: MakeSeat, on_episode: Callable[[Episode], None] | None
    ) -> list[Episode]:
        waiting = deque(enumerate(jobs))
        episodes: dict[int, Episode] = {}

        async def run() -> None:
            while waiting:
                for number, episode in await self._play_slice(waiting, make_seat):
                    if episode.failed and self._max_retries:
                        episode = await self._with_retries(jobs[number], make_seat, self._max_retries)
                    episodes[number] = episode
                    if on_episode is not None:
                        on_episode(episode)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._threads, self._concurrency, len(jobs))):
                group.create_task(run())
        return [episodes[number] for number in range(len(jobs))]

    async def _play_slice(self, waiting: deque[tuple[int, Job]], make_seat: MakeSeat) -> list[tuple[int, Episode]]:
        """Some of the waiting jobs, in one call of a thread; the last of them may have FAILED."""
        game = self._idle.pop() if self._idle else await self._open()
        thread = _Thread(self._workers, self.entry.name)
        taken: list[tuple[int, Job]] = []
        played: list[tuple[int, Episode]] = []

        def play_some() -> None:
            end = time.monotonic() + _SLICE
            while waiting and time.monotonic() < end:
                try:
                    number, job = waiting.popleft()
                except IndexError:  # another thread was quicker
                    return
                taken.append((number, job))
                episode = play_now(game, self.entry.name, job, make_seat)
                played.append((number, episode))
                if episode.failed:
                    return

        try:
            await thread.run(play_some)
        except CallTimeout as error:
            number, job = taken[-1]
            return [*played[: len(taken) - 1], (number, self._hung(game, job, error))]
        await self._give_back(game, thread, failed=bool(played) and played[-1][1].failed)
        return played

    async def _with_retries(self, job: Job, make_seat: MakeSeat, tries: int) -> Episode:
        for _ in range(tries):
            game = self._idle.pop() if self._idle else await self._open()
            thread = _Thread(self._workers, self.entry.name)
            episode = await self._play(game, job, make_seat, thread)
            await self._give_back(game, thread, failed=episode.failed)
            if not episode.failed:
                break
        return episode

    async def _give_back(self, game: Game, thread: "_Thread", *, failed: bool) -> None:
        """For the next episode; a game that failed is broken, and closed unless it hangs."""
        if not failed:
            self._idle.append(game)
        elif not thread.hangs:
            with contextlib.suppress(Exception):  # it is broken already, and given up
                await self._workers.run(game.close)

    async def _play(self, game: Game, job: Job, make_seat: MakeSeat, thread: "_Thread") -> Episode:
        name = self.entry.name
        if not self._scripted:
            return await play(game, name, job, make_seat, thread.run)
        try:
            episode: Episode = await thread.run(lambda: play_now(game, name, job, make_seat))
        except CallTimeout as error:
            return self._hung(game, job, error)
        return episode

    def _hung(self, game: Game, job: Job, error: CallTimeout) -> Episode:
        nothing = Trajectory(game.agents[0], (), End.FAILED, str(error))
        return Episode(self.entry.name, str(job.task_seed), job.task_seed, job.group, (nothing,))

    async def _open(self) -> Game:
        return await self._workers.run(lambda: open_game(self.entry, self.env_args, self._trainable_seats))


class _Thread:
    """Runs an episode's calls, and remembers whether one of them did not come back."""

    def __init__(self, workers: Workers, name: str) -> None:
        self._workers, self._name = workers, name
        self.hangs = False

    async def run(self, call: Callable[[], Any]) -> Any:
        try:
            return await self._workers.run(call)
        except CallTimeout as error:
            self.hangs = True
            raise CallTimeout(f"{self._name}: {error}") from error


def _first(group: ExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error
