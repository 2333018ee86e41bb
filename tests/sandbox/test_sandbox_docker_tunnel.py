"""A channel over the stream, without a daemon: two tunnels back to back carry what a socket pair would."""

import contextlib
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from agentrl.sandbox.docker import frames, tunnel
from agentrl.sandbox.docker.frames import Kind, ProtocolError
from agentrl.sandbox.docker.tunnel import Last, Tunnel


@dataclass
class Line:
    """peer <-> trainer's tunnel <-> container's tunnel <-> program."""

    peer: socket.socket
    program: socket.socket
    trainer: Tunnel
    container: Tunnel
    pumps: list[threading.Thread]

    def end(self) -> None:
        """As at the end of a run: first the container's side sends what is left, then the trainer's delivers it."""
        for side, last, pump in zip((self.container, self.trainer), (Last.SEND, Last.DELIVER), self.pumps, strict=True):
            side.finish(last)
            pump.join(10)
            assert not pump.is_alive()


@pytest.fixture
def line() -> Iterator[Line]:
    sides: dict[str, Tunnel] = {}
    peer, local = socket.socketpair()
    inner, program = socket.socketpair()
    sides["trainer"] = Tunnel(local, lambda kind, data: sides["container"].take(kind, data))
    sides["container"] = Tunnel(inner, lambda kind, data: sides["trainer"].take(kind, data))
    pumps = [threading.Thread(target=sides[name].pump, daemon=True) for name in ("container", "trainer")]
    for pump in pumps:
        pump.start()
    yield Line(peer, program, sides["trainer"], sides["container"], pumps)
    for side in sides.values():
        side.finish(Last.NOTHING)
    for pump in pumps:
        pump.join(10)
    for side in sides.values():
        side.close()
    for end in (peer, local, inner, program):
        end.close()


def send_all(end: socket.socket, data: bytes) -> threading.Thread:
    thread = threading.Thread(target=end.sendall, args=(data,), daemon=True)
    thread.start()
    return thread


def receive(end: socket.socket, size: int) -> bytes:
    data = bytearray()
    end.settimeout(10)
    while len(data) < size and (part := end.recv(1 << 16)):
        data += part
    return bytes(data)


def test_much_more_than_the_window_passes_both_ways_at_once(line: Line) -> None:
    up, down = random.Random(1).randbytes(3_000_000), random.Random(2).randbytes(2_000_000)
    senders = [send_all(line.program, up), send_all(line.peer, down)]
    assert receive(line.peer, len(up)) == up
    assert receive(line.program, len(down)) == down
    for sender in senders:
        sender.join(5)


def test_a_reader_that_is_slow_holds_the_writer_up(line: Line) -> None:
    line.program.settimeout(0.5)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < 50_000_000:
            sent += line.program.send(bytes(1 << 16))
    assert sent < 50_000_000
    assert len(line.trainer._incoming) <= frames.WINDOW
    assert len(receive(line.peer, sent)) == sent


def test_the_end_of_one_direction_is_seen_and_the_other_goes_on(line: Line) -> None:
    line.peer.sendall(b"last words")
    line.peer.shutdown(socket.SHUT_WR)
    assert receive(line.program, 100) == b"last words"
    line.program.sendall(b"answer")
    assert receive(line.peer, 6) == b"answer"


def test_a_writer_without_a_reader_gets_a_broken_pipe(line: Line) -> None:
    line.peer.close()
    with pytest.raises(BrokenPipeError):
        line.program.sendall(bytes(50_000_000))


def test_what_the_program_wrote_before_its_end_is_delivered(line: Line) -> None:
    reader = threading.Thread(target=lambda: got.append(receive(line.peer, 180_000)))
    got: list[bytes] = []
    line.program.sendall(b"y" * 180_000)
    reader.start()
    line.end()
    reader.join(5)
    assert got == [b"y" * 180_000]


def test_a_peer_that_never_reads_does_not_hold_the_end_up_for_ever(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnel, "PATIENCE_SECONDS", 0.3)
    line.program.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(1000):
            line.program.send(bytes(1 << 16))
            time.sleep(0.001)
    start = time.monotonic()
    line.end()
    assert time.monotonic() - start < 10


def test_the_end_of_a_run_leaves_the_callers_socket_open(line: Line) -> None:
    line.end()
    line.peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        line.peer.recv(1)
    line.peer.send(b"x")


def test_stop_is_passed_on_once(line: Line) -> None:
    sent: list[Kind] = []
    read_end, write_end = os.pipe()
    watcher = Tunnel(None, lambda kind, _: sent.append(kind), (read_end,))
    pump = threading.Thread(target=watcher.pump, daemon=True)
    pump.start()
    os.close(write_end)
    deadline = time.monotonic() + 5
    while not sent and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    watcher.finish(Last.DELIVER)
    pump.join(5)
    watcher.close()
    os.close(read_end)
    assert sent == [Kind.CANCEL]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Kind.DATA, bytes(frames.WINDOW + 1)),
        (Kind.CREDIT, (1).to_bytes(4, "big")),
        (Kind.CREDIT, b"x"),
        (Kind.END, b"x"),
        (Kind.GONE, b"x"),
        (Kind.RUN, b""),
    ],
)
def test_a_tunnel_refuses_what_breaks_the_rules(kind: Kind, message: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        side = Tunnel(ours, lambda *_: None)
        with pytest.raises(ProtocolError):
            side.take(kind, message)
        side.close()


def test_nothing_comes_after_the_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        side = Tunnel(ours, lambda *_: None)
        side.take(Kind.END, b"")
        with pytest.raises(ProtocolError):
            side.take(Kind.DATA, b"x")
        side.close()
