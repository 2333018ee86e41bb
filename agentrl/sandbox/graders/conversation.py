"""A solution in a run of its own, which the trusted side asks one question after the other over a private channel."""

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from agentrl.errors import SandboxError
from agentrl.sandbox.graders import codec
from agentrl.sandbox.types import ExecResult, Limits, Sandbox

SOLUTION = "from agentrl.sandbox.graders import driver_solution; driver_solution.main()"
_GRACE_SECONDS = 0.5
_PATIENCE_SECONDS = 1.0
Pair = TypeVar("Pair")


class Background:
    """A run in a thread. When it is over, its end of the channel is shut for all who hold it."""

    def __init__(self, run: Callable[[int], ExecResult], channel: socket.socket) -> None:
        """Start `run`, which takes the descriptor that stops it."""
        self._run, self._channel = run, channel
        self._result: ExecResult | BaseException | None = None
        self._brake, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._result = self._run(self._stop.fileno())
        except BaseException as error:
            self._result = error
        finally:
            with contextlib.suppress(OSError):
                self._channel.shutdown(socket.SHUT_RDWR)
            self._channel.close()
            self._stop.close()

    def end(self, patience: float = _PATIENCE_SECONDS) -> ExecResult:
        """Wait for the end, and cause it when nothing more is awaited of a run that goes on; raises what it raised."""
        self._thread.join(patience)
        self._brake.close()
        self._thread.join()
        if isinstance(self._result, ExecResult):
            return self._result
        raise self._result or SandboxError("the run ended without a result")


class Conversation:
    """Questions to the solution's driver. Leaving the context ends the channel, and with it an idle run."""

    def __init__(self, sandbox: Sandbox, order: dict[str, Any], limits: Limits) -> None:
        self.late = False
        """Whether an answer did not come in time, though the run went on."""
        self._ours, theirs = socket.socketpair()
        text = json.dumps(order)
        self._run = Background(
            lambda stop: sandbox.run(SOLUTION, stdin=text, limits=limits, channel=theirs, stop=stop), theirs
        )

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(self, *unused: object) -> None:
        self._ours.close()

    def ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """The answer, or None when none came in time (0: until the run's own limit) or the protocol was broken.

        A solution that talks before it is asked wants to answer a call that it has not seen, or one call twice.
        """
        early = select.poll()
        early.register(self._ours, select.POLLIN)
        if early.poll(0):
            return None
        number = codec.fresh_number()
        try:
            self._ours.sendall(codec.frame(codec.to_bytes(question | {"number": number}, codec.MAX_QUESTION_BYTES)))
        except OSError:
            return None
        answer = self.receive(seconds)
        return answer if answer is not None and answer.get("number") == number else None

    def receive(self, seconds: float = 0.0) -> dict[str, Any] | None:
        """The next message, if it is a whole one, an object, and in time."""
        deadline = time.monotonic() + seconds + _GRACE_SECONDS if seconds else None
        try:
            size = int.from_bytes(self._read(4, deadline), "big")
            message = codec.from_bytes(self._read(size, deadline)) if size <= codec.MAX_BYTES else None
        except (OSError, EOFError, codec.CodecError) as error:
            self.late = isinstance(error, TimeoutError)
            return None
        return message if isinstance(message, dict) else None

    def _read(self, size: int, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < size:
            if deadline is not None:
                # The solution can cancel its own alarm, but not this clock, not even by a byte every millisecond.
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._ours.settimeout(left)
            part = self._ours.recv(min(size - len(data), 1 << 16))
            if not part:
                raise EOFError
            data += part
        self._ours.settimeout(None)
        return bytes(data)

    def end(self) -> ExecResult:
        """Hang up and wait for the run's end. Raises SandboxError when the machinery failed."""
        self._ours.close()
        return self._run.end(0.0 if self.late else _PATIENCE_SECONDS)


def twice(attempt: Callable[[], Pair]) -> Pair:
    """Try again, once, when the machinery failed."""
    try:
        return attempt()
    except SandboxError:
        return attempt()
