"""The WebAssembly back-end: `run` on a free worker process, and a fresh one for each that was killed."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from agentrl.errors import SandboxError
from agentrl.sandbox import living
from agentrl.sandbox.calling import check_files, in_thread
from agentrl.sandbox.places import Places
from agentrl.sandbox.types import DEFAULT_LIMITS, NO_FILES, ExecResult, Limits
from agentrl.sandbox.wasm.component import compiled
from agentrl.sandbox.wasm.worker import Worker


class WasmSandbox:
    """Programs run in fresh WebAssembly instances of CPython, inside killable worker processes."""

    def __init__(self, workers: int = 2, *, in_flight: int | None = None) -> None:
        """Start `workers` worker processes; the first time on a machine, build the component (half a minute).

        At most `in_flight` runs happen at once (None: one per worker), not counting those with a channel, for which
        further workers start where none is free. Raises SandboxError that says what is missing.
        """
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self._places, self._workers = Places(in_flight or workers), workers
        self._lock, self._closed = threading.Lock(), False
        self._component = compiled()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        living.register(self)
        try:
            while len(self._idle) < workers:
                self._idle.append(Worker(self._component))
        except BaseException:
            self.close()
            raise

    @property
    def tier(self) -> str:
        """Always "wasm"."""
        return "wasm"

    def place(self) -> AbstractContextManager[None]:
        """See `Sandbox.place`."""
        return self._places.place()

    def run(
        self,
        program: str,
        *,
        stdin: str = "",
        files: Mapping[str, bytes] = NO_FILES,
        limits: Limits = DEFAULT_LIMITS,
        channel: socket.socket | None = None,
        stop: int | None = None,
    ) -> ExecResult:
        """See `Sandbox.run`. What goes wrong with a worker is tried once more, unless there is a channel."""
        check_files(files, limits)
        with self._places.place() if channel is None else nullcontext():
            return self._run(program, stdin, files, limits, channel, () if stop is None else (stop,))

    async def arun(
        self,
        program: str,
        *,
        stdin: str = "",
        files: Mapping[str, bytes] = NO_FILES,
        limits: Limits = DEFAULT_LIMITS,
        channel: socket.socket | None = None,
        stop: int | None = None,
    ) -> ExecResult:
        """`run`, in a thread of its own; waiting for a place takes none. Cancelling the task kills the run."""
        check_files(files, limits)
        async with self._places.aplace() if channel is None else nullcontext():
            return await in_thread(
                lambda cancelled: self._run(
                    program, stdin, files, limits, channel, (cancelled,) if stop is None else (cancelled, stop)
                )
            )

    def close(self) -> None:
        """Kill the workers, with all that runs in them."""
        with self._lock:
            self._closed = True
            workers, self._idle = [*self._idle, *self._busy], []
        for worker in workers:
            worker.kill()

    def forget(self) -> None:
        """In a forked child: let go of the parent's workers without ending them."""
        self._closed, self._lock = True, threading.Lock()
        self._places.forget()
        for worker in (*self._idle, *self._busy):
            worker.forget()
        self._idle, self._busy = [], set()

    def _run(
        self,
        program: str,
        stdin: str,
        files: Mapping[str, bytes],
        limits: Limits,
        channel: socket.socket | None,
        stops: tuple[int, ...],
    ) -> ExecResult:
        for last in (False, True):
            try:
                with self._worker() as worker:
                    return worker.run(program, stdin, files, limits, channel, stops)
            except SandboxError:
                if last or channel is not None or self._closed:
                    raise
        raise AssertionError("unreachable")

    def _check_open(self) -> None:
        if self._closed:
            raise SandboxError("this sandbox is closed")

    @contextmanager
    def _worker(self) -> Iterator[Worker]:
        """A free worker, or a further one; kept afterwards if it lives and is not one too many."""
        with self._lock:
            self._check_open()
            worker = self._idle.pop() if self._idle else None
        worker = worker or Worker(self._component)
        with self._lock:
            self._busy.add(worker)
        try:
            self._check_open()  # it may have taken its time to start
            yield worker
        finally:
            with self._lock:
                self._busy.discard(worker)
                keep = worker.alive and not self._closed and len(self._idle) < self._workers
                if keep:
                    self._idle.append(worker)
            if not keep:
                worker.kill()
