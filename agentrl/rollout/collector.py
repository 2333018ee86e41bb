"""Many episodes at once: a pool of environments, threads for their steps, retries for what FAILED."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentrl.envs.registry import EnvEntry
from agentrl.episode import Episode
from agentrl.rollout.games import Game, open_game
from agentrl.rollout.play import Job, MakeSeat, play
from agentrl.rollout.workers import Workers


class Collector:
    """Plays jobs in environments of one kind.

    Up to `concurrency` episodes are in flight. Their environments' calls run in up to `threads` threads, each for at
    most `timeout` seconds; the engine goes on with the others meanwhile. A FAILED episode is played again, with the
    same seeds in a fresh environment, up to `max_retries` times.
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
    ) -> None:
        self.entry, self._env_args = entry, env_args
        self._concurrency, self._max_retries = concurrency, max_retries
        self._workers = Workers(threads, timeout)
        self._idle: list[Game] = [open_game(entry, env_args)]  # one at once, so that a wrong environment is told early

    def collect(
        self, jobs: Sequence[Job], make_seat: MakeSeat, on_episode: Callable[[Episode], None] | None = None
    ) -> list[Episode]:
        """Play all jobs; the episodes come back in the order of the jobs.

        `on_episode` is called for each as it ends.
        """
        return asyncio.run(self._collect(jobs, make_seat, on_episode))

    def close(self) -> None:
        """Close all environments."""
        self._workers.close()
        while self._idle:
            self._idle.pop().close()

    @property
    def has_expert(self) -> bool:
        """Whether the environment can play its own scripted expert."""
        env = self._idle[0]._env  # type: ignore[attr-defined]
        return callable(getattr(env.unwrapped, "expert", None))

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
        in_thread = self._workers.run
        for _ in range(self._max_retries + 1):
            game = self._idle.pop() if self._idle else await in_thread(lambda: open_game(self.entry, self._env_args))
            episode = await play(game, self.entry.name, job, make_seat, in_thread)
            if not episode.failed:
                self._idle.append(game)
                break
        return episode
