"""One run, seen from the trusted side: send it, read what it writes, enforce wall time, output and disk, classify.

Everything a run needs is its own (pipes, reply socket, pidfd), so any number of threads can each wait for theirs.
"""

import array
import contextlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Mapping
from typing import Any

from agentrl.errors import SandboxError
from agentrl.sandbox import program as payload
from agentrl.sandbox.types import ExecResult, Limits, Status
from agentrl.sandbox.worker import Worker

_SETUP_SECONDS = 15.0
_ASK_SECONDS = 1.0
_END_SECONDS = 10.0
_DISK_TICK_SECONDS = 0.05
_DISK_FILES = 4096
_FLOOD_FACTOR = 64
_CHUNK = 1 << 16
_MIB = 1 << 20


class Capture:
    """A stream of output: all of it is read, the beginning or the end is kept."""

    def __init__(self, limit: int, keep_end: bool) -> None:
        self.limit, self.keep_end = limit, keep_end
        self.kept, self.total = bytearray(), 0

    def add(self, data: bytes) -> None:
        """Take in more of the stream."""
        self.total += len(data)
        if self.keep_end:
            self.kept += data
            del self.kept[: max(0, len(self.kept) - self.limit)]
        else:
            self.kept += data[: max(0, self.limit - len(self.kept))]

    @property
    def truncated(self) -> bool:
        """Whether something was not kept."""
        return self.total > self.limit

    def text(self) -> str:
        """What was kept, as text; bytes that are no UTF-8 become U+FFFD."""
        return self.kept.decode("utf-8", "replace")


