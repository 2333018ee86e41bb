"""One container, seen from the trusted side: start it, talk to the server inside, end it."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field

from agentrl.errors import SandboxError
from agentrl.sandbox.docker import boot
from agentrl.sandbox.docker.creation import WORK, Size, create, start
from agentrl.sandbox.docker.daemon import Daemon
from agentrl.sandbox.docker.frames import NO_RUN, Kind, ProtocolError, Splitter, cut, unpack
from agentrl.sandbox.docker.stream import AttachedStream
from agentrl.sandbox.docker.tunnel import Last, Tunnel

EXPECTED = frozenset((Kind.READY, Kind.RESULT, Kind.FAILED, Kind.DATA, Kind.CREDIT, Kind.END, Kind.GONE))
_START_SECONDS = 60.0


@dataclass(slots=True)
class Call:
    """A run in flight."""

    number: int
    tunnel: Tunnel | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    outcome: tuple[Kind, bytes | bytearray] | None = None
    """The last message; None when the container was lost before it came."""

    def end(self, outcome: tuple[Kind, bytes | bytearray] | None) -> None:
        """Let the caller go on."""
        self.outcome = outcome
        self.ended.set()
        if self.tunnel:
            self.tunnel.finish(Last.DELIVER if outcome else Last.NOTHING)


class Container:
    """A container whose server takes runs. Every method may be called from several threads at once."""

    def __init__(self, daemon: Daemon, image: str, size: Size) -> None:
        """Start it and wait until its server is ready. Raises SandboxError with what the daemon or the server said."""
        self._daemon, self._lock = daemon, threading.Lock()
        self._calls: dict[int, Call] = {}
        self._last_number = NO_RUN
        self._ready: Call = Call(NO_RUN)
        self.lost = ""
        """Why it is of no use any more; "" while it is."""
        self.id = create(daemon, image, size)
        try:
            self._stream = AttachedStream(daemon.api, self.id)
            start(daemon, self.id)
        except BaseException:
            daemon.remove(self.id)
            raise
        self._reader = threading.Thread(target=self._read, name="agentrl-docker", daemon=True)
        self._reader.start()
        try:
            self._await_ready(size)
        except BaseException:
            self.close()
            raise

    def _await_ready(self, size: Size) -> None:
        with contextlib.suppress(OSError):  # the reader finds out why
            # The bound on runs at once is kept on this side.
            settings = {"tier": "container", "workers": size.workers, "in_flight": 1 << 16, "work": WORK}
            self._stream.write(boot.order(settings))
        self._ready.ended.wait(_START_SECONDS)
        if self._ready.outcome is None:
            why = self.lost or f"it is not ready after {_START_SECONDS:.0f} s"
        elif self._ready.outcome[0] is Kind.READY:
            return
        else:
            why = str(unpack(self._ready.outcome[1])[0].get("error"))
        raise SandboxError(f"the server in the container did not start: {why}")

    def run(
        self, message: bytes, until: float, channel: socket.socket | None, stops: tuple[int, ...]
    ) -> tuple[Kind, bytes | bytearray] | None:
        """Send a RUN and wait for its last message; None when the container was lost; see `lost`.

        A container that has not answered when `time.monotonic()` reaches `until` is killed.
        Raises ValueError for a message that is too long, SandboxError when this process has too many open files.
        """
        call = self._enter(channel, stops)
        try:
            try:
                for frame in cut(call.number, Kind.RUN, message):
                    self._stream.write(frame)
                if call.tunnel:
                    call.tunnel.pump(until)
                else:
                    call.ended.wait(max(0.0, until - time.monotonic()))
            except OSError as error:
                self.lose(f"the connection to the container broke: {error}")
            if not call.ended.is_set():
                self.lose("the server in the container did not answer in time")
            return call.outcome
        finally:
            self._leave(call)

    def _enter(self, channel: socket.socket | None, stops: tuple[int, ...]) -> Call:
        with self._lock:
            number = self._last_number % 0xFFFFFFFF + 1
            while number in self._calls:
                number = number % 0xFFFFFFFF + 1
            self._last_number = number
            call = Call(number)
            if channel is not None or stops:
                try:
                    call.tunnel = Tunnel(channel, lambda kind, data: self._send(number, kind, data), stops)
                except OSError as error:
                    raise SandboxError(f"the trusted side failed: {error}") from error
            self._calls[number] = call
            if self.lost:
                call.end(None)
        return call

    def _leave(self, call: Call) -> None:
        with self._lock:
            self._calls.pop(call.number, None)
        if call.tunnel:
            call.tunnel.close()

    def _send(self, run: int, kind: Kind, message: bytes) -> None:
        for frame in cut(run, kind, message):
            self._stream.write(frame)

    def _read(self) -> None:
        """The reader's thread: never waits for a caller, so one slow caller cannot hold up the others."""
        splitter, reason = Splitter(EXPECTED), "the container ended"
        try:
            while data := self._stream.read():
                for run, kind, message in splitter.feed(data):
                    self._dispatch(run, kind, message)
        except ProtocolError as error:
            reason = f"the server in the container broke the protocol: {error}"
        except OSError as error:
            reason = f"the connection to the container broke: {error}"
        said = self._stream.error_text()
        with contextlib.suppress(SandboxError):  # a daemon that is gone cannot be asked to remove it
            self.lose(f"{reason}; it said: {said}" if said else reason)

    def _dispatch(self, run: int, kind: Kind, message: bytes | bytearray) -> None:
        last = kind in (Kind.RESULT, Kind.FAILED)
        if run == NO_RUN and kind in (Kind.READY, Kind.FAILED):
            self._ready.end((kind, message))
            return
        with self._lock:
            call = self._calls.pop(run, None) if last else self._calls.get(run)
        if call is None or kind is Kind.READY:
            raise ProtocolError(f"a {kind.name} for the run {run}, which is not in flight")
        if last:
            call.end((kind, message))
        elif call.tunnel:
            call.tunnel.take(kind, message)

    def lose(self, reason: str) -> None:
        """Remember why the container is of no use, let every caller go, and kill it. Raises SandboxError."""
        with self._lock:
            self.lost = self.lost or reason
            calls = [*self._calls.values(), self._ready]
        for call in calls:
            if not call.ended.is_set():
                call.end(None)
        self._stream.shut_down()
        self._daemon.remove(self.id)

    def close(self) -> None:
        """Kill and remove the container. Runs in flight lose it."""
        try:
            self.lose("this sandbox is closed")
        finally:
            self._reader.join()
            self._stream.close()

    def forget(self) -> None:
        """In a forked child: let go of the connection without ending the container."""
        self._stream.forget()
