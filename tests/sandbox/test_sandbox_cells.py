"""The process namespaces of runs: what process 1 does for a program, and that the zygote sees every end."""

import os
import platform
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import open_or_skip

from agentrl.sandbox import Limits, Sandbox, Status
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox

ORPHANS = """
import os
for _ in range(60):  # each leaves an orphan that ends
    if os.fork() == 0:
        if os.fork() == 0: os._exit(0)
        os._exit(0)
    os.wait()
try:
    os.wait()
except ChildProcessError:
    print("whole")
"""


def test_orphans_do_not_use_up_the_processes_of_a_run(namespaces: Sandbox) -> None:
    result = namespaces.run(ORPHANS, limits=Limits(processes=8, wall_seconds=20))
    assert (result.status, result.stdout) == (Status.OK, "whole\n"), result.stderr


def test_a_program_sees_itself_and_process_1_alone(namespaces: Sandbox) -> None:
    program = "import os\nprint(os.getpid(), os.getppid(), sorted(filter(str.isdigit, os.listdir('/proc'))))"
    assert namespaces.run(program).stdout == "2 0 ['1', '2']\n"


def test_children_of_a_program_stay_in_its_namespace(namespaces: Sandbox) -> None:
    program = "import os, subprocess\nprint(subprocess.run(['sh', '-c', 'echo $PPID'], capture_output=True).stdout)"
    assert namespaces.run(program).stdout == "b'2\\n'\n"


def test_the_exit_code_of_a_program_that_calls_exec_is_seen(namespaces: Sandbox) -> None:
    program = "import os, sys\nos.execv('/bin/sh', ['sh', '-c', 'exit 7'])"
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(namespaces.run, [program] * 80))
    assert {(result.status, result.exit_code) for result in results} == {(Status.ERROR, 7)}


def test_no_child_can_be_left_to_the_zygote(namespaces: Sandbox) -> None:
    """The end of a namespace waits for all its processes, and the zygote would not wait for one it does not know."""
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    program = f"import ctypes\nprint(ctypes.CDLL(None, use_errno=True).syscall({number}, 0x8000 | 17, 0, 0, 0, 0))"
    result = namespaces.run(program, limits=Limits(wall_seconds=3))
    assert (result.status, result.stdout) == (Status.OK, "-1\n"), result


def test_a_crowd_of_processes_does_not_stop_the_zygote(isolation_crowd: EmbeddedSandbox) -> None:
    crowd = "import os, time\nfor _ in range(5):\n os.fork()\ntime.sleep(4)"
    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(isolation_crowd.run, crowd, limits=Limits(processes=40)) for _ in range(3)]
        time.sleep(1.0)  # they are there
        waits = [isolation_crowd.run("print(1)").wall_seconds for _ in range(10)]
        assert {run.result().status for run in runs} == {Status.OK}
    assert sorted(waits)[5] < 1.0


@pytest.fixture
def isolation_crowd() -> Iterator[EmbeddedSandbox]:
    """One zygote for all."""
    sandbox = open_or_skip("namespaces", workers=1)
    assert isinstance(sandbox, EmbeddedSandbox)
    yield sandbox
    sandbox.close()


def test_the_zygote_keeps_no_descriptor_of_a_run(namespaces: Sandbox) -> None:
    assert isinstance(namespaces, EmbeddedSandbox)
    zygotes = [child for one in namespaces._pool.workers for child in children(one.process.pid)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(namespaces.run, ["print(1)"] * 40))
    deadline = time.monotonic() + 5
    # stdin, stdout, stderr, the control socket, the home of processes, /proc
    while max(held := [len(os.listdir(f"/proc/{pid}/fd")) for pid in zygotes]) > 6:
        assert time.monotonic() < deadline, held
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    """The processes below this one; the zygote itself is the first of them, process 1 of its own namespace."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]
