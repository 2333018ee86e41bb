"""The watch of a run while the program fights it: whatever it does, the run ends with a verdict, and no other run.

A failure of the machinery raises SandboxError, is tried again, and costs an agent nothing: no program may cause one.
"""

import contextlib
import errno
import os
import resource
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from conftest import open_or_skip
from sandbox_elsewhere import below, children

from agentrl.errors import SandboxError
from agentrl.sandbox import Limits, Sandbox, Status
from agentrl.sandbox.embedded import worker
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox

WITH_A_WATCH = ["namespaces", "container", "none"]


@pytest.mark.parametrize("which", ["NOFILE", "AS", "CPU"])
def test_limits_of_the_watch_cannot_be_lowered(sandbox: Sandbox, which: str) -> None:
    program = (
        "import os, resource, time\nfor pid in {1, os.getppid()} - {0}:\n"
        f" try: resource.prlimit(pid, resource.RLIMIT_{which}, (0, 0))\n except OSError: print('refused')\n"
        "time.sleep(0.2)\nprint('end')"
    )
    result = sandbox.run(program)
    assert (result.status, set(result.stdout.split())) == (Status.OK, {"refused", "end"}), result.stdout + result.stderr


@pytest.mark.parametrize(
    "call",
    ["os.setpriority(os.PRIO_PROCESS, 1, 19)", "os.setpriority(os.PRIO_USER, 0, 19)", "os.sched_setaffinity(1, [0])"],
)
def test_the_watch_cannot_be_slowed_down(sandbox: Sandbox, call: str) -> None:
    result = sandbox.run(f"import os\ntry: {call}\nexcept PermissionError: print('refused')")
    assert result.stdout == "refused\n"


def test_own_limits_and_priorities_can_be_changed(namespaces: Sandbox) -> None:
    program = (
        "import os, resource, subprocess\nresource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))\n"
        "print(os.nice(5) - os.getpriority(0, 0))\n"
        "os.sched_setaffinity(0, os.sched_getaffinity(0))\n"
        "print(subprocess.run('ulimit -n', shell=True, capture_output=True, text=True).stdout)"
    )
    result = namespaces.run(program)
    assert result.stdout.split() == ["0", "32"], result.stderr


NAMES = [b"\xff\xfe", b"a\rb", b"a) R 1 (b", b"a:\nUid: 0", b"\nUid:\t0", b""]
NAMED = """
import ctypes, os, time
libc = ctypes.CDLL(None)
os.fork()
libc.prctl(15, {name!r}, 0, 0, 0)
time.sleep(0.2)
print("end")
"""


@pytest.mark.parametrize("isolation", WITH_A_WATCH)
def test_a_process_may_have_any_name(isolation: str) -> None:
    sandbox = open_or_skip(isolation, workers=1)
    programs = [NAMED.format(name=name) for name in NAMES]
    try:
        with ThreadPoolExecutor(4) as threads:
            results = list(threads.map(sandbox.run, [*programs, "import time; time.sleep(0.4); print('end')"]))
    finally:
        sandbox.close()
    assert [result.status for result in results] == [Status.OK] * len(results)
    assert all(result.stdout.endswith("end\n") for result in results)


def broken_watch(patch: pytest.MonkeyPatch, breakage: str) -> None:
    """Fork servers start with this line run first."""
    monkey = f"from agentrl.sandbox.embedded import execution, contained, supervision\n{breakage}\nzygote.main()"
    patch.setattr(worker, "_BOOT", worker._BOOT.replace("zygote.main()", monkey))


