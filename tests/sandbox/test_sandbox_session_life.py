"""How sessions begin and end: nothing is left behind, and whose fault an end was is told apart."""

import contextlib
import gc
import json
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from conftest import open_or_skip
from sandbox_sessions import TIERS, open_tier, processes_of

from agentrl.errors import InfrastructureError, SandboxError
from agentrl.sandbox import ExecResult, Limits, Sandbox, Status
from agentrl.sandbox.sessions.driver_session import pack
from agentrl.sandbox.sessions.session import Session, SessionEndedError


@pytest.fixture(scope="module", params=TIERS)
def machine(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Every tier whose programs may start processes; what it keeps for later runs is there already."""
    opened = open_tier(request.param)
    with Session(opened), Session(opened), Session(opened):
        pass
    yield opened
    opened.close()


def ours() -> tuple[int, int]:
    """File descriptors, and threads of sessions."""
    threads = [thread for thread in threading.enumerate() if thread.name == "agentrl-session"]
    return len(os.listdir("/proc/self/fd")), len(threads)


def test_closing_leaves_nothing_behind(machine: Sandbox) -> None:
    before, processes = ours(), processes_of(machine)
    for command in ("echo", "sleep 60 & setsid sleep 60 &", "sh -c 'kill -STOP $PPID' & sleep 60"):
        session = Session(machine)
        session.run(command, timeout=0.2)
        assert processes_of(machine) > processes
        session.close()
        session.close()
        with pytest.raises(SessionEndedError, match="closed"):
            session.run("echo")
    assert ours() == before
    assert settles(lambda: processes_of(machine) <= processes)


def test_the_last_reference_ends_a_session(machine: Sandbox) -> None:
    gc.collect()  # what other tests left must not go in this one
    before, processes = ours(), processes_of(machine)
    sessions = [Session(machine) for _ in range(3)]
    sessions[0].run("sleep 60 &")
    del sessions
    gc.collect()
    assert settles(lambda: ours() == before and processes_of(machine) <= processes)


def settles(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not what() and time.monotonic() < deadline:
        time.sleep(0.02)
    return what()


def test_a_stopped_server_cannot_outlive_the_session(machine: Sandbox) -> None:
    processes = processes_of(machine)
    session = Session(machine)
    session.run("(sleep 0.1; kill -STOP $PPID) >/dev/null 2>&1 &")
    time.sleep(0.3)
    start = time.monotonic()
    session.close()
    assert time.monotonic() - start < 3
    assert settles(lambda: processes_of(machine) <= processes)


def test_a_forked_child_that_closes_does_not_end_its_parents_session(machine: Sandbox) -> None:
    with Session(machine) as session:
        child = os.fork()
        if child == 0:
            session.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert session.run("echo on").output == "on\n"


def test_many_sessions_and_runs_at_once_do_not_wait_for_each_other() -> None:
    sandbox = open_or_skip("namespaces", workers=1)
    try:
        with contextlib.ExitStack() as stack:
            sessions = [stack.enter_context(Session(sandbox)) for _ in range(12)]
            assert sandbox.run("print(1)").stdout == "1\n"
            answers = [session.run(f"echo {place}").output for place, session in enumerate(sessions)]
            assert answers == [f"{place}\n" for place in range(12)]
    finally:
        sandbox.close()


@pytest.mark.parametrize("tier", ["lockdown", "none"])
def test_where_programs_cannot_start_processes_a_session_is_refused_with_advice(tier: str) -> None:
    sandbox = open_or_skip(tier, workers=1)
    try:
        with pytest.raises(SandboxError, match=rf"{tier}(?s:.*)docker"):
            Session(sandbox)
    finally:
        sandbox.close()


def test_a_failure_of_the_machinery_is_no_end_of_the_policys_doing() -> None:
    sandbox = open_or_skip("namespaces", workers=1)
    session = Session(sandbox)
    sandbox.close()
    with pytest.raises(SandboxError):
        session.run("echo")
    with pytest.raises(SandboxError):
        Session(sandbox)
    assert not issubclass(SessionEndedError, InfrastructureError)


def test_files_out_of_bounds_are_refused(machine: Sandbox) -> None:
    with pytest.raises(ValueError, match="file's name"):
        Session(machine, files={"../x": b""})
    with pytest.raises(ValueError, match="timeout"), Session(machine) as session:
        session.run("echo", timeout=0)


class Fake:
    """A sandbox whose program greets, answers each request as it is told to, and then ends."""

    tier = "namespaces"

    def __init__(self, *answers: bytes, error: Exception | None = None, limit: str = "") -> None:
        self.answers, self.error, self.limit = answers, error, limit

    def run(self, program: str, *, channel: socket.socket, limits: Limits, **_: object) -> ExecResult:
        for place, answer in enumerate(self.answers):
            with contextlib.suppress(OSError):
                if place:
                    channel.recv(1 << 16)
                channel.sendall(answer)
        if self.error is not None:
            raise self.error
        return ExecResult(Status.KILLED, "", "", None, 0.0, 0.0, 0.0, self.tier, False, self.limit)

    def place(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


READY = pack({"ready": "/tmp"})
FINE = {"exit": 0, "stopped": "", "left_out": 0, "notes": [], "split": 0}


def test_the_stand_in_is_right() -> None:
    with Session(Fake(READY, pack(FINE, b"hi"))) as session:  # type: ignore[arg-type]
        assert session.run("echo").output == "hi"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\0",
        struct.pack(">II", 1 << 31, 0),
        struct.pack(">II", 2, 1 << 31) + b"{}",
        struct.pack(">II", 4, 0) + b"nope",
        struct.pack(">II", 2, 0) + b"[]",
        struct.pack(">II", 100_000, 0) + b"[" * 100_000,
        struct.pack(">II", 2, 70_000) + b"{}" + bytes(70_000),
        pack({}),
        pack(FINE | {"exit": "0"}),
        pack(FINE | {"exit": 1.5}),
        pack(FINE | {"exit": True}),
        pack(FINE | {"exit": 10**3000}),
        pack(FINE | {"exit": 256}),
        pack(FINE | {"left_out": -1}),
        pack(FINE | {"left_out": 1 << 70}),
        pack(FINE | {"split": None}),
        pack(FINE | {"stopped": []}),
        pack(FINE | {"notes": 3}),
        pack(FINE | {"notes": {"a": 1}}),
        struct.pack(">II", 20_000, 0) + b'{"exit": ' + b"9" * 19_990 + b"}",
    ],
)
def test_a_malformed_answer_ends_the_session_and_nothing_else(answer: bytes) -> None:
    session = Session(Fake(READY, answer))  # type: ignore[arg-type]
    with pytest.raises(SessionEndedError):
        session.run("echo")
    with pytest.raises(SessionEndedError, match="closed"):
        session.run("echo")


@pytest.mark.parametrize("names", [None, "abc", [1], [["a"]], {"a": 1}])
def test_a_malformed_list_ends_the_session(names: object) -> None:
    with pytest.raises(SessionEndedError), Session(Fake(READY, pack({"names": names}))) as session:  # type: ignore[arg-type]
        session.list_files()


def test_an_answer_that_drips_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dripping(Fake):
        def run(self, program: str, *, channel: socket.socket, limits: Limits, **_: object) -> ExecResult:
            channel.sendall(READY)
            with contextlib.suppress(OSError):
                for byte in pack(FINE, bytes(60_000)):
                    channel.sendall(bytes([byte]))
                    time.sleep(0.0001)
            return super().run(program, channel=channel, limits=limits)

    monkeypatch.setattr("agentrl.sandbox.sessions.session._GRACE_SECONDS", 0.2)
    start = time.monotonic()
    with pytest.raises(SessionEndedError, match="stopped answering"), Session(Dripping()) as session:  # type: ignore[arg-type]
        session.run("echo", timeout=0.2)
    assert time.monotonic() - start < 5


def test_random_bytes_crash_nothing() -> None:
    rng = random.Random(0)
    for _ in range(200):
        header = json.dumps(rng.choice([FINE, [], None, {"error": ["x"]}, FINE | {"notes": [None, {"a": 2}]}])).encode()
        header = bytes(byte if rng.random() > 0.03 else rng.randrange(256) for byte in header)
        sizes = struct.pack(">II", max(0, len(header) + rng.choice([0, 0, 0, -1, 1])), 0)
        with contextlib.suppress(SessionEndedError), Session(Fake(READY, sizes + header)) as session:  # type: ignore[arg-type]
            assert session.run("echo").output.encode() == b""


def test_what_an_answer_says_is_bounded_text() -> None:
    loud = FINE | {"notes": ["\ud800" * 5000] * 20}
    with Session(Fake(READY, pack(loud, b"\xff\xfe"), pack({"error": "\udfff" * 5000}))) as session:  # type: ignore[arg-type]
        result = session.run("echo")
        assert result.output == "\ufffd\ufffd"
        assert len("".join(result.notes).encode()) <= 8000
        with pytest.raises(OSError, match=r"x: \?{1000}$"):
            session.read_file("x")


@pytest.mark.parametrize(("limit", "words"), [("memory_mb", "MiB"), ("wall_seconds", "3600 s"), ("", "server ended")])
def test_the_limit_that_held_is_told(limit: str, words: str) -> None:
    session = Session(Fake(READY, limit=limit))  # type: ignore[arg-type]
    with pytest.raises(SessionEndedError, match=words):
        session.run("echo")


@pytest.mark.parametrize("answers", [[], [READY]])
def test_an_error_of_the_run_is_raised_as_it_is(answers: list[bytes]) -> None:
    def use() -> None:
        with Session(Fake(*answers, error=SandboxError("the zygote died"))) as session:  # type: ignore[arg-type]
            session.run("echo")

    with pytest.raises(SandboxError, match="the zygote died"):
        use()


@pytest.mark.parametrize("greeting", [b"", b"garbage!", pack({}), pack({"ready": "/tmp"}, b"more")])
def test_a_session_that_does_not_start_is_the_machinerys_fault(greeting: bytes) -> None:
    with pytest.raises(SandboxError, match="did not start"):
        Session(Fake(greeting))  # type: ignore[arg-type]
