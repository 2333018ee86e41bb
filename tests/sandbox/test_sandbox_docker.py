"""Runs in a container: who they are, how many at once, how much goes in and out, and what is left of them."""

import asyncio
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker_daemon import containers, daemon_or_skip, docker_or_skip, gone, processes

from agentrl.errors import SandboxError
from agentrl.sandbox import CallTest, Limits, Status, grade_calls, grade_source, open_sandbox
from agentrl.sandbox.docker import frames
from agentrl.sandbox.docker.backend import DockerSandbox
from agentrl.sandbox.docker.daemon import Daemon


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    opened = daemon_or_skip()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def docker() -> Iterator[DockerSandbox]:
    opened = docker_or_skip()
    yield opened
    opened.close()


def test_a_result_names_the_back_end(docker: DockerSandbox) -> None:
    result = docker.run("print('hello')")
    assert (result.status, result.stdout, result.tier, docker.tier) == (Status.OK, "hello\n", "docker", "docker")


def test_runs_at_once_have_each_a_user_of_their_own_who_is_nobody(docker: DockerSandbox) -> None:
    program = "import os, time; time.sleep(0.3); print(os.getuid(), os.geteuid(), os.getgid())"
    with ThreadPoolExecutor(4) as threads:
        answers = [result.stdout.split() for result in threads.map(docker.run, [program] * 4)]
    assert len({answer[0] for answer in answers}) == 4
    assert all(int(word) > 1_000_000 for answer in answers for word in answer)


def test_processes_and_shell_tools_are_there(docker: DockerSandbox) -> None:
    program = (
        "import subprocess, sys, os\nos.makedirs('a/b'); open('a/b/m.py', 'w').write('print(6 * 7)')\n"
        "print(subprocess.run([sys.executable, '-S', 'a/b/m.py'], capture_output=True, text=True).stdout, end='')\n"
        "print(subprocess.run('ls a | sort | head -n 1', shell=True, capture_output=True, text=True).stdout, end='')"
    )
    result = docker.run(program)
    assert (result.stdout, result.stderr) == ("42\nb\n", "")


@pytest.mark.parametrize(
    "module", ["sqlite3", "ssl", "ctypes", "lzma", "bz2", "zoneinfo", "asyncio", "decimal", "uuid"]
)
def test_the_standard_library_is_whole(docker: DockerSandbox, module: str) -> None:
    result = docker.run(f"import {module}; print(1)", limits=Limits(memory_mb=512))
    assert (result.stdout, result.stderr) == ("1\n", "")


def test_programs_cannot_reach_the_server_or_each_other(docker: DockerSandbox) -> None:
    with ThreadPoolExecutor(1) as threads:
        neighbour = threads.submit(docker.run, "import time; time.sleep(1.5); print('whole')")
        time.sleep(0.3)
        attack = (
            "import os, signal\nreached = []\nfor name in filter(str.isdigit, os.listdir('/proc')):\n"
            "    if int(name) in (os.getpid(), os.getppid()): continue\n"
            "    for how in (lambda: os.kill(int(name), 9), lambda: open(f'/proc/{name}/mem', 'rb+'),\n"
            "                lambda: open(f'/proc/{name}/environ').read(), lambda: os.listdir(f'/proc/{name}/fd'),\n"
            "                lambda: os.listdir(f'/proc/{name}/cwd'), lambda: open(f'/proc/{name}/cmdline').read()):\n"
            "        try: how(); reached.append(name)\n        except OSError: pass\n"
            "try: os.kill(-1, 9)\nexcept OSError: pass\nprint(reached)"
        ).replace("os.listdir('/proc')", "map(str, range(1, 400))")
        assert docker.run(attack).stdout == "[]\n"
        assert neighbour.result().stdout == "whole\n"


