"""One run, seen from the trusted side: send it, read what it writes, enforce wall time, output and disk, classify.

Everything a run needs is its own (pipes, reply socket, pidfd), so any number of threads can each wait for theirs.
"""

import array
import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.errors import SandboxError
from agentrl.sandbox.embedded import disk, handover
from agentrl.sandbox.embedded import program as payload
from agentrl.sandbox.embedded.cgroups import Group
from agentrl.sandbox.embedded.ending import STOP, classify
from agentrl.sandbox.embedded.replies import parse
from agentrl.sandbox.embedded.streams import Streams
from agentrl.sandbox.embedded.worker import Worker
from agentrl.sandbox.types import ExecResult, Limits

_SETUP_SECONDS = 15.0
_ASK_SECONDS = {"container": 5.0, "none": 5.0}
"""How long a watch of the run's own has to end it and tell what it used, before it is killed itself."""
_END_SECONDS = 10.0
_HANG_UP_SECONDS = 0.2
_DISK_TICK_SECONDS = 0.05
_LISTEN_SECONDS = 0.01
"""When to begin to read what a program writes. Most have ended by then, and to wake for each of their lines costs."""
_FLOOD_FACTOR = 64
_MIB = 1 << 20


class SetupError(SandboxError):
    """This run could not be set up; the zygote is well, and so are its other runs."""


class ZygoteError(SandboxError):
    """The zygote is dead, or does not answer."""


