"""The zygotes of a sandbox: the least busy one for each run, a fresh one for each that died or served long enough."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from agentrl.errors import SandboxError
from agentrl.sandbox.embedded.worker import Worker

RUNS_PER_ZYGOTE = 20_000
"""After so many runs a zygote is replaced, so that what it may leak stays small."""


class Pool:
    """`workers` zygotes of one tier. A zygote that was replaced ends when the last of its runs does."""

    def __init__(self, tier: str, workers: int, first: Worker | None, work: str | None) -> None:
        """Start `workers` zygotes, `first` being one that already runs. Raises SandboxError."""
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self._tier, self._work, self._closed = tier, work, False
        self._lock, self._renewing = threading.Lock(), threading.Lock()
        self.workers: list[Worker] = [] if first is None else [first]
        self._retired: list[Worker] = []
        try:
            while len(self.workers) < workers:
                self.workers.append(Worker(tier, work))
        except BaseException:
            self.close()
            raise

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """The least busy zygote, for one run. Raises SandboxError when the pool is closed."""
        with self._lock:
            if self._closed:
                raise SandboxError("this sandbox is closed")
            worker = min(self.workers, key=lambda candidate: candidate.load)
            worker.load += 1
            worker.served += 1
            tired = worker.served % RUNS_PER_ZYGOTE == 0
        try:
            yield worker
        finally:
            with self._lock:
                worker.load -= 1
                done = worker in self._retired and not worker.load
                if done:
                    self._retired.remove(worker)
            if done:
                worker.close()
            if tired:
                with suppress(SandboxError):  # this run is well; the old zygote serves on
                    self.renew(worker)

    def renew(self, worker: Worker) -> None:
        """Put a fresh zygote in the place of this one, unless another thread already did; its runs go on to their end.

        Raises SandboxError when a fresh one does not start; the old one then keeps its place.
        """
        with self._renewing:
            with self._lock:
                if self._closed or worker not in self.workers:
                    return
            fresh = Worker(self._tier, self._work)
            with self._lock:
                if self._closed:
                    worker, idle = fresh, True
                else:
                    self.workers[self.workers.index(worker)] = fresh
                    idle = not worker.load
                    self._retired += [] if idle else [worker]
        if idle:
            worker.close()

    def close(self) -> None:
        """Stop the zygotes and all that runs in them."""
        with self._lock:
            self._closed = True
            workers, self.workers, self._retired = self.workers + self._retired, [], []
        for worker in workers:
            worker.close()

    def forget(self) -> None:
        """In a forked child: let go of the parent's zygotes without ending them."""
        self._closed, self._lock = True, threading.Lock()  # another thread may have held it at the fork
        for worker in self.workers + self._retired:
            worker.forget()
        self.workers, self._retired = [], []
