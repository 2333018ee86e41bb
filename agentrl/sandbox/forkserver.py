"""The embedded back-end: a pool of zygotes, and `run` on the least busy of them."""

import asyncio
import atexit
import os
import socket
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePosixPath

from agentrl.errors import SandboxError
from agentrl.sandbox.exchange import Exchange
from agentrl.sandbox.types import DEFAULT_LIMITS, NO_FILES, ExecResult, Limits
from agentrl.sandbox.worker import Worker

_open: "weakref.WeakSet[EmbeddedSandbox]" = weakref.WeakSet()


class EmbeddedSandbox:
    """Programs run in children of small warm Python processes, each isolated by the kernel."""

    def __init__(self, tier: str, workers: int, first: Worker | None = None) -> None:
        """Start `workers` zygotes of `tier`, `first` being one that already runs. Raises SandboxError."""
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self._tier, self._lock, self._closed = tier, threading.Lock(), False
        self._workers: list[Worker] = [] if first is None else [first]
        _open.add(self)
        try:
            while len(self._workers) < workers:
                self._workers.append(Worker(tier, len(self._workers)))
        except BaseException:
            self.close()
            raise

    @property
    def tier(self) -> str:
        """How programs are isolated: "namespaces", "lockdown" or "none"."""
        return self._tier

    def run(
        self,
        program: str,
        *,
        stdin: str = "",
        files: Mapping[str, bytes] = NO_FILES,
        limits: Limits = DEFAULT_LIMITS,
        channel: socket.socket | None = None,
    ) -> ExecResult:
        """See `Sandbox.run`. A failure of the machinery is retried once, on a fresh zygote.

        A run with a channel is retried only when it had not started: its other end may have seen a part of it.
        """
        _check_files(files, limits)
        for last in (False, True):
            with self._worker() as worker:
                begun = False
                try:
                    with Exchange(worker, limits) as exchange:
                        try:
                            return exchange.run(program, stdin, files, channel)
                        finally:
                            begun = exchange.started
                except SandboxError:
                    self._replace(worker)
                    if last or (begun and channel is not None):
                        raise
                except OSError as error:
                    raise SandboxError(f"the trusted side failed: {error}") from error
        raise AssertionError("unreachable")

    async def arun(
        self,
        program: str,
        *,
        stdin: str = "",
        files: Mapping[str, bytes] = NO_FILES,
        limits: Limits = DEFAULT_LIMITS,
        channel: socket.socket | None = None,
    ) -> ExecResult:
        """`run` in a thread of the event loop's default pool."""
        return await asyncio.to_thread(self.run, program, stdin=stdin, files=files, limits=limits, channel=channel)

    def close(self) -> None:
        """Stop the zygotes and all that runs in them."""
        with self._lock:
            self._closed = True
            workers, self._workers = self._workers, []
        for worker in workers:
            worker.close()

    @contextmanager
    def _worker(self) -> Iterator[Worker]:
        with self._lock:
            if self._closed:
                raise SandboxError("this sandbox is closed")
            worker = min(self._workers, key=lambda candidate: candidate.load)
            worker.load += 1
        try:
            yield worker
        finally:
            with self._lock:
                worker.load -= 1

    def _replace(self, worker: Worker) -> None:
        """Put a fresh zygote in the place of one that failed, unless another thread already did."""
        with self._lock:
            if worker not in self._workers:
                return
            place = self._workers.index(worker)
            worker.close()
            self._workers[place] = Worker(self._tier, worker.number)

    def forget(self) -> None:
        """In a forked child: let go of the parent's zygotes without ending them."""
        self._closed = True
        for worker in self._workers:
            worker.forget()
        self._workers = []


def _close_all() -> None:
    for sandbox in list(_open):
        sandbox.close()


atexit.register(_close_all)


def _forget_all() -> None:
    for sandbox in list(_open):
        sandbox.forget()


os.register_at_fork(after_in_child=_forget_all)


def _check_files(files: Mapping[str, bytes], limits: Limits) -> None:
    for name in files:
        path = PurePosixPath(name)
        plain = path.parts and not path.is_absolute() and ".." not in path.parts and str(path) == name
        if not plain or "\0" in name:
            raise ValueError(f"{name!r} cannot be a file's name: it must be a plain relative path without '..'")
        if any(str(parent) in files for parent in path.parents):
            raise ValueError(f"{name!r} cannot be a file's name: a part of its path is a file, too")
    total = sum(len(data) for data in files.values())
    if total > limits.disk_mb << 20:
        raise ValueError(f"the files have {total} bytes, but Limits.disk_mb is {limits.disk_mb}")
