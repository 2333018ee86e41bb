"""The container's main process: takes runs from stdin, gives them to an embedded sandbox, answers on stdout.

It ends when stdin does, and the container with it: a trainer that is gone leaves nothing behind. The main thread reads,
and never waits for a run; each run has a thread, and one more where there is a channel to carry.
"""

import dataclasses
import os
import resource
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from agentrl.errors import SandboxError
from agentrl.sandbox.docker.frames import HEAD, NO_RUN, Joiner, Kind, ProtocolError, cut, pack, unpack
from agentrl.sandbox.docker.tunnel import Last, Tunnel
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox
from agentrl.sandbox.types import Limits

EXPECTED = frozenset((Kind.RUN, Kind.CANCEL, Kind.DATA, Kind.CREDIT, Kind.END, Kind.GONE))
_MOST_THREADS = 1024


class Output:
    """The stream to the trusted side; whole frames of several threads take turns on it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._lock = descriptor, threading.Lock()

    def send(self, run: int, kind: Kind, message: bytes) -> None:
        """Write one message."""
        for frame in cut(run, kind, message):
            with self._lock:
                rest = memoryview(frame)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]


@dataclass(slots=True)
class Order:
    """One run that was asked for."""

    number: int
    header: dict[str, Any]
    parts: list[bytes]
    stop: int
    """Hangs up when the run shall end at once."""
    cancel: int
    """The other end of `stop`; -1 when it is closed."""
    tunnel: Tunnel | None = None
    theirs: socket.socket | None = None
    """The program's end of the channel."""


class Server:
    """What is under way."""

    def __init__(self, sandbox: EmbeddedSandbox, output: Output) -> None:
        self._sandbox, self._output = sandbox, output
        self._pool = ThreadPoolExecutor(_MOST_THREADS)
        self._lock = threading.Lock()
        self._orders: dict[int, Order] = {}

    def serve(self, stream: BinaryIO) -> None:
        """Take messages until the stream ends. Raises ProtocolError."""
        joiner = Joiner(EXPECTED)
        while len(head := stream.read(HEAD.size)) == HEAD.size:
            run, kind, size = joiner.head(head)
            message = joiner.add(run, kind, stream.read(size))
            if message is not None:
                self._take(run, *message)

    def _take(self, run: int, kind: Kind, message: bytes | bytearray) -> None:
        if kind is Kind.RUN:
            if run in self._orders or run == NO_RUN:
                raise ProtocolError(f"a second run with the number {run}")
            try:
                self._orders[run] = order = self._order(run, message)
            except OSError as error:
                self._output.send(run, Kind.FAILED, _failure("sandbox", f"{type(error).__name__}: {error}"))
                return
            self._pool.submit(self._carry_out, order)
            return
        with self._lock:
            order = self._orders.get(run)  # type: ignore[assignment]
            if order is None:  # it ended while this was on its way
                return
            if kind is Kind.CANCEL and order.cancel >= 0:
                os.close(order.cancel)
                order.cancel = -1
        if kind is not Kind.CANCEL and order.tunnel:
            order.tunnel.take(kind, message)

    def _order(self, run: int, message: bytes | bytearray) -> Order:
        """Raises OSError, with nothing left open, when this process has too many open files."""
        with ExitStack() as opened:
            order = Order(run, *unpack(message), *os.pipe())
            for descriptor in (order.stop, order.cancel):
                opened.callback(os.close, descriptor)
            if order.header["channel"]:
                ours, order.theirs = socket.socketpair()
                opened.callback(order.theirs.close)
                with ours:
                    order.tunnel = Tunnel(ours, lambda kind, data: self._output.send(run, kind, data))
            opened.pop_all()
        return order

    def _carry_out(self, order: Order) -> None:
        pump = self._pool.submit(order.tunnel.pump) if order.tunnel else None
        kind, message = self._outcome(order)
        if order.tunnel and pump:
            order.tunnel.finish(Last.SEND)
            pump.result()
        with self._lock:
            del self._orders[order.number]
            for descriptor in (order.stop, order.cancel):
                if descriptor >= 0:
                    os.close(descriptor)
        if order.tunnel and order.theirs:
            order.tunnel.close()
            order.theirs.close()
        self._output.send(order.number, kind, message)

    def _outcome(self, order: Order) -> tuple[Kind, bytes]:
        """The last message of the run."""
        try:
            program, stdin, *contents = order.parts
            result = self._sandbox.run(
                program.decode("utf-8", "surrogatepass"),
                stdin=stdin.decode("utf-8", "surrogatepass"),
                files=dict(zip(order.header["files"], contents, strict=True)),
                limits=Limits(**order.header["limits"]),
                channel=order.theirs,
                stop=order.stop,
            )
        except ValueError as error:
            return Kind.FAILED, _failure("value", str(error))
        except Exception as error:
            name = "" if isinstance(error, SandboxError) else f"{type(error).__name__}: "
            return Kind.FAILED, _failure("sandbox", f"{name}{error}")
        fields = dataclasses.asdict(result)
        texts = [fields.pop(name).encode("utf-8", "surrogatepass") for name in ("stdout", "stderr")]
        return Kind.RESULT, pack(fields, texts)


def _failure(kind: str, error: str) -> bytes:
    return pack({"kind": kind, "error": error})


def main(tier: str, workers: int, in_flight: int, work: str) -> NoReturn:
    """Serve until stdin ends. The arguments are those of `EmbeddedSandbox`."""
    output = Output(os.dup(1))
    os.dup2(2, 1)  # whatever prints must not get into the stream
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        sandbox = EmbeddedSandbox(tier, workers, in_flight=in_flight, work=work)
        output.send(NO_RUN, Kind.READY, pack({"tier": sandbox.tier, "python": sys.version.split()[0]}))
        with open(0, "rb", buffering=1 << 18, closefd=False) as stream:
            Server(sandbox, output).serve(stream)
    except (ProtocolError, SandboxError) as error:
        output.send(NO_RUN, Kind.FAILED, _failure("sandbox", str(error)))
        os._exit(1)
    os._exit(0)