@pytest.mark.parametrize(
    ("isolation", "breakage"),
    [
        *((isolation, "supervision.exceeded = lambda *unused: 1 / 0") for isolation in WITH_A_WATCH),
        # What ends the run, too. In namespaces that is the zygote itself.
        *((isolation, "supervision.watch = lambda *unused: 1 / 0") for isolation in WITH_A_WATCH[1:]),
    ],
)
def test_a_watch_that_fails_ends_the_run_as_killed(
    isolation: str, breakage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_or_skip(isolation, workers=1).close()
    broken_watch(monkeypatch, breakage)
    sandbox = EmbeddedSandbox(isolation, 1)  # without a first run to try it
    try:
        result = sandbox.run("import time\nprint(1, flush=True)\ntime.sleep(5)\nprint(2)")
        assert (result.status, result.limit) == (Status.KILLED, "")
        assert "2" not in result.stdout
        assert result.wall_seconds < 2
    finally:
        sandbox.close()


def opened(isolation: str, patch: pytest.MonkeyPatch, breakage: str) -> EmbeddedSandbox:
    """A sandbox with one fork server that runs these lines first."""
    open_or_skip(isolation, workers=1).close()
    broken_watch(patch, breakage)
    return EmbeddedSandbox(isolation, 1)


NO_PIDFD = """
import os, types
known = dict(vars(os), pidfd_open=lambda child: os.open("/dev/none", 0))
supervision.os = types.SimpleNamespace(**known)"""
TOO_MANY = """
import itertools
looks, look = itertools.count(), supervision.exceeded
def exceeded(*arguments):
    if next(looks) in range(*%r): raise OSError(%d, "too many open files")
    return look(*arguments)
supervision.exceeded = exceeded"""
FORKED = "import os, time\nos.fork()\ntime.sleep(0.8)\nprint('whole')"


@pytest.mark.parametrize("isolation", ["container", "none"])
def test_no_program_starts_before_its_watch(isolation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = opened(isolation, monkeypatch, NO_PIDFD)
    ours, theirs = socket.socketpair()
    with contextlib.closing(sandbox), ours:
        with theirs, pytest.raises(SandboxError, match="set up"):
            sandbox.run("import os\nos.write(3, b'it ran')", channel=theirs)
        assert ours.recv(100) == b""


@pytest.mark.parametrize("isolation", WITH_A_WATCH)
def test_a_machine_that_is_short_of_open_files_for_a_moment_ends_no_run(
    isolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(opened(isolation, monkeypatch, TOO_MANY % ((0, 9), errno.ENFILE))) as sandbox:
        result = sandbox.run(FORKED)
    assert (result.status, result.stdout) == (Status.OK, "whole\n" * result.stdout.count("whole")), result


@pytest.mark.parametrize("isolation", WITH_A_WATCH)
def test_a_watch_that_stays_blind_ends_the_run_as_killed(isolation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program can use up the machine's open files, so this must not count as the machinery's failure."""
    with contextlib.closing(opened(isolation, monkeypatch, TOO_MANY % ((2, 99), errno.ENFILE))) as sandbox:
        result = sandbox.run("import time; time.sleep(4)")
    assert (result.status, result.limit) == (Status.KILLED, "")
    assert 0.4 < result.wall_seconds < 3


def test_a_watch_without_room_for_a_descriptor_is_the_machinerys_failure() -> None:
    """Its own table: no program can fill it. The run is tried again."""
    sandbox = open_or_skip("container", workers=1)
    assert isinstance(sandbox, EmbeddedSandbox)
    with contextlib.closing(sandbox), ThreadPoolExecutor(1) as threads:
        zygote = sandbox._pool.workers[0].process.pid
        run = threads.submit(sandbox.run, FORKED)
        while not (watch := children(zygote)):
            time.sleep(0.01)
        time.sleep(0.2)
        resource.prlimit(watch.pop(), resource.RLIMIT_NOFILE, (2, 1 << 10))  # it holds two
        result = run.result()
    assert (result.status, result.stdout.split()[-1]) == (Status.OK, "whole")


def test_a_trainer_without_descriptors_left_leaves_no_program_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = open_or_skip("lockdown", workers=1)
    before = below(os.getpid())
    too_many = OSError(errno.EMFILE, "too many open files")
    monkeypatch.setattr("agentrl.sandbox.embedded.exchange.disk.holds_too_much", Mock(side_effect=too_many))
    with contextlib.closing(sandbox):
        with pytest.raises(SandboxError, match="trusted side"):
            sandbox.run("import time; time.sleep(60)", limits=Limits(wall_seconds=60))
        deadline = time.monotonic() + 5
        while below(os.getpid()) - before:
            assert time.monotonic() < deadline
            time.sleep(0.01)
