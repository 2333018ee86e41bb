"""Inside the sandbox: one command of a session in a shell of its own, with its output and what persists after it."""

import os
import select
import signal
import time
from typing import NamedTuple

MOST_STATE = 1 << 16
"""Bytes of directory and exported variables that are taken over from a shell; one more tells that there were more."""
_CHUNK = 1 << 16
_FLOOD_FACTOR = 64
_LINGER_SECONDS = 0.05
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ)


class Shell(NamedTuple):
    """A shell, the descriptor on which it reports its state when it exits, and the script that runs a command."""

    path: str
    report: int
    script: str


# The arguments are the command and the state. `eval` takes the command as a text of its own, so that an open quote or a
# missing end of a heredoc swallows nothing; the trap also runs after `exit`.
_SCRIPT = r"""eval "$2" 2>/dev/null
trap '{ set +x; pwd -P; printf "\0"; export -p; printf "\0"; } 2>/dev/null >&%d' EXIT
eval "shift 2;$1"%s"""
SHELLS = (
    Shell("/bin/bash", 50, _SCRIPT % (50, "")),
    # dash knows descriptors of one digit only, which scripts use as well: so the command does not see this one. (bash
    # would not give it back to the trap after an `exit` in a function.)
    Shell("/bin/sh", 9, _SCRIPT % (9, " 9>&-")),
)


class Kept:
    """Output: all of it is counted, the first half and the last half of `most` bytes are kept."""

    def __init__(self, most: int) -> None:
        self.most, self.total = most, 0
        self.first, self.last = bytearray(), bytearray()

    def add(self, data: bytes) -> None:
        """Take in more."""
        self.total += len(data)
        room = max(0, self.most // 2 - len(self.first))
        self.first += data[:room]
        self.last += data[room:]
        del self.last[: max(0, len(self.last) - (self.most - self.most // 2))]


class Command:
    """One command while it runs."""

    def __init__(self, shell: Shell, text: bytes, state: bytes, most: int) -> None:
        """Start it. Raises OSError when no process can be started."""
        self.kept, self.state = Kept(most), bytearray()
        self.output, output = os.pipe()
        self.report, report = os.pipe()
        try:
            self.pid = _spawn(shell, text, state, output, report)
        except OSError:
            os.close(self.output)
            os.close(self.report)
            raise
        finally:
            os.close(output)
            os.close(report)
        self.ended = os.pidfd_open(self.pid)
        self.poll = select.poll()
        for descriptor in (self.output, self.report, self.ended):
            os.set_blocking(descriptor, False)
            self.poll.register(descriptor, select.POLLIN)

    def follow(self, seconds: float) -> str:
        """Read until the shell has ended; what stopped it: "", "time" or "output"."""
        deadline = time.monotonic() + seconds
        while True:
            if self.kept.total > self.kept.most * _FLOOD_FACTOR:
                return "output"
            left = deadline - time.monotonic()
            if left <= 0:
                return "time"
            if self._take(left):
                return ""

    def end(self, stop: bool) -> int:
        """Reap the shell, after killing its process group if `stop`; returns its exit code, minus a signal's number."""
        if stop:
            os.killpg(self.pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.poll.unregister(self.ended)
        os.close(self.ended)
        # What other processes of the command still hold in their pipes; not longer, since some stay for ever.
        deadline = time.monotonic() + _LINGER_SECONDS
        while self.output >= 0 and (left := deadline - time.monotonic()) > 0:
            self._take(left)
        self._take(0.0)
        if self.report >= 0:
            os.close(self.report)
        return code

    def _take(self, seconds: float) -> bool:
        """Wait for something to read and read it; whether the shell has ended."""
        found = [descriptor for descriptor, _ in self.poll.poll(seconds * 1000)]
        for descriptor in found:
            if descriptor == self.ended:
                continue
            try:
                data = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                continue
            if descriptor == self.output:
                self.kept.add(data)
            elif len(self.state) <= MOST_STATE:
                self.state += data
            if not data:
                self._close(descriptor)
        return self.ended in found

    def _close(self, descriptor: int) -> None:
        self.poll.unregister(descriptor)
        os.close(descriptor)
        if descriptor == self.output:
            self.output = -1
        else:
            self.report = -1


def _spawn(shell: Shell, text: bytes, state: bytes, output: int, report: int) -> int:
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
        (os.POSIX_SPAWN_DUP2, report, shell.report),
    ]
    words: list[str | bytes] = [shell.path, "-c", shell.script, "sh", text, state]
    # The state brings all variables, so that one that was unset stays so.
    return os.posix_spawn(shell.path, words, {}, file_actions=actions, setsid=True, setsigdef=_DEFAULT_SIGNALS)
