"""A process namespace for each run of the tier "namespaces": a process 1 that only waits, and the program beside it.

Both are children of the zygote. When the program has ended, or has to, the zygote kills process 1, and with it the
kernel ends every other process of the run. Process 1 ignores SIGCHLD, so that the kernel reaps orphans by itself.

Process 1 shares the zygote's memory and open files, since a copy of them is what a run costs most. What keeps programs
from reaching the zygote through it: memory that is not dumpable can be opened only with CAP_SYS_PTRACE in the user
namespace that the zygote was started from; besides, landlock refuses it, and the filter has no call for it.
"""

import os
import signal
from dataclasses import dataclass

from agentrl.sandbox.embedded import kernel
from agentrl.sandbox.embedded.waiting import Room


@dataclass(frozen=True, slots=True)
class Cell:
    """The process namespace of one run, held by its process 1: a pid, a pidfd, and the memory it has for itself."""

    pid: int
    handle: int
    room: Room

    def end(self) -> None:
        """Kill process 1. The kernel ends all others before it tells of its end."""
        signal.pidfd_send_signal(self.handle, signal.SIGKILL)


class Cells:
    """Makes cells. The process must have one thread, CAP_SYS_ADMIN in its user namespace, and not be dumpable."""

    def __init__(self) -> None:
        """Raises OSError."""
        self._home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._rooms: list[Room] = []

    def fork(self) -> tuple[Cell, int, int]:
        """A new cell, and the pid and a pidfd of a copy of this process that is in it: 0 and -1 in that copy.

        Raises OSError.
        """
        kernel.unshare(kernel.CLONE_NEWPID)
        pid = -1
        try:
            cell = self._open()
            try:
                pid, handle = kernel.fork_with_handle()
            except OSError:
                cell.end()
                self.close(cell)
                raise
        finally:
            if pid:  # children of this process are to be born at home again; the copy's are not
                kernel.join_namespace(self._home, kernel.CLONE_NEWPID)
        return cell, pid, handle

    def _open(self) -> Cell:
        room = self._rooms.pop() if self._rooms else Room()
        return Cell(*room.spawn(), room)

    def close(self, cell: Cell) -> None:
        """Take leave of a cell that has ended, or is about to: waits for its process 1."""
        os.waitpid(cell.pid, 0)
        os.close(cell.handle)
        self._rooms.append(cell.room)
