"""Many episodes at once: a pool of environments, threads for their steps, retries for what FAILED."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentrl.envs.registry import EnvEntry
from agentrl.episode import End, Episode, Trajectory
from agentrl.rollout.games import Game, open_game
from agentrl.rollout.play import Job, MakeSeat, play, play_now
from agentrl.rollout.workers import CallTimeout, Workers


class Collector:
    """Plays jobs in environments of one kind.

    Up to `concurrency` episodes are in flight. Their environments' calls run in up to `threads` threads, each for at
    most `timeout` seconds; the engine goes on with the others meanwhile. A FAILED episode is played again, with the
    same seeds in a fresh environment, up to `max_retries` times.

    `scripted` promises that no seat is a policy's. Each episode is then one call in one thread, which is quicker; the
    timeout is for the whole of it.
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
    ) -> None:
        self.entry, self.env_args, self._scripted = entry, env_args, scripted
        self._concurrency, self._max_retries = concurrency, max_retries
        self._workers = Workers(threads, timeout)
        first = open_game(entry, env_args)  # at once, so that a wrong environment is told early
        self.has_expert = first.has_expert
        """Whether the environment can play its own scripted expert."""
        self.tiny_cold_start_args = first.tiny_cold_start_args
        """Arguments with which the environment wants to be made while the expert plays for a tiny policy."""
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
        try:
            return asyncio.run(self._collect(jobs, make_seat, on_episode))
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
                episode = await self._with_retries(job, make_seat)
            if on_episode is not None:
                on_episode(episode)
            return episode

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(job)) for job in jobs]
        return [task.result() for task in tasks]

    async def _with_retries(self, job: Job, make_seat: MakeSeat) -> Episode:
        for _ in range(self._max_retries + 1):
            game = self._idle.pop() if self._idle else await self._open()
            thread = _Thread(self._workers, self.entry.name)
            episode = await self._play(game, job, make_seat, thread)
            if not episode.failed:
                self._idle.append(game)
                break
            if not thread.hangs:
                with contextlib.suppress(Exception):  # it is broken already, and given up
                    await self._workers.run(game.close)
        return episode

    async def _play(self, game: Game, job: Job, make_seat: MakeSeat, thread: "_Thread") -> Episode:
        name = self.entry.name
        if not self._scripted:
            return await play(game, name, job, make_seat, thread.run)
        try:
            episode: Episode = await thread.run(lambda: play_now(game, name, job, make_seat))
        except CallTimeout as error:
            nothing = Trajectory(game.agents[0], (), End.FAILED, str(error))
            return Episode(name, str(job.task_seed), job.task_seed, job.group, (nothing,))
        return episode

    async def _open(self) -> Game:
        return await self._workers.run(lambda: open_game(self.entry, self.env_args))


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
