"""Containers that die, hang or lie, trainers that are killed: no result is made up, and nothing is left."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker_daemon import containers, daemon_or_skip, docker_or_skip, gone, processes
from sandbox_elsewhere import refused_at_once

from agentrl.errors import SandboxError
from agentrl.sandbox import Limits, Status
from agentrl.sandbox.docker import backend, boot, creation, frames
from agentrl.sandbox.docker import image as images
from agentrl.sandbox.docker.daemon import LABEL, Daemon
from agentrl.sandbox.docker.frames import Kind
from agentrl.sandbox.embedded import leftovers


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    opened = daemon_or_skip()
    yield opened
    opened.close()


def test_a_trainer_that_is_killed_leaves_no_container(daemon: Daemon) -> None:
    trainer = (
        "from agentrl.sandbox.docker.backend import DockerSandbox\ns = DockerSandbox(workers=1)\n"
        "print(s._container.id, flush=True)\ns.run('while True: pass')"
    )
    process = subprocess.Popen([sys.executable, "-c", trainer], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    container = process.stdout.readline().strip()
    assert container in containers(daemon)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert gone(daemon, container)


def test_runs_whose_container_is_killed_are_tried_once_more(daemon: Daemon) -> None:
    sandbox = docker_or_skip()
    try:
        with ThreadPoolExecutor(4) as threads:
            runs = [threads.submit(sandbox.run, f"import time; time.sleep(1); print({n})") for n in range(4)]
            time.sleep(0.5)
            first = sandbox._container.id
            daemon.api.kill(first)
            assert [run.result().stdout for run in runs] == ["0\n", "1\n", "2\n", "3\n"]
        assert sandbox._container.id != first
        assert gone(daemon, first)
    finally:
        sandbox.close()


def test_a_run_with_a_channel_whose_container_is_killed_fails(daemon: Daemon) -> None:
    sandbox = docker_or_skip(workers=1)
    ours, theirs = socket.socketpair()
    try:
        with ours, theirs, ThreadPoolExecutor(1) as threads:
            run = threads.submit(sandbox.run, "import os; os.write(3, b'x'); os.read(3, 1)", channel=theirs)
            assert ours.recv(1) == b"x"
            daemon.api.kill(sandbox._container.id)
            with pytest.raises(SandboxError, match="lost its container"):
                run.result()
        assert sandbox.run("print(1)").stdout == "1\n"
    finally:
        sandbox.close()


def test_a_server_that_hangs_is_killed_from_outside(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "GRACE_SECONDS", 1.0)
    sandbox = docker_or_skip(workers=1)
    ours, theirs = socket.socketpair()
    try:
        container = sandbox._container.id
        for _, pid, command in processes(daemon, container):
            if "python" in command:
                os.kill(int(pid), signal.SIGSTOP)
        start = time.monotonic()
        with ours, theirs, pytest.raises(SandboxError, match="did not answer in time"):
            sandbox.run("print(1)", limits=Limits(wall_seconds=0.5), channel=theirs)
        assert time.monotonic() - start < 5
        assert gone(daemon, container)
        assert sandbox.run("print(2)").stdout == "2\n"
    finally:
        sandbox.close()


# A server that is ready, takes a message, and answers whatever it was told.
_LIAR = """
import json, os, sys, time
def take(size):
    data = b""
    while len(data) < size:
        data += os.read(0, size - len(data)) or os._exit(0)
    return data
