"""The tier "none": no isolation, and still no run that leaves processes behind or multiplies without end."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sandbox_elsewhere import alive

from agentrl.sandbox import Limits, Sandbox, Status, open_sandbox


@pytest.fixture(scope="module")
def bare() -> Iterator[Sandbox]:
    opened = open_sandbox(isolation="none", workers=1)
    yield opened
    opened.close()


def test_what_a_program_leaves_behind_is_killed(bare: Sandbox) -> None:
    program = (
        "import os, time\n"
        "for n in range(3):\n if os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: print(os.getpid(), flush=True)\n"
        "  time.sleep(60)\ntime.sleep(0.3)"
    )
    result = bare.run(program)
    assert result.status is Status.OK
    assert len(result.stdout.split()) == 3
    assert not [pid for pid in map(int, result.stdout.split()) if alive(pid)]
    assert result.wall_seconds < 5


def test_a_timeout_ends_all_of_its_processes(bare: Sandbox) -> None:
    program = "import os, time\nfor _ in range(2): os.fork()\nprint(os.getpid(), flush=True)\ntime.sleep(60)"
    result = bare.run(program, limits=Limits(wall_seconds=0.5))
    assert (result.status, len(result.stdout.split())) == (Status.TIMEOUT, 4)
    assert not [pid for pid in map(int, result.stdout.split()) if alive(pid)]


def test_a_fork_bomb_is_ended(bare: Sandbox) -> None:
    bomb = "import os, time\nwhile True:\n try: os.fork()\n except OSError: time.sleep(0.01)"
    start = time.monotonic()
    result = bare.run(bomb, limits=Limits(wall_seconds=2, processes=8))
    assert result.status in (Status.KILLED, Status.TIMEOUT)
    assert time.monotonic() - start < 8
    assert bare.run("print(1)").stdout == "1\n"


def test_the_number_of_processes_is_bounded(bare: Sandbox) -> None:
    program = "import os, time\nfor _ in range(40):\n if os.fork() == 0: time.sleep(20)\ntime.sleep(20)"
    result = bare.run(program, limits=Limits(wall_seconds=15, processes=8))
    assert result.wall_seconds < 10
    assert result.status in (Status.KILLED, Status.ERROR)


def test_memory_counts_for_all_processes_together(bare: Sandbox) -> None:
    hoard = (
        "import os, time\nfor _ in range(6):\n if os.fork() == 0: x = bytearray(60 << 20); time.sleep(9)\ntime.sleep(9)"
    )
    result = bare.run(hoard, limits=Limits(wall_seconds=15, memory_mb=100))
    assert (result.status, result.limit) == (Status.MEMORY, "memory_mb")


def test_runs_at_once_do_not_end_each_other(bare: Sandbox) -> None:
    program = "import os, time\nif os.fork() == 0:\n time.sleep(60)\ntime.sleep({})\nprint('whole')"
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda n: bare.run(program.format(0.1 + n / 5)), range(3)))
    assert [result.stdout for result in results] == ["whole\n"] * 3


def test_its_directory_is_empty_for_the_next_run(bare: Sandbox) -> None:
    bare.run("import os; os.makedirs('a/b'); open('a/b/c', 'w').write('x'); os.symlink('/etc', 'l')")
    assert bare.run("import os; print(os.listdir('.'))").stdout == "[]\n"
    assert os.path.isdir("/etc")