def test_programs_have_no_privileges(docker: DockerSandbox, daemon: Daemon) -> None:
    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(docker.run, "import time; time.sleep(1.5)")
        time.sleep(0.5)
        (pid,) = [row[1] for row in processes(daemon, docker._container.id) if int(row[0]) > 1_000_000]
        with open(f"/proc/{pid}/status") as file:
            fields = dict(line.split(":", 1) for line in file)
        run.result()
    assert {fields[name].strip() for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {"0" * 16}
    assert (fields["NoNewPrivs"].strip(), fields["Seccomp"].strip()) == ("1", "2")


def test_eight_threads_share_one_stream(docker: DockerSandbox) -> None:
    def one(number: int) -> bool:
        text = f"{number} " * (number * 400)
        return docker.run("print(input())", stdin=text, limits=Limits(output_kb=1024)).stdout == text + "\n"

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(one, range(1, 100)))


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 3_000_000])
def test_outputs_of_every_size_come_back_whole(docker: DockerSandbox, size: int) -> None:
    program = f"import sys; sys.stdout.write('ä' * {size}); sys.stderr.write('ö' * {size})"
    result = docker.run(program, limits=Limits(output_kb=8192, wall_seconds=20))
    assert (result.stdout, result.stderr, result.truncated) == ("ä" * size, "ö" * size, False)


def test_large_inputs_arrive_whole(docker: DockerSandbox) -> None:
    data = os.urandom(12 << 20)
    program = "import hashlib, sys; print(hashlib.sha256(open('d/x', 'rb').read()).hexdigest(), len(sys.stdin.read()))"
    result = docker.run(program, stdin="y" * 5_000_000, files={"d/x": data}, limits=Limits(wall_seconds=20))
    assert result.stdout == f"{hashlib.sha256(data).hexdigest()} 5000000\n"


def test_a_large_input_does_not_hold_up_small_runs(docker: DockerSandbox) -> None:
    with ThreadPoolExecutor(1) as threads:
        large = threads.submit(docker.run, "print(2)", stdin="y" * 60_000_000, limits=Limits(wall_seconds=30))
        assert docker.run("print(1)").stdout == "1\n"
        assert large.result().stdout == "2\n"


def test_an_input_beyond_what_a_message_holds_is_refused(docker: DockerSandbox) -> None:
    with pytest.raises(ValueError, match="may have"):
        docker.run("", stdin="y" * (frames.MOST_MESSAGE + 1))
    assert docker.run("print(1)").stdout == "1\n"


def test_more_memory_than_the_container_has_is_refused(docker: DockerSandbox) -> None:
    with pytest.raises(ValueError, match=r"memory_mb is 100000, but the container has \d+ MiB"):
        docker.run("", limits=Limits(memory_mb=100_000))


def test_graders_work_over_the_tunnelled_channel(docker: DockerSandbox) -> None:
    source = "def add(a, b):\n    return a + b\n"
    tests = [CallTest((n, n), 2 * n) for n in range(50)] + [CallTest(("x" * 300_000, "y"), "x" * 300_000 + "y")]
    assert grade_calls(docker, source, "add", tests).all_passed
    assert grade_calls(docker, source.replace("+", "-"), "add", tests[1:9]).passed_share == 0
    check = "def check(candidate):\n    for n in range(200): assert candidate(n, 1) == n + 1\n"
    assert grade_source(docker, source, "add", check).all_passed
    assert not grade_source(docker, source.replace("+", "*"), "add", check).all_passed


def test_eight_graders_at_once(docker: DockerSandbox) -> None:
    source, check = "def f(n):\n    return n + 1\n", "assert f(1) == 2\nassert f(2) == 3\n"
    with ThreadPoolExecutor(8) as threads:
        reports = list(threads.map(lambda _: grade_source(docker, source, "f", check), range(24)))
    assert all(report.all_passed for report in reports)


def test_a_channel_carries_a_conversation(docker: DockerSandbox) -> None:
    ours, theirs = socket.socketpair()
    program = "import os\nwhile data := os.read(3, 100): os.write(3, data.upper())"
    with ours, theirs, ThreadPoolExecutor(1) as threads:
        run = threads.submit(docker.run, program, channel=theirs)
        for word in (b"one", b"two", b"three"):
            ours.sendall(word)
            assert ours.recv(100) == word.upper()
        ours.shutdown(socket.SHUT_WR)
        assert run.result().status is Status.OK


