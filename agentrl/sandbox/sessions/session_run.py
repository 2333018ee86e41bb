"""The run that carries a session, seen from the trusted side: its thread, its channel, its end."""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from agentrl.errors import SandboxError
from agentrl.sandbox.sessions import driver_session
from agentrl.sandbox.types import ExecResult, Limits, Sandbox

_PROGRAM = "from agentrl.sandbox.sessions import driver_session; driver_session.main()"
_CLOSE_SECONDS = 15.0
_HELD = {
    "wall_seconds": "its {:g} s were over",
    "memory_mb": "its processes together took more than {} MiB",
    "disk_mb": "its files took more than {} MiB",
}
"""What ends a session, by the field of `Limits` that held."""


class BrokenError(Exception):
    """The driver's end of the channel is gone, silent, or talks nonsense."""


class SessionRun:
    """The run that carries a session. It knows no Session, so that one can be collected while it runs."""

    def __init__(self, sandbox: Sandbox, files: Mapping[str, bytes], limits: Limits) -> None:
        self.limits, self.owner = limits, os.getpid()
        self.channel, theirs = socket.socketpair()
        self.stop, stopped = socket.socketpair()
        self.result: Future[ExecResult] = Future()

        def carry(result: Future[ExecResult]) -> None:
            try:
                with theirs, stopped:
                    ended = sandbox.run(_PROGRAM, files=files, limits=limits, channel=theirs, stop=stopped.fileno())
            except BaseException as error:
                result.set_exception(error)
            else:
                result.set_result(ended)

        threading.Thread(target=carry, args=(self.result,), name="agentrl-session", daemon=True).start()

    def send(self, message: bytes, deadline: float) -> None:
        """Raises BrokenError."""
        try:
            self.channel.settimeout(max(0.001, deadline - time.monotonic()))
            self.channel.sendall(message)
        except OSError as error:
            raise _broken(error) from error

    def receive(self, deadline: float, most: int) -> tuple[dict[str, Any], bytes]:
        """An answer whose body has at most `most` bytes. Raises BrokenError."""
        header, body = driver_session.LENGTHS.unpack(self._read(driver_session.LENGTHS.size, deadline))
        if header > driver_session.MOST_HEADER or body > most:
            raise BrokenError("a malformed answer")
        try:
            answer = json.loads(self._read(header, deadline))
        except (ValueError, RecursionError) as error:
            raise BrokenError("a malformed answer") from error
        if not isinstance(answer, dict):
            raise BrokenError("a malformed answer")
        return answer, self._read(body, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            # Also a peer that sends byte by byte has only this long.
            left = deadline - time.monotonic()
            if left <= 0:
                raise BrokenError("it stopped answering")
            try:
                self.channel.settimeout(left)
                part = self.channel.recv(min(1 << 20, size - len(data)))
            except OSError as error:
                raise _broken(error) from error
            if not part:
                raise BrokenError("its server ended")
            data += part
        return bytes(data)

    def release(self) -> None:
        """Let the run end, now. A forked child only lets go of it."""
        for end in (self.channel, self.stop):
            if os.getpid() == self.owner:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            end.close()

    def wait(self) -> None:
        """Wait for the end of a run that was released."""
        if os.getpid() == self.owner:
            with contextlib.suppress(Exception):
                self.result.exception(_CLOSE_SECONDS)

    def story(self) -> str:
        """How the run ended, if that tells why; "" otherwise. Raises what the machinery raised."""
        if not self.result.done():
            raise SandboxError(f"a session did not end within {_CLOSE_SECONDS:.0f} s")
        limit = self.result.result().limit
        return _HELD[limit].format(getattr(self.limits, limit)) if limit in _HELD else ""


def _broken(error: OSError) -> BrokenError:
    return BrokenError("it stopped answering" if isinstance(error, TimeoutError) else "its server ended")
