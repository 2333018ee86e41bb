"""The runs of the tier "namespaces": each in a cell, all of them watched by the zygote itself."""

import errno
import os
import select
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agentrl.sandbox.embedded import execution, supervision
from agentrl.sandbox.embedded.cells import Cell, Cells
from agentrl.sandbox.embedded.runs import send

_REST = 4
"""How many times as long as a look takes the zygote does other things before the next."""


@dataclass(slots=True)
class Run:
    """A program in its cell. `end` is what is told when the cell has ended, too; `blind` counts looks that failed."""

    pid: int
    handle: int
    cell: Cell
    reply: socket.socket
    ward: supervision.Ward
    kills: int
    blind: int = 0
    end: dict[str, Any] | None = None


class CellRuns:
    """Starts, watches and ends them."""

    def __init__(self, poll: select.poll) -> None:
        """Raises OSError."""
        self._poll, self._cells = poll, Cells()
        self._proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._runs: dict[int, Run] = {}
        self._next_look = 0.0
        self._seen: dict[str, str] | None = None

    def start(self, request: execution.Request, reply: socket.socket) -> None:
        """See `Runs`."""
        events = None if request.events is None else os.dup(request.events)
        try:
            kills = supervision.kills_of(events)
            cell, pid, handle = self._cells.fork()
        except OSError:
            if events is not None:
                os.close(events)
            raise
        if pid == 0:
            execution.run_in_namespaces(request)
        ward = supervision.Ward(
            members=lambda proc: supervision.family((pid, cell.pid), self._parents(proc)) - {str(cell.pid)},
            memory_kb=request.limits.memory_mb * 1024,
            events=events,
        )
        self._follow(handle, Run(pid, handle, cell, reply, ward, kills))
        send(reply, cell.handle, started=pid, directory="")

    def _parents(self, proc: int) -> dict[str, str]:
        """The parents of all processes, looked up once a tick. No file is opened while each run has two, as most."""
        if self._seen is None:
            crowded = len(supervision.processes(proc)) > 1 + 2 * len(self._runs)
            self._seen = supervision.parents_in(proc) if crowded else {}
        return self._seen

    def _follow(self, handle: int, run: Run) -> None:
        self._runs[handle] = run
        self._poll.register(handle, select.POLLIN)

    def ended(self, descriptor: int) -> None:
        """See `Runs`. The program ends first: the kernel keeps process 1 until the zygote has waited for it."""
        run = self._runs.pop(descriptor)
        self._poll.unregister(descriptor)
        if descriptor == run.handle:
            self._end_cell(run)
        else:
            self._tell(run)

    def _end_cell(self, run: Run) -> None:
        _, status, usage = os.wait4(run.pid, 0)
        spent = {"cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss}
        run.end = {**(run.end or {}), "end": status, **spent}
        with suppress(ProcessLookupError):  # who wants the run to stop kills process 1
            run.cell.end()
        self._follow(run.cell.handle, run)

    def _tell(self, run: Run) -> None:
        self._cells.close(run.cell)
        os.close(run.handle)
        if run.ward.events is not None:
            os.close(run.ward.events)
        send(run.reply, **(run.end or {}))
        run.reply.close()

    def tick_ms(self) -> int | None:
        """See `Runs`."""
        return supervision.TICK_MS if self._runs else None

    def tick(self) -> None:
        """Look whether a run holds more than it may. Hundreds of processes may not take all of this one's time."""
        start = time.monotonic()
        if start < self._next_look:
            return
        self._seen = None
        for run in list(self._runs.values()):
            if run.end is None:
                self._look(run)
        now = time.monotonic()
        self._next_look = now + max(supervision.TICK_MS / 1000, _REST * (now - start))

    def _look(self, run: Run) -> None:
        """End the run if a limit holds, or if it cannot be looked at: the program may have made it so."""
        try:
            limit, by = supervision.exceeded(run.ward, run.kills, self._proc)
            run.blind = 0
        except Exception as error:
            run.blind += 1
            number = error.errno if isinstance(error, OSError) else None
            if number in (errno.EMFILE, errno.ENFILE) and run.blind <= supervision.MOST_BLIND:
                return
            # No program can fill the zygote's own table of open files.
            run.end = {"failed": str(error)} if number == errno.EMFILE else {"limit": "", "by": ""}
        else:
            if not limit:
                return
            run.end = {"limit": limit, "by": by}
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(run.handle, signal.SIGKILL)
