"""The tier "container": ids of their own instead of namespaces, with only the four capabilities that it needs."""

import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sandbox_elsewhere import CONTAINER_CAPABILITIES, interpreter_for_all, run_elsewhere

from agentrl.errors import SandboxError
from agentrl.sandbox import Limits, Sandbox, Status, open_sandbox
from agentrl.sandbox.embedded import contained, kernel
from agentrl.sandbox.embedded.contained import Place

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or interpreter_for_all() is None, reason="needs root")


def of_users(first: int, last: int = 1 << 31) -> list[str]:
    """The processes with ids that only programs have."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            status = Path(f"/proc/{name}/status").read_text()
        except OSError:
            continue
        user = int(status.partition("Uid:")[2].split()[0])
        found += [name] if first <= user < last and "State:\tZ" not in status else []
    return found


def user_of(sandbox: Sandbox) -> int:
    return int(sandbox.run("import os; print(os.getuid())").stdout)


def test_each_run_at_once_has_an_id_of_its_own(container: Sandbox) -> None:
    program = "import os, time; time.sleep(0.3); print(os.getuid(), os.geteuid(), os.getgid(), os.getgroups())"
    with ThreadPoolExecutor(4) as pool:
        answers = [result.stdout.split(maxsplit=3) for result in pool.map(container.run, [program] * 4)]
    assert len({answer[0] for answer in answers}) == 4
    assert all(real == effective == group != "0" for real, effective, group, _ in answers)
    assert all(groups == "[]\n" for *_, groups in answers)


def test_processes_and_other_programs_can_be_started(container: Sandbox) -> None:
    program = (
        "import subprocess, sys, os\nos.makedirs('a/b'); open('a/b/m.py', 'w').write('print(6 * 7)')\n"
        "print(subprocess.run([sys.executable, '-S', 'a/b/m.py'], capture_output=True, text=True).stdout, end='')\n"
        "print(subprocess.run(['sh', '-c', 'echo $((6 * 7)) | cat'], capture_output=True, text=True).stdout, end='')"
    )
    assert container.run(program).stdout == "42\n42\n"


@pytest.mark.parametrize(
    "leave",
    [
        "os.setsid(); os.fork()",
        "import signal; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]",
        "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)",
    ],
)
def test_nothing_outlives_the_run(container: Sandbox, leave: str) -> None:
    user = user_of(container)
    result = container.run(f"import os, time\nif os.fork() == 0:\n {leave}\n time.sleep(60)\ntime.sleep(0.1)\nprint(1)")
    assert (result.status, result.stdout) == (Status.OK, "1\n")
    assert of_users(user & ~0xFFF, (user | 0xFFF) + 1) == []


@pytest.mark.parametrize("attack", ["kill(-1, 9)", "kill(os.getppid(), 19)", "kill(os.getppid(), 9)"])
def test_a_bomb_that_fights_its_watch_is_ended(container: Sandbox, attack: str) -> None:
    attempts = f" try: os.fork()\n except OSError: pass\n try: os.{attack}\n except OSError: pass"
    bomb = f"import os\nwhile True:\n{attempts}"
    result = container.run(bomb, limits=Limits(wall_seconds=1))
    assert result.status in (Status.TIMEOUT, Status.KILLED)
    assert container.run("print(1)").stdout == "1\n"
    user = user_of(container)
    assert of_users(user & ~0xFFF, (user | 0xFFF) + 1) == []


def test_the_keeper_may_kill_the_program_and_not_the_other_way_round() -> None:
    place = Place("/", -1, 1_879_048_000, 1_879_048_001, -1)
    ready, tried = os.pipe(), os.pipe()
    program = os.fork()
    if program == 0:
        kernel.become(place.user)
        keeper = int(os.read(ready[0], 20))
        for target in (keeper, -1):
            with suppress(OSError):
                os.kill(target, signal.SIGKILL)
        with suppress(OSError):
            os.listdir(f"/proc/{keeper}/fd")
            os.write(tried[1], b"its descriptors, ")
        os.write(tried[1], b"all")
        signal.pause()
    keeper = os.fork()
    if keeper == 0:
        contained._become_keeper(place)
        os.write(ready[1], str(os.getpid()).encode())
        said = os.read(tried[0], 50)
        os.kill(-1, signal.SIGKILL)
        os._exit(0 if said == b"all" else 1)
    assert os.waitpid(keeper, 0)[1] == 0
    assert os.waitpid(program, 0)[1] == signal.SIGKILL


def test_the_processes_are_bounded_per_run(container: Sandbox) -> None:
    bomb = "import os, time\nn = 1\ntry:\n while os.fork():\n  n += 1\n time.sleep(9)\nexcept OSError: print(n)"
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: container.run(bomb, limits=Limits(processes=12)), range(3)))
    assert [result.stdout for result in results] == ["12\n"] * 3


def test_runs_cannot_reach_each_other(container: Sandbox) -> None:
    victim = "import os, time; print(os.getpid(), os.getcwd(), flush=True); open('s', 'w').write('x'); time.sleep(1)"
    attack = (
        "import os, time\ntime.sleep(0.3)\nfound = []\n"
        "for n in range(max(2, os.getpid() - 300), os.getpid() + 300):\n"
        " if n == os.getpid(): continue\n"
        " for f in (lambda: os.kill(n, 9), lambda: os.kill(n, 0), lambda: open(f'/proc/{n}/mem', 'rb'),\n"
        "           lambda: os.listdir(f'/proc/{n}/fd')):\n"
        "  try: f(); found.append(n)\n  except OSError: pass\n"
        "for n in range(16):\n"
        " for f in (lambda: os.listdir(f'../{n}'), lambda: open(f'../{n}/s')):\n"
        "  try:\n   f()\n   if os.path.realpath(f'../{n}') != os.getcwd(): found.append(n)\n  except OSError: pass\n"
        "print(found)"
    )
    with ThreadPoolExecutor(3) as pool:
        others = [pool.submit(container.run, victim) for _ in range(2)]
        assert pool.submit(container.run, attack).result().stdout == "[]\n"
        assert {run.result().status for run in others} == {Status.OK}


def test_deep_and_closed_directories_are_removed(container: Sandbox) -> None:
    program = (
        "import os\nfor n in range(40):\n os.makedirs(f'd{n}/' + 'x/' * 20); open(f'd{n}/x/f', 'w').close()\n"
        "os.symlink('/usr', 'link')\nos.mkfifo('pipe')\n"
        "for n in range(600):\n os.mkdir('y' * 200); os.chdir('y' * 200)\n"
    )
    result = container.run(program + "os.chmod('.', 0)", limits=Limits(wall_seconds=3))
    assert result.status in (Status.OK, Status.KILLED, Status.ERROR)
    closed = "import os\nos.makedirs('a/b')\nopen('a/b/f', 'w')\nos.chmod('a/b', 0)\nos.chmod('a', 0)\nos.chmod('.', 0)"
    assert container.run(closed).status is Status.OK
    for _ in range(3):
        assert container.run("import os; print(os.listdir('.'))").stdout == "[]\n"


def test_memory_counts_for_all_processes_together(container: Sandbox) -> None:
    hoard = (
        "import os, time\nfor _ in range(8):\n if os.fork() == 0:\n"
        "  x = bytearray(60 << 20); time.sleep(20)\ntime.sleep(20)"
    )
    result = container.run(hoard, limits=Limits(wall_seconds=15, memory_mb=100))
    assert (result.status, result.limit) == (Status.MEMORY, "memory_mb")
    assert result.memory_by in ("watcher", "cgroup")


SCRIPT = """
import json, os, sys
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox
from agentrl.sandbox.types import Limits
sandbox = EmbeddedSandbox("container", 1, work=sys.argv[1])
told = {}
for name, program in json.loads(sys.argv[2]).items():
    result = sandbox.run(program, limits=Limits(wall_seconds=3, memory_mb=100))
    told[name] = [result.status, result.stdout, result.stderr[-300:]]
