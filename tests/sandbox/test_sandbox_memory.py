"""What bounds the memory of a run's processes together, and that the result tells which one it was."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import open_or_skip

from agentrl.sandbox import Limits, Sandbox, Status
from agentrl.sandbox.embedded import cgroups
from agentrl.sandbox.embedded.ending import classify
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox

FORKS = (
    "import os\nfor _ in range(12):\n if os.fork() == 0:\n  x = bytearray(50 << 20)\n  __import__('time').sleep(20)\n"
)
SLOW = FORKS + "__import__('time').sleep(20)"
# All at once, and ended before the watch looks a second time.
FAST = FORKS.replace("__import__('time').sleep(20)", "os._exit(0)") + "for _ in range(12): os.wait()"


@pytest.fixture
def grouped() -> Iterator[EmbeddedSandbox]:
    opened = open_or_skip("namespaces", workers=1)
    assert isinstance(opened, EmbeddedSandbox)
    if opened._groups._closed:
        opened.close()
        pytest.skip("no cgroup with a memory limit can be made here")
    yield opened
    opened.close()


@pytest.fixture
def ungrouped(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedSandbox]:
    monkeypatch.setattr(cgroups, "_candidates", lambda processes: (1, []))
    opened = open_or_skip("namespaces", workers=1)
    assert isinstance(opened, EmbeddedSandbox)
    yield opened
    opened.close()


def test_one_process_is_held_by_its_address_space(sandbox: Sandbox) -> None:
    result = sandbox.run("bytearray(1 << 30)")
    assert (result.status, result.memory_by) == (Status.MEMORY, "rlimit")


def test_the_watch_holds_the_sum(ungrouped: EmbeddedSandbox) -> None:
    assert ungrouped.run("print(1)").memory_by == "watcher"
    result = ungrouped.run(SLOW, limits=Limits(wall_seconds=20, memory_mb=100))
    assert (result.status, result.limit, result.memory_by) == (Status.MEMORY, "memory_mb", "watcher")


@pytest.fixture(params=["namespaces", "lockdown", "container"])
def any_ungrouped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(cgroups, "_candidates", lambda processes: (1, []))
    opened = open_or_skip(request.param, workers=1)
    yield opened
    opened.close()


def test_no_memory_is_to_be_had_that_nothing_counts(any_ungrouped: Sandbox) -> None:
    program = Path(__file__).with_name("hostile") / "resources" / "c22_shared_mapping.py"
    result = any_ungrouped.run(program.read_text(), limits=Limits(memory_mb=64))
    assert (result.status, result.stdout) == (Status.OK, "refused: PermissionError\n" + result.stdout[25:])
    assert result.stdout.count("refused") == 2


def test_processes_share_memory_through_files_everywhere(ungrouped: EmbeddedSandbox) -> None:
    program = (
        "import mmap, multiprocessing\nfrom multiprocessing import shared_memory\n"
        "value, array = multiprocessing.Value('i', 1), multiprocessing.Array('d', 3)\n"
        "block = shared_memory.SharedMemory(create=True, size=1000)\n"
        "def work():\n value.value, array[2], block.buf[999] = 7, 8.0, 9\n"
        "context = multiprocessing.get_context('fork')\nchild = context.Process(target=work)\n"
        "child.start(); child.join()\nprint(value.value, array[2], block.buf[999])\nblock.close(); block.unlink()\n"
        "with open('/dev/zero', 'rb') as zeros: print(zeros.read(3))\n"
        "private = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)"
    )
    result = ungrouped.run(program)
    assert result.stdout == "7 8.0 9\nb'\\x00\\x00\\x00'\n", result.stderr


def test_shared_memory_can_be_had_where_a_cgroup_counts_it(grouped: EmbeddedSandbox) -> None:
    """The example of the mmap module's documentation."""
    program = (
        "import mmap, os\nwith mmap.mmap(-1, 13) as mm:\n mm.write(b'Hello world!')\n pid = os.fork()\n"
        " if pid == 0:\n  mm.seek(0)\n  print(mm.readline(), flush=True)\n  os._exit(0)\n os.waitpid(pid, 0)"
    )
    assert grouped.run(program).stdout == "b'Hello world!\\x00'\n"


