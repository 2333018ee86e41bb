"""The trusted side against replies that no honest fork server sends: a SandboxError or a failed run, never a crash."""

import json
import os
import signal
import socket
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.errors import SandboxError
from agentrl.sandbox import Limits, Status
from agentrl.sandbox.embedded.exchange import Exchange

PROFILE = settings(max_examples=120, deadline=None, derandomize=True)
LARGE = settings(max_examples=4000, deadline=None, derandomize=True)


class LyingWorker:
    """A zygote's place, taken by somebody who answers each request with prepared messages and hangs up."""

    tier = "namespaces"

    def __init__(self, replies: list[bytes], descriptors: int) -> None:
        self.replies, self.descriptors = replies, descriptors
        self.control, self.other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def send(self, limits: Limits, descriptors: list[int], *unused: Any) -> None:
        """Take the reply socket out of the request, and lie."""
        reply = socket.socket(fileno=os.dup(descriptors[0]))
        with reply:
            for place, text in enumerate(self.replies):
                rights = [os.pidfd_open(os.getpid())] if place < self.descriptors else []
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", *rights))] if rights else []
                reply.sendmsg([text], ancillary, socket.MSG_DONTWAIT)
                for descriptor in rights:
                    os.close(descriptor)

    def hung_up(self, seconds: float) -> bool:
        """Whether the zygote is dead. It is."""
        return True

    def close(self) -> None:
        """Free the sockets."""
        self.control.close()
        self.other.close()


words = ("started", "directory", "status", "limit", "failed", "end", "cpu", "rss", "by", "ungrouped", "x")
things = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["memory_mb", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(words), inner, max_size=2),
    max_leaves=4,
)
replies = (
    st.binary(min_size=1, max_size=30)
    | st.dictionaries(st.sampled_from(words), things, max_size=4).map(lambda message: json.dumps(message).encode())
    | things.map(lambda thing: json.dumps(thing).encode())
    | st.just(b'{"started": 5, "directory": ""}')
    | st.fixed_dictionaries({"end": things, "cpu": things, "rss": things}).map(lambda end: json.dumps(end).encode())
)
limits = Limits(wall_seconds=0.05)


def check_reply(texts: list[bytes], descriptors: int) -> None:
    """The handle that goes along is this process's own: a kill of it would end the tests, so it is taken off here."""
    worker = LyingWorker(texts, descriptors)
    before = set(os.listdir("/proc/self/fd"))
    try:
        with Exchange(worker, limits) as exchange:  # type: ignore[arg-type]
            result = exchange.run("print(1)", "", {}, None)
        assert isinstance(result.status, Status)
        ends = [message for text in texts if isinstance(message := _parsed(text), dict) and "end" in message]
        assert ends, "a result without an end"
        said = {**{key: value for text in texts for key, value in (_object(text)).items()}}
        assert result.status is not Status.OK or said.get("status", said["end"]) == 0
    except SandboxError:
        pass
    finally:
        worker.close()
    assert set(os.listdir("/proc/self/fd")) <= before  # fewer where other tests' garbage is collected meanwhile


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _object(text: bytes) -> dict[str, Any]:
    parsed = _parsed(text)
    return parsed if isinstance(parsed, dict) else {}


@pytest.fixture(autouse=True)
def _no_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda *_: None)


@PROFILE
@given(st.lists(replies, max_size=3), st.integers(0, 2))
def test_no_reply_crashes_the_trusted_side(texts: list[bytes], descriptors: int) -> None:
    check_reply(texts, descriptors)


@pytest.mark.slow
@LARGE
@given(st.lists(replies, max_size=5), st.integers(0, 3))
def test_no_reply_of_many_crashes_the_trusted_side(texts: list[bytes], descriptors: int) -> None:
    check_reply(texts, descriptors)


frames = pytest.importorskip("agentrl.sandbox.docker.frames", reason="the docker back-end is not there")
kinds = st.sampled_from(list(frames.Kind)) | st.integers(0, 255)
heads = st.builds(
    lambda run, kind, size: frames.HEAD.pack(run, int(kind), size), st.integers(0, 3), kinds, st.integers(0, 70_000)
)
whole_frames = st.builds(
    lambda run, kind, more, data: frames.HEAD.pack(run, int(kind) | (frames.MORE if more else 0), len(data)) + data,
    st.integers(0, 3),
    st.sampled_from(list(frames.Kind)),
    st.booleans(),
    st.binary(max_size=40),
)
chunks = st.lists(st.binary(max_size=20) | heads | whole_frames, max_size=8)
EXPECTED = frozenset(frames.Kind)


def check_frames(pieces: list[bytes]) -> None:
    """Every message is one that the bytes spell, however they are portioned."""
    together = b"".join(pieces)
    assert _split([together]) == _split(pieces) == _split([bytes([byte]) for byte in together])


def _split(pieces: list[bytes]) -> tuple[list[Any], bool]:
    splitter, found = frames.Splitter(EXPECTED), []
    try:
        for piece in pieces:
            for run, kind, message in splitter.feed(piece):
                found.append((run, kind, bytes(message)))  # one by one: those before an error count, too
    except frames.ProtocolError:
        return found, False
    return found, True


@PROFILE
@given(chunks)
def test_frames_do_not_depend_on_how_they_arrive(pieces: list[bytes]) -> None:
    check_frames(pieces)


@pytest.mark.slow
@LARGE
@given(chunks)
def test_many_frames_do_not_depend_on_how_they_arrive(pieces: list[bytes]) -> None:
    check_frames(pieces)


@PROFILE
@given(st.integers(0, 1 << 31), st.sampled_from(list(frames.Kind)), st.binary(max_size=300_000))
def test_a_message_survives_being_cut(run: int, kind: Any, message: bytes) -> None:
    assert _split(list(frames.cut(run, kind, message))) == ([(run, kind, message)], True)


def with_length(thing: Any) -> bytes:
    text = json.dumps(thing).encode()
    return len(text).to_bytes(4, "big") + text


@PROFILE
@given(st.binary(max_size=60) | things.map(with_length))
def test_any_message_is_unpacked_or_refused(message: bytes) -> None:
    try:
        header, parts = frames.unpack(message)
    except frames.ProtocolError:
        return
    assert isinstance(header, dict)
    assert all(type(part) is bytes for part in parts)


@PROFILE
@given(st.dictionaries(st.text(max_size=5), things, max_size=3), st.lists(st.binary(max_size=50), max_size=4))
def test_what_is_packed_is_unpacked(header: dict[str, Any], parts: list[bytes]) -> None:
    header.pop("parts", None)
    back, pieces = frames.unpack(frames.pack(header, parts))
    assert pieces == parts
    assert json.dumps(back) == json.dumps(header)