def test_a_channel_stays_open_when_the_run_is_over(docker: DockerSandbox) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for _ in range(2):
            assert docker.run("import os; os.write(3, b'hello')", channel=theirs).status is Status.OK
            assert ours.recv(100) == b"hello"


def test_what_a_program_wrote_to_its_channel_outlives_it(docker: DockerSandbox) -> None:
    ours, theirs = socket.socketpair()
    program = "import os\nrest = memoryview(b'x' * 400_000)\nwhile rest: rest = rest[os.write(3, rest) :]"
    with ours, theirs, ThreadPoolExecutor(1) as threads:
        run = threads.submit(docker.run, program, channel=theirs)
        time.sleep(0.7)  # the program has ended by now
        size = 0
        ours.settimeout(5)
        while size < 400_000 and (part := ours.recv(1 << 16)):
            size += len(part)
        assert (size, run.result().status) == (400_000, Status.OK)


def test_a_program_that_never_reads_its_channel_holds_up_nobody(docker: DockerSandbox) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor(2) as threads:
        stuck = threads.submit(docker.run, "while True: pass", channel=theirs, limits=Limits(wall_seconds=2))
        flood = threads.submit(ours.sendall, bytes(5_000_000))
        assert docker.run("print(1)").stdout == "1\n"
        assert stuck.result().status is Status.TIMEOUT
        ours.shutdown(socket.SHUT_RDWR)
        with pytest.raises(BrokenPipeError):
            flood.result()


def test_200_runs_leave_nothing(docker: DockerSandbox, daemon: Daemon) -> None:
    programs = (
        "print(1)",
        "1 / 0",
        "import os; os.abort()",
        "import os; os.makedirs('a/b'); open('a/b/c', 'w').write('x' * 9999)",
        "import os, time\nif os.fork() == 0: os.setsid(); time.sleep(60)",
        "import os, time\ntry:\n while True:\n  if os.fork() == 0: time.sleep(60)\nexcept OSError: pass",
    )
    container = docker._container.id
    docker.run("print(1)")
    idle = {row[1] for row in processes(daemon, container) if int(row[0]) == 0}
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: docker.run(programs[n % len(programs)]), range(200)))
    assert docker._container.id == container
    deadline = time.monotonic() + 3
    while {row[1] for row in processes(daemon, container)} != idle and time.monotonic() < deadline:
        time.sleep(0.05)
    assert {row[1] for row in processes(daemon, container)} == idle
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == (descriptors, threads)
    count = "import os; tmpfs = os.statvfs('/work'); print(tmpfs.f_files - tmpfs.f_ffree)"
    look = daemon.api.exec_create(container, ["python3", "-S", "-c", count])
    assert int(daemon.api.exec_start(look["Id"])) < 30  # the empty directories of the slots


def test_cancelling_a_task_ends_its_run(docker: DockerSandbox) -> None:
    async def cancel_one() -> float:
        run = asyncio.create_task(docker.arun("import time; time.sleep(20)", limits=Limits(wall_seconds=30)))
        await asyncio.sleep(0.3)
        start = time.monotonic()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        return time.monotonic() - start

    descriptors = len(os.listdir("/proc/self/fd"))
    assert asyncio.run(cancel_one()) < 2
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert docker.run("print(1)").stdout == "1\n"


def test_closing_removes_the_container_and_frees_everything(daemon: Daemon) -> None:
    containers(daemon)  # the SDK keeps a connection for each address that it asked
    before = len(os.listdir("/proc/self/fd"))
    opened = docker_or_skip(workers=1)
    container = opened._container.id
    assert container in containers(daemon)
    opened.close()
    opened.close()
    assert gone(daemon, container)
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(SandboxError, match="closed"):
        opened.run("print(1)")
    with pytest.raises(SandboxError, match="closed"):
        asyncio.run(opened.arun("print(1)"))


def test_open_sandbox_knows_the_back_end() -> None:
    docker_or_skip(workers=1).close()
    opened = open_sandbox(backend="docker", workers=1)
    assert opened.run("print(1)").tier == "docker"
    opened.close()
    with pytest.raises(ValueError, match="embedded"):
        open_sandbox(backend="docker", isolation="namespaces")
