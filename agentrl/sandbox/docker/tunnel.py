"""A program's channel (its file descriptor 3), carried over the stream. Both sides hold one end and do the same.

Bytes that come over the stream wait here until the local socket takes them, and are then credited to the other side,
which never has more than `frames.WINDOW` bytes on the way: a reader that is slow holds up its own run and nobody else.
"""

import enum
import os
import select
import socket
import threading
import time
from collections.abc import Callable

from agentrl.sandbox.docker.frames import MOST_FRAME, WINDOW, Kind, ProtocolError

PATIENCE_SECONDS = 10.0
"""How long the last bytes of a run wait for a reader that takes nothing."""
_NOW = socket.MSG_DONTWAIT  # the socket itself stays as it is: others hold copies of it


class Last(enum.Enum):
    """What is left to do when a run has ended."""

    NOTHING = enum.auto()
    """Drop everything."""
    SEND = enum.auto()
    """In the container: send what the program left in the local socket."""
    DELIVER = enum.auto()
    """On the trusted side: pass on what has come."""


class Tunnel:
    """One end. One thread calls `pump` and then `close`; `take` and `finish` may be called from any thread."""

    def __init__(
        self,
        local: socket.socket | None,
        send: Callable[[Kind, bytes], None],
        stops: tuple[int, ...] = (),
    ) -> None:
        """`local`, a stream socket, is carried; the caller's copy stays open. `send` puts a message on the stream.

        When one of the descriptors `stops` is readable or hangs up, a CANCEL is sent. Without `local` that is all.
        """
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self._local = _copy(local)
        except OSError:
            os.close(self._wake_read)
            os.close(self._wake_write)
            raise
        self._send, self._stops = send, list(stops)
        self._lock = threading.Lock()
        self._incoming, self._credit = bytearray(), WINDOW
        self._sending = self._delivering = local is not None
        self._end_follows = self._shut = False
        self._last: Last | None = None

    def close(self) -> None:
        """Free what `pump` used. What is taken in later is dropped."""
        with self._lock:
            if self._local is not None:
                self._local.close()
            self._local = None
            os.close(self._wake_read)
            os.close(self._wake_write)
            self._wake_write = -1

    def take(self, kind: Kind, message: bytes | bytearray) -> None:
        """Take in a message about this channel; never waits. Raises ProtocolError."""
        with self._lock:
            if self._local is None:
                return
            if kind is Kind.DATA:
                if self._end_follows or len(self._incoming) + len(message) > WINDOW:
                    raise ProtocolError("more bytes of a channel than were asked for")
                self._incoming += message
            elif kind is Kind.CREDIT and len(message) == 4:
                self._credit += int.from_bytes(message, "big")
                if self._credit > WINDOW:
                    raise ProtocolError("more bytes of a channel were credited than were sent")
            elif kind is Kind.END and not message:
                self._end_follows = True
            elif kind is Kind.GONE and not message:
                # A writer on our side gets EPIPE, as it would without a tunnel.
                self._sending = False
                self._shut_down(socket.SHUT_RD)
            else:
                raise ProtocolError(f"a malformed {kind.name}")
            self._wake()

    def finish(self, last: Last) -> None:
        """The run has ended: let `pump` do what is left, and return."""
        with self._lock:
            self._last = self._last or last
            self._wake()

    def _wake(self) -> None:
        if self._wake_write >= 0:
            try:
                os.write(self._wake_write, b"+")
            except BlockingIOError:  # it has been woken often enough
                return

    def _shut_down(self, how: int) -> None:
        assert self._local is not None
        try:
            self._local.shutdown(how)
        except OSError:  # its other end is closed already
            return

    def pump(self, until: float = float("inf")) -> None:
        """Carry bytes both ways until `finish` was called and the rest is done, or `time.monotonic()` reaches `until`.

        A reader that takes nothing of the rest for `PATIENCE_SECONDS` loses it.
        """
        progress = time.monotonic()
        while (now := time.monotonic()) < until:
            if self._last is Last.NOTHING or (self._last and now - progress > PATIENCE_SECONDS):
                return
            with self._lock:
                reading = self._sending and self._credit > 0 and self._last is not Last.DELIVER
                writing = bool(self._incoming) and self._last is not Last.SEND
                if self._end_follows and not self._incoming and not self._shut:
                    self._shut = True
                    self._shut_down(socket.SHUT_WR)
            moved = reading and self._read()
            moved = (writing and self._write()) or moved
            if moved:
                progress = time.monotonic()
            elif self._at_rest(reading, writing):
                return
            else:
                self._wait(reading, writing, until)

    def _at_rest(self, reading: bool, writing: bool) -> bool:
        """After `finish`: whether nothing is left. Called when nothing moved."""
        if self._last is Last.SEND:
            return reading or not self._sending
        return self._last is Last.DELIVER and not writing

    def _wait(self, reading: bool, writing: bool, until: float) -> None:
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        # Without a wish, a socket whose other end is closed would wake us again and again.
        if self._local and (reading or writing):
            poll.register(self._local, (select.POLLIN if reading else 0) | (select.POLLOUT if writing else 0))
        for stop in self._stops:
            poll.register(stop, select.POLLIN)
        seconds = min(until - time.monotonic(), PATIENCE_SECONDS)
        for descriptor, _ in poll.poll(max(0.0, seconds) * 1000):
            if descriptor == self._wake_read:
                os.read(self._wake_read, 4096)
            elif descriptor in self._stops:
                self._stops = []
                self._send(Kind.CANCEL, b"")

    def _read(self) -> bool:
        """Bytes of the local socket go onto the stream; False when there are none now."""
        assert self._local is not None
        try:
            data = self._local.recv(min(MOST_FRAME, self._credit), _NOW)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            with self._lock:
                self._credit -= len(data)
            self._send(Kind.DATA, data)
        else:
            self._sending = False
            self._send(Kind.END, b"")
        return True

    def _write(self) -> bool:
        """Bytes of the stream go into the local socket; False when it is full now."""
        assert self._local is not None
        with self._lock:
            waiting = bytes(self._incoming[:MOST_FRAME])
        try:
            count = self._local.send(waiting, _NOW | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        except OSError:
            count = len(waiting)
            if self._delivering:
                self._delivering = False
                self._send(Kind.GONE, b"")
        with self._lock:
            del self._incoming[:count]
        self._send(Kind.CREDIT, count.to_bytes(4, "big"))
        return True


def _copy(original: socket.socket | None) -> socket.socket | None:
    return socket.socket(fileno=os.dup(original.fileno())) if original else None
