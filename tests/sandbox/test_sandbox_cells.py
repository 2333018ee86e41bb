"""The process namespaces of runs: what process 1 does for a program, and that the zygote sees every end."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import open_or_skip

from agentrl.sandbox import Limits, Sandbox, Status
from agentrl.sandbox.embedded import worker
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
    """Its end sends SIGCHLD, which the zygote ignores at the moments in which it makes a process 1."""
    program = "import os, sys\nos.execv('/bin/sh', ['sh', '-c', 'exit 7'])"
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(namespaces.run, [program] * 80))
    assert {(result.status, result.exit_code) for result in results} == {(Status.ERROR, 7)}


MISSED = """
import itertools, os, types
from agentrl.sandbox.embedded import cell_runs
ends = itertools.count()
def wait4(pid, options):
    found = os.wait4(pid, options)
    if next(ends) == 0: raise ChildProcessError
    return found
cell_runs.os = types.SimpleNamespace(**dict(vars(os), wait4=wait4))
zygote.main()"""


def test_a_run_whose_end_was_missed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    open_or_skip("namespaces", workers=1).close()
    monkeypatch.setattr(worker, "_BOOT", worker._BOOT.replace("zygote.main()", MISSED))
    sandbox = EmbeddedSandbox("namespaces", 1)
    try:
        assert [sandbox.run("print(1)").stdout for _ in range(3)] == ["1\n"] * 3
    finally:
        sandbox.close()


def test_the_zygote_keeps_no_descriptor_of_a_run(namespaces: Sandbox) -> None:
    assert isinstance(namespaces, EmbeddedSandbox)
    for number in (3, 40):
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(namespaces.run, ["print(1)"] * number))
        zygotes = [child for one in namespaces._pool.workers for child in children(one.process.pid)]
        held = [len(os.listdir(f"/proc/{pid}/fd")) for pid in zygotes]
        if number == 3:
            before = held
    assert held == before


def children(pid: int) -> list[int]:
    """The processes below this one; the zygote itself is the first of them, process 1 of its own namespace."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]