class Exchange:
    """The life of one run. Use as a context manager: leaving it closes every descriptor."""

    def __init__(self, worker: Worker, limits: Limits, group: Group | None = None, stops: Sequence[int] = ()) -> None:
        self.worker, self.limits, self.group = worker, limits, group
        self.started = False
        self.messages: dict[str, Any] = {}
        self.stopped_by = ""
        self.killed = False
        self.handle = -1
        self.start_time = self.end_time = time.monotonic()
        self._kills = group.kills() if group else 0
        self._stops = stops
        self.reply, self._their_reply = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.streams = Streams(limits.output_kb * 1024)
        except OSError:
            self.reply.close()
            self._their_reply.close()
            raise
        try:
            self._poll = self._listen()
        except BaseException:
            self.__exit__()
            raise

    def _listen(self) -> select.poll:
        poll = select.poll()
        for descriptor in (self.reply.fileno(), *self._stops):
            poll.register(descriptor, select.POLLIN)
        try:
            poll.register(self.worker.control, 0)  # only its hanging up
        except ValueError as error:
            raise ZygoteError("the fork server was closed meanwhile") from error
        return poll

    def __enter__(self) -> "Exchange":
        return self

    def __exit__(self, *unused: object) -> None:
        if self.started and "end" not in self.messages:  # an error here: in lockdown nobody else would end the program
            self._kill()
        self._their_reply.close()
        self.reply.close()
        self.streams.close()
        if self.handle >= 0:
            os.close(self.handle)

    def run(self, program: str, stdin: str, files: Mapping[str, bytes], channel: socket.socket | None) -> ExecResult:
        """Run to the end. Raises SetupError or ZygoteError; `started` then tells how far it came."""
        with contextlib.ExitStack() as opened:
            opened.callback(self.streams.close_theirs)
            opened.enter_context(self._their_reply)
            parts = handover.memory_file(payload.pack(program, dict(files)))
            opened.callback(os.close, parts)
            source = (
                handover.memory_file([stdin.encode("utf-8", "replace")]) if stdin else os.open("/dev/null", os.O_RDONLY)
            )
            opened.callback(os.close, source)
            theirs = [self._their_reply.fileno(), parts, source, *self.streams.theirs]
            theirs += [] if channel is None else [channel.fileno()]
            theirs += self.group.descriptors if self.group else []
            try:
                self.worker.send(self.limits, theirs, channel is not None)
            except OSError as error:
                raise ZygoteError(f"the fork server is gone: {error}") from error
        self._follow()
        self.streams.drain()
        return self._result()

    def _follow(self) -> None:
        """Read and watch until the zygote says that the run has ended."""
        now = time.monotonic()
        self._deadline, disk_check, listen = now + _SETUP_SECONDS, now + _DISK_TICK_SECONDS, now + _LISTEN_SECONDS
        while "end" not in self.messages:
            now = time.monotonic()
            if now >= listen:
                listen = float("inf")
                self.streams.listen(self._poll)
            if now >= self._deadline:
                self._deadline = self._on_deadline()
            if now >= disk_check:
                disk_check = self._on_disk_tick(now)
            for descriptor, _ in self._poll.poll(max(0.0, min(self._deadline, disk_check, listen) - now) * 1000 + 1):
                self._on_event(descriptor)
            if not self.stopped_by and self.streams.total > self._flood:
                self._stop("output_kb")

    def _on_event(self, descriptor: int) -> None:
        if descriptor in self.streams:
            self.streams.read(descriptor, self._poll)
        elif descriptor == self.reply.fileno():
            self._receive()
        elif descriptor in self._stops:
            self._poll.unregister(descriptor)
            self._stop(STOP)
        else:
            self._on_zygote_gone()

    def _on_zygote_gone(self) -> None:
        """What it sent before its end still counts."""
        with contextlib.suppress(BlockingIOError):
            while "end" not in self.messages:
                self._receive(socket.MSG_DONTWAIT)
        if "end" not in self.messages:
            raise ZygoteError("the fork server died during the run")

    @property
    def _flood(self) -> int:
        return self.limits.output_kb * 1024 * _FLOOD_FACTOR

    def _on_deadline(self) -> float:
        if not self.started:
            raise ZygoteError(f"the sandbox did not start the program within {_SETUP_SECONDS:.0f} s")
        if not self.stopped_by:
            self._stop("wall_seconds")
        elif not self.killed:
            self._kill()
        else:
            raise ZygoteError(f"the run was killed, but did not end within {_END_SECONDS:.0f} s")
        return self._deadline

    def _stop(self, reason: str) -> None:
        """End the run because a limit held (`reason` names it), or because `stop` said so.

        A watch of its own is asked, since it can still tell what the program used; then it is killed.
        """
        if self.stopped_by:
            return
        self.stopped_by = reason
        if self.started:
            self._end()

    def _end(self) -> None:
        patience = _ASK_SECONDS.get(self.worker.tier)
        if patience is None:
            self._kill()
            return
        with contextlib.suppress(OSError):
            self.reply.shutdown(socket.SHUT_WR)
        self._deadline = time.monotonic() + patience

    def _kill(self) -> None:
        """SIGKILL the run's process 1 (the kernel then kills the rest), its watch, or the program itself."""
        self.killed = True
        with contextlib.suppress(ProcessLookupError):  # it may end on its own at the same moment
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        self._deadline = time.monotonic() + _END_SECONDS

    def _on_disk_tick(self, now: float) -> float:
        """Where no file system of its own bounds the run, look how much it wrote; returns the time of the next look."""
        directory = self.messages.get("directory", "")
        if self.started and not directory:
            return float("inf")
        if directory and not self.stopped_by and disk.holds_too_much(directory, self.limits.disk_mb * _MIB):
            self._stop("disk_mb")
        return now + _DISK_TICK_SECONDS

    def _receive(self, flags: int = 0) -> None:
        """Take in one message."""
        flags |= socket.MSG_CMSG_CLOEXEC
        data, ancillary, _, _ = self.reply.recvmsg(1 << 16, socket.CMSG_SPACE(4), flags)
        for _, _, rights in ancillary:
            self._keep_handle(array.array("i", rights)[0])
        if not data and self.worker.hung_up(_HANG_UP_SECONDS):
            raise ZygoteError("the fork server died during the run")
        if not data:
            raise SetupError("the fork server could not take the request")
        try:
            message = parse(data)
        except ValueError as error:
            raise ZygoteError(f"the fork server's answer makes no sense: {error}") from error
        if "started" in message and self.handle < 0:
            raise ZygoteError("the fork server's answer makes no sense: a start without a handle")
        if "failed" in message:
            raise SetupError(f"the sandbox could not set up the run: {message['failed']}")
        self.messages.update(message)
        if "started" in message:
            self.started, self.start_time = True, time.monotonic()
            self._deadline = self.start_time + self.limits.wall_seconds
            if self.stopped_by:
                self._end()
        if "end" in message:
            self.end_time = time.monotonic()

    def _keep_handle(self, handle: int) -> None:
        if self.handle >= 0:
            os.close(self.handle)
        self.handle = handle

    def _result(self) -> ExecResult:
        group_killed = self.group is not None and self.group.kills() > self._kills
        grouped = self.group is not None and "ungrouped" not in self.messages
        ending = classify(self.messages, self.limits, self.stopped_by, self.streams.errors.text(), group_killed)
        return ExecResult(
            status=ending.status,
            stdout=self.streams.output.text(),
            stderr=self.streams.errors.text(),
            exit_code=ending.exit_code,
            wall_seconds=self.end_time - self.start_time,
            cpu_seconds=self.messages["cpu"],
            max_rss_mb=self.messages["rss"] / 1024,
            tier=self.worker.tier,
            truncated=self.streams.truncated,
            limit=ending.limit,
            memory_by=ending.memory_by or ("cgroup" if grouped else _MEMORY_BY[self.worker.tier]),
        )


_MEMORY_BY = {"namespaces": "watcher", "container": "watcher", "none": "watcher", "lockdown": "rlimit"}