def test_a_cgroup_holds_the_sum_exactly(grouped: EmbeddedSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert grouped.run("print(1)").memory_by == "cgroup"
    result = grouped.run(FAST, limits=Limits(wall_seconds=20, memory_mb=100))
    assert (result.status, result.limit) == (Status.MEMORY, "memory_mb")
    assert result.memory_by in ("cgroup", "watcher")
    assert grouped.run("print(1)").status is Status.OK


def test_the_kernel_kills_what_exceeds_its_group(grouped: EmbeddedSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process, so that no watch looks, in a group that is tighter than its address space."""
    limits = Limits(memory_mb=200, disk_mb=1)
    monkeypatch.setattr(cgroups, "_SLACK_MB", -150)
    result = grouped.run("print('before')\nx = bytearray(120 << 20)", limits=limits)
    assert (result.status, result.limit, result.memory_by) == (Status.MEMORY, "memory_mb", "cgroup")
    assert (result.stdout, result.exit_code) == ("before\n", None)


def test_all_processes_of_a_run_are_in_its_group(grouped: EmbeddedSandbox) -> None:
    (parent,) = grouped._groups._parents
    program = "import os, time\nfor _ in range(3): os.fork()\ntime.sleep(1)"
    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(grouped.run, program)
        found: set[str] = set()
        while not run.done() and len(found) < 8:
            for name in filter(str.isdigit, os.listdir(parent)):
                found = set(Path(parent, name, "cgroup.procs").read_text().split())
        assert len(found) == 8


def test_tmp_and_shared_memory_count_in_a_cgroup(grouped: EmbeddedSandbox) -> None:
    program = (
        "import mmap, os\nmaps = []\nfor _ in range(6):\n if os.fork() == 0:\n"
        "  m = mmap.mmap(-1, 60 << 20)\n  m.write(bytes(60 << 20))\n  os._exit(0)\n  \nfor _ in range(6): os.wait()"
    )
    result = grouped.run(program, limits=Limits(memory_mb=150, wall_seconds=20))
    assert result.status is Status.MEMORY


def test_a_group_serves_one_run_after_the_other_with_its_own_limit(grouped: EmbeddedSandbox) -> None:
    small, large = Limits(memory_mb=64), Limits(memory_mb=400)
    program = (
        "import os\nif os.fork() == 0:\n x = bytearray(150 << 20); print('held', flush=True); os._exit(0)\nos.wait()"
    )
    for _ in range(3):
        assert grouped.run(program, limits=large).stdout == "held\n"
        assert grouped.run(program, limits=small).stdout == ""
    assert grouped._groups._made == 1


def test_groups_are_removed_with_their_sandbox(grouped: EmbeddedSandbox) -> None:
    parents = list(grouped._groups._parents)
    grouped.run("print(1)")
    assert all(os.path.isdir(parent) for parent in parents)
    grouped.close()
    assert not any(os.path.exists(parent) for parent in parents)


def test_runs_go_on_when_groups_fail_later(grouped: EmbeddedSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups.Group, "limit", lambda self, limits: (_ for _ in ()).throw(OSError(16, "busy")))
    result = grouped.run("print(1)")
    assert (result.stdout, result.memory_by) == ("1\n", "watcher")


@pytest.mark.parametrize(
    ("point", "relative", "expected"),
    [
        ("/c/memory", "a/b", ["/c/memory/a/b", "/c/memory/a", "/c/memory/"]),
        ("/c/memory", ".", ["/c/memory"]),
        ("/c", "../../x", ["/c"]),
    ],
)
def test_groups_are_tried_from_ones_own_upwards(point: str, relative: str, expected: list[str]) -> None:
    assert [path.rstrip("/") for path in cgroups._upwards(point, relative)] == [path.rstrip("/") for path in expected]


def test_a_version_2_group_gets_its_limits(tmp_path: Path) -> None:
    for name in ("memory.events", "cgroup.procs", "memory.max", "memory.swap.max", "memory.oom.group", "pids.max"):
        (tmp_path / name).touch()
    group = cgroups.Group.__new__(cgroups.Group)
    group.directories, group._version, group._limits, group.descriptors = [str(tmp_path)], 2, None, []
    group.limit(Limits(memory_mb=100, disk_mb=10, processes=7))
    assert (tmp_path / "memory.max").read_text() == str(142 << 20)
    assert (tmp_path / "memory.swap.max").read_text() == "0"
    assert (tmp_path / "memory.oom.group").read_text() == "1"
    assert (tmp_path / "pids.max").read_text() == "9"


def test_a_kill_by_the_group_outweighs_what_came_of_it() -> None:
    messages = {"end": 0, "status": 9, "cpu": 0.0}
    ending = classify(messages, Limits(), "", "", group_killed=True)
    assert (ending.status, ending.limit, ending.memory_by) == (Status.MEMORY, "memory_mb", "cgroup")
    assert classify(messages, Limits(), "stop", "", group_killed=True).status is Status.KILLED


def test_importing_the_sandbox_makes_no_group() -> None:
    code = "import agentrl.sandbox, os; print([t for t, *_ in os.walk('/sys/fs/cgroup') if f'-{os.getpid()}-' in t])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
