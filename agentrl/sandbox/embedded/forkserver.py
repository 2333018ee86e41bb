"""The embedded back-end: `run` on the least busy of a pool of zygotes, for threads and for event loops."""

import socket
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from agentrl.errors import SandboxError
from agentrl.sandbox import living
from agentrl.sandbox.calling import check_files, in_thread
from agentrl.sandbox.embedded.cgroups import Groups
from agentrl.sandbox.embedded.exchange import Exchange, ZygoteError
from agentrl.sandbox.embedded.pool import Pool
from agentrl.sandbox.embedded.worker import Worker
from agentrl.sandbox.places import Places
from agentrl.sandbox.types import DEFAULT_LIMITS, NO_FILES, ExecResult, Limits

_RUNS_PER_WORKER = 4
_RETRY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Order:
    """What a caller wants run."""

    program: str
    stdin: str
    files: Mapping[str, bytes]
    limits: Limits
    channel: socket.socket | None
    stop: int | None


class EmbeddedSandbox:
    """Programs run in children of small warm Python processes, each isolated by the kernel."""

    def __init__(
        self,
        tier: str,
        workers: int,
        first: Worker | None = None,
        *,
        in_flight: int | None = None,
        work: str | None = None,
    ) -> None:
        """Start `workers` zygotes of `tier`, `first` being one that already runs.

        At most `in_flight` runs happen at once (None: four per worker). `work` is the directory for the runs' own ones,
        where the tier has no mounts (None: the temporary directory). Raises SandboxError.
        """
        self._tier = tier
        self._places = Places(in_flight or _RUNS_PER_WORKER * max(1, workers))
        self._groups = Groups(processes=tier == "none")
        try:
            self._pool = Pool(tier, workers, first, work)
        except BaseException:
            self._groups.give_up()
            raise
        living.register(self)

    @property
    def tier(self) -> str:
        """How programs are isolated: "namespaces", "lockdown", "container" or "none"."""
        return self._tier

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
        """See `Sandbox.run`. A failure of the machinery is retried once, on a fresh zygote if this one is dead.

        A run with a channel is retried only when it had not started: its other end may have seen a part of it.
        """
        order = _Order(program, stdin, files, limits, channel, stop)
        check_files(files, limits)
        with self._places.place() if channel is None else nullcontext():
            return self._run(order, None)

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
        order = _Order(program, stdin, files, limits, channel, stop)
        check_files(files, limits)
        async with self._places.aplace() if channel is None else nullcontext():
            return await in_thread(lambda cancelled: self._run(order, cancelled))

    def place(self) -> AbstractContextManager[None]:
        """See `Sandbox.place`."""
        return self._places.place()

    def close(self) -> None:
        """Stop the zygotes and all that runs in them."""
        self._pool.close()
        self._groups.give_up()

    def forget(self) -> None:
        """In a forked child: let go of the parent's zygotes without ending them."""
        self._places.forget()
        self._pool.forget()
        self._groups.forget()

    def _run(self, order: _Order, cancel: int | None) -> ExecResult:
        stops = [descriptor for descriptor in (order.stop, cancel) if descriptor is not None]
        for last in (False, True):
            with self._pool.worker() as worker:
                begun = False
                try:
                    with (
                        self._groups.lend(order.limits) as group,
                        Exchange(worker, order.limits, group, stops) as exchange,
                    ):
                        try:
                            return exchange.run(order.program, order.stdin, order.files, order.channel)
                        finally:
                            begun = exchange.started
                            if "ungrouped" in exchange.messages:
                                self._groups.give_up()
                except SandboxError as error:
                    if isinstance(error, ZygoteError):
                        worker.kill()
                        self._pool.renew(worker)
                    if last or (begun and order.channel is not None):
                        raise
                except OSError as error:
                    raise SandboxError(f"the trusted side failed: {error}") from error
            time.sleep(_RETRY_SECONDS)  # what a set-up lacked may be there again
        raise AssertionError("unreachable")