take(int.from_bytes(take(8), "big"))
os.write(1, {ready!r})
head = take(9)
take(int.from_bytes(head[5:], "big"))
os.write(1, {answer!r}.replace(b"RUN_", head[:4]))
while take(1): pass
"""
_RESULT = {
    "status": "ok",
    "exit_code": 0,
    "wall_seconds": 0.1,
    "cpu_seconds": 0.1,
    "max_rss_mb": 1.0,
    "tier": "x",
    "truncated": False,
    "limit": "",
    "memory_by": "",
}


def frame(kind: int, message: bytes, run: bytes = b"RUN_") -> bytes:
    return run + bytes([kind]) + len(message).to_bytes(4, "big") + message


def result(*parts: bytes, **changes: object) -> bytes:
    return frame(Kind.RESULT, frames.pack({**_RESULT, **changes}, parts))


def test_the_server_of_these_tests_can_also_tell_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer_of(monkeypatch, result(b"out", b"err")).stdout == "out"


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage" * 10,
        frame(99, b""),
        frame(Kind.RUN, b""),
        frame(Kind.READY, b""),
        frame(Kind.RESULT, b""),
        frame(Kind.RESULT, b"", run=b"\0\0\1\0"),
        frame(Kind.RESULT, b"\0\0\0\2[]"),
        frame(Kind.FAILED, b"\0\0\0\2{}"),
        frame(Kind.FAILED, frames.pack({"no": "error"})),
        result(b"only stdout"),
        result(b"a", b"b", b"c"),
        result(b"\xff", b""),
        result(b"", b"", status="passed"),
        result(b"", b"", status=None),
        result(b"", b"", exit_code="0"),
        result(b"", b"", wall_seconds=None),
        result(b"", b"", more=1),
        frame(Kind.RESULT | frames.MORE, b"x") + frame(Kind.DATA, b"x"),
    ],
)
def test_a_server_that_breaks_the_protocol_gets_no_result(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    before = containers(daemon)
    with pytest.raises(SandboxError, match="protocol"):
        answer_of(monkeypatch, answer)
    assert all(gone(daemon, container) for container in containers(daemon) - before)


def answer_of(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> object:
    ready = frame(Kind.READY, frames.pack({}), run=bytes(4))
    liar = _LIAR.format(ready=ready, answer=answer)
    daemon_or_skip().close()
    monkeypatch.setattr(creation.boot, "COMMAND", ["python3", "-S", "-c", liar])
    sandbox = docker_or_skip(workers=1)
    try:
        return sandbox.run("print(1)")
    finally:
        sandbox.close()


def test_a_server_that_cannot_start_says_why(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    before = containers(daemon)
    monkeypatch.setattr(boot, "COMMAND", ["python3", "-S", "-c", "import sys; sys.exit('no luck today')"])
    with pytest.raises(SandboxError, match=r"did not start.*no luck today"):
        docker_or_skip()
    assert all(gone(daemon, container) for container in containers(daemon) - before)


def test_a_start_sweeps_what_dead_trainers_left_and_nothing_else(daemon: Daemon) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    alive = leftovers.prefix()
    machine = alive.split("-")[2]
    gone_too = alive.replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    labels = {"dead": gone_too, "alive": alive, "elsewhere": gone_too.replace(machine, "00000000"), "odd": "?"}
    image = images.build(daemon)
    made = {
        name: daemon.api.create_container(image, ["true"], labels={LABEL: label})["Id"]
        for name, label in labels.items()
    }
    try:
        docker_or_skip(workers=1).close()
        left = containers(daemon)
        assert {name for name, container in made.items() if container in left} == {"alive", "elsewhere", "odd"}
    finally:
        for container in made.values():
            daemon.remove(container)


def test_a_forked_child_lets_go_without_ending_the_container(daemon: Daemon) -> None:
    sandbox = docker_or_skip(workers=1)
    try:
        with sandbox._lock:
            child = os.fork()
            if child == 0:
                refused_at_once(sandbox)
        assert os.waitpid(child, 0)[1] == 0
        container = sandbox._container.id
        assert sandbox.run("print(2)").stdout == "2\n"
        assert sandbox._container.id == container
    finally:
        sandbox.close()


def test_a_forked_child_that_lives_on_does_not_keep_a_killed_trainers_container(daemon: Daemon) -> None:
    trainer = (
        "import os, time\nfrom agentrl.sandbox.docker.backend import DockerSandbox\ns = DockerSandbox(workers=1)\n"
        "child = os.fork()\nif child == 0: time.sleep(20); os._exit(0)\n"
        "print(s._container.id, child, flush=True)\ntime.sleep(20)"
    )
    process = subprocess.Popen([sys.executable, "-c", trainer], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    container, child = process.stdout.readline().split()
    process.kill()
    process.wait()
    process.stdout.close()
    assert gone(daemon, container)
    os.kill(int(child), signal.SIGKILL)


def test_a_status_of_a_lost_run_is_never_ok(daemon: Daemon) -> None:
    sandbox = docker_or_skip(workers=1)
    try:
        with ThreadPoolExecutor(1) as threads:
            run = threads.submit(sandbox.run, "import time; time.sleep(20)", limits=Limits(wall_seconds=30))
            killed = ""
            for _ in range(2):
                while sandbox._container.id == killed:  # until there is a fresh one
                    time.sleep(0.02)
                time.sleep(0.3)
                killed = sandbox._container.id
                daemon.api.kill(killed)
            with pytest.raises(SandboxError, match="lost its container"):
                run.result()
        assert sandbox.run("1 / 0").status is Status.ERROR
    finally:
        sandbox.close()
