"""The watch of a run while the program fights it: whatever it does, the run ends with a verdict, and no other run.

A failure of the machinery raises SandboxError, is tried again, and costs an agent nothing: no program may cause one.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import open_or_skip

from agentrl.sandbox import Sandbox, Status
from agentrl.sandbox.embedded import worker
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox

WITH_A_WATCH = ["namespaces", "container", "none"]


@pytest.mark.parametrize("which", ["NOFILE", "AS", "CPU"])
def test_limits_of_the_watch_cannot_be_lowered(sandbox: Sandbox, which: str) -> None:
    program = (
        "import os, resource, time\nfor pid in (1, os.getppid()):\n"
        f" try: resource.prlimit(pid, resource.RLIMIT_{which}, (0, 0))\n except OSError: print('refused')\n"
        "time.sleep(0.2)\nprint('end')"
    )
    result = sandbox.run(program)
    assert (result.status, result.stdout) == (Status.OK, "refused\nrefused\nend\n"), result.stderr


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


@pytest.mark.parametrize("isolation", WITH_A_WATCH)
@pytest.mark.parametrize(
    "breakage",
    [
        "supervision._exceeded = lambda *unused: 1 / 0",  # only the watching itself
        "supervision.watch = lambda *unused: 1 / 0",  # what ends the run, too
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
