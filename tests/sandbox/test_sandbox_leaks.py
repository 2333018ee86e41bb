"""Many runs leave nothing: no process, descriptor, thread, mount, directory or cgroup."""

import gc
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import open_or_skip
from sandbox_elsewhere import alive, below, limit_for

from agentrl.sandbox import Limits
from agentrl.sandbox.embedded import exchange, handover
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox

PROGRAMS = (
    "print(1)",
    "print(2)",
    "print(3)",
    "open('x', 'w').write('x' * 9999)",
    "1 / 0",
    "import os\ntry: os.fork()\nexcept OSError: pass",
    "import os; os.abort()",
    "import os\ntry:\n if os.fork() == 0: os.setsid(); __import__('time').sleep(60)\nexcept OSError: pass",
)


def resident_kb() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4


def left(zygotes: set[int]) -> dict[str, object]:
    """All that a run could leave behind, by kind."""
    cgroups = [top for top, _, _ in os.walk("/sys/fs/cgroup") if f"-{os.getpid()}-" in top]
    directories = [name for name in os.listdir(tempfile.gettempdir()) if f"-{os.getpid()}-" in name]
    ours = os.readlink("/proc/self/ns/mnt")
    rooms = [pid for pid in sorted(zygotes) if alive(pid) and os.readlink(f"/proc/{pid}/ns/mnt") != ours]
    mounts = [len(Path(f"/proc/{pid}/mountinfo").read_text().splitlines()) for pid in rooms]
    return {
        "processes": {pid for pid in below(os.getpid()) - zygotes if alive(pid)},
        "zombies": len(below(os.getpid())),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "zygotes' descriptors": [len(os.listdir(f"/proc/{pid}/fd")) for pid in sorted(zygotes) if alive(pid)],
        "threads": threading.active_count(),
        "mounts": mounts,
        "mounts here": Path("/proc/self/mountinfo").read_text().count("agentrl-sandbox"),
        "cgroups": len(cgroups),
        "directories": len(directories),
    }


def settled(look: Callable[[], dict[str, object]], wanted: dict[str, object]) -> dict[str, object]:
    """What is left once the kernel has let go, which may take a moment."""
    deadline = time.monotonic() + 2
    while (found := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def exercise(isolation: str, runs: int) -> None:
    gc.collect()  # what earlier tests dropped ends now, and not in between
    time.sleep(0.2)
    without = left(below(os.getpid()))  # sandboxes of other tests may be open
    others = below(os.getpid())
    opened = open_or_skip(isolation)
    assert isinstance(opened, EmbeddedSandbox)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: opened.run("import time; time.sleep(0.1)"), range(8)))  # all slots and groups exist
    time.sleep(0.3)
    zygotes = below(os.getpid())
    before = left(zygotes)
    memory = resident_kb()
    limits = Limits(memory_mb=64)
    for start in range(0, runs, 100):
        with ThreadPoolExecutor(4) as threads:
            list(
                threads.map(lambda n: opened.run(PROGRAMS[n % len(PROGRAMS)], limits=limits), range(start, start + 100))
            )
    assert settled(lambda: left(zygotes), before) == before
    assert resident_kb() - memory < 20_000
    opened.close()
    assert settled(lambda: left(others), without) == without


@pytest.mark.parametrize("isolation", ["namespaces", "lockdown", "container", "none"])
def test_300_runs_leave_nothing(isolation: str) -> None:
    exercise(isolation, 300)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("isolation", ["namespaces", "lockdown", "container"])
def test_10_000_runs_leave_nothing(isolation: str) -> None:
    exercise(isolation, 10_000)


def test_what_cannot_be_begun_leaves_no_descriptor() -> None:
    """A fork server closed meanwhile; a table of open files that is full, at each of the steps."""
    sandbox = open_or_skip("auto", workers=1)
    assert isinstance(sandbox, EmbeddedSandbox)
    worker = sandbox._pool.workers[0]

    def attempt() -> None:
        with exchange.Exchange(worker, Limits()) as begun:
            begun.run("print(1)", "in", {}, None)

    before = len(os.listdir("/proc/self/fd"))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for room in range(8):  # two pipes, a pair of sockets, two files
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit_for(room), limits[1]))
            try:
                with pytest.raises(OSError, match="Too many"):
                    attempt()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            assert len(os.listdir("/proc/self/fd")) == before
        worker.control.close()
        with pytest.raises(exchange.ZygoteError, match="closed"):
            attempt()
        assert len(os.listdir("/proc/self/fd")) == before - 1
        assert worker.hung_up(0)
    finally:
        sandbox.close()


def test_a_payload_that_cannot_be_written_leaves_no_descriptor() -> None:
    def parts() -> Iterator[bytes]:
        yield b"x"
        raise MemoryError

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(MemoryError):
        handover.memory_file(parts())
    assert len(os.listdir("/proc/self/fd")) == before