class Exchange:
    """The life of one run. Use as a context manager: leaving it closes every descriptor."""

    def __init__(self, worker: Worker, limits: Limits) -> None:
        self.worker, self.limits = worker, limits
        self.started = False
        self.messages: dict[str, Any] = {}
        self.stopped_by = ""
        self.killed = False
        self.handle = -1
        self.start_time = self.end_time = time.monotonic()
        kept = limits.output_kb * 1024
        self.output, self.errors = Capture(kept, keep_end=False), Capture(kept, keep_end=True)
        self.reply, self._their_reply = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._stdout, self._their_stdout = os.pipe()
        self._stderr, self._their_stderr = os.pipe()
        self._captures = {self._stdout: self.output, self._stderr: self.errors}
        self._poll = select.poll()
        for descriptor in (*self._captures, self.reply.fileno()):
            self._poll.register(descriptor, select.POLLIN)

    def __enter__(self) -> "Exchange":
        return self

    def __exit__(self, *unused: object) -> None:
        self._close_theirs()
        self.reply.close()
        for descriptor in (self._stdout, self._stderr, *([self.handle] if self.handle >= 0 else [])):
            os.close(descriptor)

    def _close_theirs(self) -> None:
        self._their_reply.close()
        for descriptor in (self._their_stdout, self._their_stderr):
            if descriptor >= 0:
                os.close(descriptor)
        self._their_stdout = self._their_stderr = -1

    def run(self, program: str, stdin: str, files: Mapping[str, bytes], channel: socket.socket | None) -> ExecResult:
        """Run to the end. Raises SandboxError when the machinery fails; `started` then tells how far it came."""
        parts = _memory_file(payload.pack(program, dict(files)))
        source = _memory_file([stdin.encode("utf-8", "replace")]) if stdin else os.open(os.devnull, os.O_RDONLY)
        theirs = [self._their_reply.fileno(), parts, source, self._their_stdout, self._their_stderr]
        try:
            self.worker.send(self.limits, theirs if channel is None else [*theirs, channel.fileno()])
        except OSError as error:
            raise SandboxError(f"the fork server is gone: {error}") from error
        finally:
            os.close(parts)
            os.close(source)
            self._close_theirs()
        self._follow()
        self._drain()
        return self._result()

    def _follow(self) -> None:
        """Read and watch until the zygote says that the run has ended."""
        deadline = time.monotonic() + _SETUP_SECONDS
        disk_check = time.monotonic() + _DISK_TICK_SECONDS
        while "end" not in self.messages:
            now = time.monotonic()
            if now >= deadline:
                deadline = self._on_deadline()
            if now >= disk_check:
                disk_check = self._on_disk_tick(now)
            for descriptor, _ in self._poll.poll(max(0.0, min(deadline, disk_check) - now) * 1000 + 1):
                if descriptor != self.reply.fileno():
                    self._read(descriptor)
                elif self._receive():
                    deadline = self.start_time + self.limits.wall_seconds
            if not self.stopped_by and self.output.total + self.errors.total > self._flood:
                deadline = self._stop("output_kb")

    @property
    def _flood(self) -> int:
        return self.limits.output_kb * 1024 * _FLOOD_FACTOR

    def _on_deadline(self) -> float:
        if not self.started:
            raise SandboxError(f"the sandbox did not start the program within {_SETUP_SECONDS:.0f} s")
        if not self.stopped_by:
            return self._stop("wall_seconds")
        if not self.killed:
            return self._kill()
        raise SandboxError(f"the run was killed, but did not end within {_END_SECONDS:.0f} s")

    def _stop(self, limit: str) -> float:
        """End the run because `limit` held; returns the time by which the end must be reported.

        Process 1 of the run's namespaces is asked, since it can still tell what the program used; then it is killed.
        """
        self.stopped_by = limit
        if self.worker.tier != "namespaces":
            return self._kill()
        with contextlib.suppress(OSError):
            self.reply.shutdown(socket.SHUT_WR)
        return time.monotonic() + _ASK_SECONDS

    def _kill(self) -> float:
        """SIGKILL process 1 of the run's namespaces (the kernel kills the rest), or the program itself."""
        self.killed = True
        with contextlib.suppress(ProcessLookupError):  # it may end on its own at the same moment
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        return time.monotonic() + _END_SECONDS

    def _on_disk_tick(self, now: float) -> float:
        """Where no file system of its own bounds the run, look how much it wrote; returns the time of the next look."""
        directory = self.messages.get("directory", "")
        if self.started and not directory:
            return float("inf")
        if directory and not self.stopped_by and _too_much_in(directory, self.limits.disk_mb * _MIB):
            self._stop("disk_mb")
        return now + _DISK_TICK_SECONDS

    def _read(self, descriptor: int) -> bool:
        """Take in what is there; False at the end of the stream."""
        data = os.read(descriptor, _CHUNK)
        self._captures[descriptor].add(data)
        if not data:
            self._poll.unregister(descriptor)
        return bool(data)

    def _receive(self) -> bool:
        """Take in one message; True when it says that the program started."""
        data, ancillary, _, _ = self.reply.recvmsg(1 << 16, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)
        for _, _, rights in ancillary:
            self.handle = array.array("i", rights)[0]
        if not data:
            raise SandboxError("the fork server died during the run")
        message = json.loads(data)
        if "failed" in message:
            raise SandboxError(f"the sandbox could not set up the run: {message['failed']}")
        self.messages.update(message)
        if "started" in message:
            self.started, self.start_time = True, time.monotonic()
        if "end" in message:
            self.end_time = time.monotonic()
        return "started" in message

    def _drain(self) -> None:
        """Read what is left in the pipes. Never waits: outside namespaces a stray process may hold them open."""
        for descriptor in self._captures:
            os.set_blocking(descriptor, False)
            try:
                while data := os.read(descriptor, _CHUNK):
                    self._captures[descriptor].add(data)
            except BlockingIOError:
                continue

    def _result(self) -> ExecResult:
        raw = self.messages.get("status", self.messages["end"])
        status, limit, code = self._classify(raw)
        return ExecResult(
            status=status,
            stdout=self.output.text(),
            stderr=self.errors.text(),
            exit_code=code,
            wall_seconds=self.end_time - self.start_time,
            cpu_seconds=self.messages["cpu"],
            max_rss_mb=self.messages["rss"] / 1024,
            tier=self.worker.tier,
            truncated=self.output.truncated or self.errors.truncated,
            limit=limit,
        )

    def _classify(self, raw: int) -> tuple[Status, str, int | None]:
        """(status, the limit that held, exit code) from the raw wait status and what we know."""
        stopped = self.stopped_by or self.messages.get("limit", "")
        if stopped:
            return _STOPPED[stopped], stopped, None
        if os.WIFSIGNALED(raw):
            number = os.WTERMSIG(raw)
            late = number == signal.SIGKILL and self.messages["cpu"] >= self.limits.cpu_seconds
            if number == signal.SIGXCPU or late:
                return Status.CPU, "cpu_seconds", None
            return Status.KILLED, "", -number
        code = os.WEXITSTATUS(raw)
        if code and _last_line(self.errors.text()).startswith("MemoryError"):
            return Status.MEMORY, "memory_mb", code
        return (Status.ERROR if code else Status.OK), "", code


_STOPPED = {
    "wall_seconds": Status.TIMEOUT,
    "output_kb": Status.OUTPUT,
    "memory_mb": Status.MEMORY,
    "disk_mb": Status.KILLED,
}


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]


def _memory_file(parts: "list[bytes] | Any") -> int:
    """An anonymous file with these contents. The zygote passes it on unread."""
    descriptor = os.memfd_create("agentrl", os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as file:
        for part in parts:
            file.write(part)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _too_much_in(directory: str, most: int) -> bool:
    total = files = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            files += 1
            try:
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total > most or files > _DISK_FILES