sandbox.close()
told["left"] = os.listdir(sys.argv[1])
print(json.dumps(told))
"""
HOARD = "import os\nfor _ in range(8):\n if os.fork() == 0: x = bytearray(60 << 20); __import__('time').sleep(9)\n"
PROGRAMS = {
    "plain": "print(6 * 7)",
    "files": "import os; print(os.listdir('.')); os.makedirs('a/b'); open('a/b/c', 'w').write('x'); os.chmod('a', 0)",
    "again": "import os; print(os.listdir('.'))",
    "bomb": "import os\nwhile True: os.fork()",
    "kill": "import os\nos.kill(-1, 9)",
    "orphan": "import os, time\nif os.fork() == 0:\n os.setsid(); time.sleep(60)\nprint('on')",
    "parent": "import os\nfor n in (os.getppid(), 1):\n try: os.kill(n, 9); print('killed')\n except OSError: pass",
    "hoard": f"{HOARD}import time; time.sleep(9)",
    "last": "import os; print(os.listdir('.'), len(os.environ['HOME']) > 1)",
}


def test_four_capabilities_are_enough(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    told = json.loads(
        run_elsewhere(tmp_path, SCRIPT, str(work), json.dumps(PROGRAMS), capabilities=CONTAINER_CAPABILITIES)
    )
    assert told.pop("left") == []
    assert {name: answer[0] for name, answer in told.items()} == {
        "plain": "ok",
        "files": "ok",
        "again": "ok",
        "bomb": "error",  # the limit on processes
        "kill": "ok",
        "orphan": "ok",
        "parent": "ok",
        "hoard": "memory",
        "last": "ok",
    }, told
    assert [told[name][1] for name in ("plain", "again", "orphan", "parent", "last")] == [
        "42\n",
        "[]\n",
        "on\n",
        "",
        "[] True\n",
    ]


@pytest.mark.parametrize("lacking", [0, 5, 6, 7])
def test_fewer_capabilities_are_refused_with_their_name(tmp_path: Path, lacking: int) -> None:
    script = "from agentrl.sandbox import open_sandbox\nfrom agentrl.errors import SandboxError\n"
    script += "try: open_sandbox(isolation='container')\nexcept SandboxError as error: print(error)"
    mask = f"{int(CONTAINER_CAPABILITIES, 16) & ~(1 << lacking):x}"
    told = run_elsewhere(tmp_path, script, capabilities=mask)
    assert f"capabilities {({0: 'CHOWN', 5: 'KILL', 6: 'SETGID', 7: 'SETUID'})[lacking]}" in told


def test_it_is_never_chosen_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentrl.sandbox import opening

    monkeypatch.setattr(opening, "_refused", {"namespaces": "no", "lockdown": "no"})
    with pytest.raises(SandboxError):
        open_sandbox()


def test_a_dead_watch_is_made_up_for(container: Sandbox) -> None:
    program = "import os, time\nos.write(3, str(os.getppid()).encode())\nfor _ in range(3):\n os.fork()\ntime.sleep(30)"
    user = user_of(container)
    ours, theirs = socket.socketpair()
    with ThreadPoolExecutor(1) as pool, ours, theirs:
        run = pool.submit(container.run, program, limits=Limits(wall_seconds=20), channel=theirs)
        os.kill(int(ours.recv(20)), signal.SIGKILL)
        assert run.result().status is Status.KILLED
    zygotes = [worker.process for worker in container._pool.workers]  # type: ignore[attr-defined]
    for _ in range(60):  # the cleaning takes some milliseconds, in which other runs go on
        assert container.run("print(1)").stdout == "1\n"
    assert of_users(user & ~0xFFF, (user | 0xFFF) + 1) == []
    assert [process.poll() for process in zygotes] == [None, None]
