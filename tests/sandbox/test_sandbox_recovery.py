"""What one failure may cost: the run that it hit, once more. Never another run, a process, a directory or a cgroup."""

import os
import resource
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import open_or_skip
from sandbox_elsewhere import alive, below, children, interpreter_for_all, run_elsewhere, start_elsewhere

from agentrl.errors import SandboxError
from agentrl.sandbox import Limits, Status
from agentrl.sandbox.embedded import leftovers, pool
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox
from agentrl.sandbox.embedded.worker import Worker

TIERS = ["namespaces", "lockdown", "container", "none"]


def embedded(isolation: str, workers: int = 1) -> EmbeddedSandbox:
    opened = open_or_skip(isolation, workers=workers)
    assert isinstance(opened, EmbeddedSandbox)
    return opened


def zygote_of(worker: Worker) -> int:
    """The process that forks: in namespaces the child of the one that was started."""
    started = worker.process.pid
    return children(started).pop() if worker.tier == "namespaces" else started


@pytest.mark.parametrize("isolation", ["namespaces", "container", "none"])
def test_a_run_that_cannot_be_set_up_costs_no_other_run(isolation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentrl.sandbox.embedded.forkserver.check_files", lambda *unused: None)
    sandbox = embedded(isolation)
    worker = sandbox._pool.workers[0]
    try:
        with ThreadPoolExecutor(1) as threads:
            other = threads.submit(sandbox.run, "import time; time.sleep(0.8); print('whole')")
            time.sleep(0.2)
            with pytest.raises(SandboxError, match="set up"):
                sandbox.run("print(1)", files={"x" * 300: b""})
            assert other.result().stdout == "whole\n"
        assert sandbox._pool.workers == [worker]
        assert worker.process.poll() is None
    finally:
        sandbox.close()


@pytest.mark.parametrize("isolation", TIERS)
def test_a_zygote_without_descriptors_left_refuses_and_lives_on(isolation: str) -> None:
    sandbox = embedded(isolation)
    worker = sandbox._pool.workers[0]
    zygote = zygote_of(worker)
    try:
        assert sandbox.run("print(1)").stdout == "1\n"
        soft, hard = resource.prlimit(zygote, resource.RLIMIT_NOFILE)
        with ThreadPoolExecutor(1) as threads:
            other = threads.submit(sandbox.run, "import time; time.sleep(0.8); print('whole')")
            time.sleep(0.3)
            open_now = len(os.listdir(f"/proc/{zygote}/fd"))
            for room in (0, 1, 3, 4, 5):
                resource.prlimit(zygote, resource.RLIMIT_NOFILE, (open_now + room, hard))
                with pytest.raises(SandboxError, match=r"set up|could not take"):
                    sandbox.run("print(1)")
            resource.prlimit(zygote, resource.RLIMIT_NOFILE, (soft, hard))
            assert sandbox.run("print(2)").stdout == "2\n"
            assert other.result().stdout == "whole\n"
        assert sandbox._pool.workers == [worker]
    finally:
        sandbox.close()


@pytest.mark.parametrize("isolation", TIERS)
def test_zygotes_that_die_under_load_lose_no_run(isolation: str) -> None:
    sandbox = embedded(isolation, workers=2)
    finished = threading.Semaphore(0)

    def kill_after_some() -> None:
        for _ in range(4):
            finished.acquire()
        os.kill(zygote_of(sandbox._pool.workers[0]), signal.SIGKILL)

    try:
        for _ in range(5):  # one death a round: no run may be hit twice, which would be one retry too many
            with ThreadPoolExecutor(6) as threads:
                killer = threads.submit(kill_after_some)
                runs = [threads.submit(sandbox.run, f"import time; time.sleep(0.02); print({n})") for n in range(12)]
                for run in runs:
                    run.add_done_callback(lambda _: finished.release())
            killer.result()
            assert [run.result().stdout for run in runs] == [f"{n}\n" for n in range(12)]
            while finished.acquire(blocking=False):
                pass
    finally:
        sandbox.close()


def test_a_silent_zygote_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentrl.sandbox.embedded.exchange._SETUP_SECONDS", 0.5)
    sandbox = embedded("auto")
    try:
        os.kill(zygote_of(sandbox._pool.workers[0]), signal.SIGSTOP)
        assert sandbox.run("print(1)").stdout == "1\n"
    finally:
        sandbox.close()


@pytest.mark.parametrize("isolation", TIERS)
def test_a_zygote_that_served_long_is_replaced_without_harm(isolation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "RUNS_PER_ZYGOTE", 10)
    sandbox = embedded(isolation)
    try:
        first = sandbox._pool.workers[0]
        with ThreadPoolExecutor(2) as threads:
            long = threads.submit(sandbox.run, "import time; time.sleep(3); print('whole')")
            time.sleep(0.1)
            assert [sandbox.run(f"print({n})").stdout for n in range(25)] == [f"{n}\n" for n in range(25)]
            assert sandbox._pool.workers[0] is not first
            assert first.process.poll() is None
            assert long.result().stdout == "whole\n"
        assert first.process.poll() is not None
        assert sandbox._pool._retired == []
    finally:
        sandbox.close()


TRAINER = """
import sys, threading, time
from agentrl.sandbox import Limits
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox
sandbox = EmbeddedSandbox(sys.argv[1], 2, work=sys.argv[2])
busy = "import os, time\\ntry:\\n for _ in range(3): os.fork()\\nexcept OSError: pass\\ntime.sleep(50)"
for _ in range(4):
    threading.Thread(target=sandbox.run, args=(busy,), kwargs={"limits": Limits(wall_seconds=60)}, daemon=True).start()
time.sleep(0.7)
print("ready", flush=True)
time.sleep(60)
"""
NEXT = """
import os, sys
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox
sandbox = EmbeddedSandbox(sys.argv[1], 1, work=sys.argv[2])
print(sandbox.run("print(1)").stdout, len(os.listdir(sys.argv[2])))
sandbox.close()
print(len(os.listdir(sys.argv[2])))
"""


def cgroups_of(pid: int) -> list[str]:
    return [top for top, _, _ in os.walk("/sys/fs/cgroup") if f"-{pid}-" in os.path.basename(top)]


@pytest.mark.parametrize("isolation", TIERS)
def test_a_killed_trainer_leaves_no_process_and_the_next_one_sweeps(isolation: str, tmp_path: Path) -> None:
    open_or_skip(isolation, workers=1).close()
    if interpreter_for_all() is None:
        pytest.skip("there is no Python 3.11 or later that every user may run")
    work = tmp_path / "work"
    work.mkdir()
    trainer = start_elsewhere(tmp_path, TRAINER, isolation, str(work))
    assert trainer.stdout is not None
    assert trainer.stderr is not None
    assert trainer.stdout.readline() == "ready\n"
    started = below(trainer.pid)
    assert len(started) >= 6
    trainer.kill()
    trainer.wait()
    deadline = time.monotonic() + 2
    while any(alive(pid) for pid in started) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not [pid for pid in started if alive(pid)]
    trainer.stdout.close()
    trainer.stderr.close()
    expected = "0" if isolation == "namespaces" else "1"
    assert run_elsewhere(tmp_path, NEXT, isolation, str(work)).split() == ["1", expected, "0"]
    assert cgroups_of(trainer.pid) == []


def test_only_what_dead_processes_of_this_machine_made_is_swept(tmp_path: Path) -> None:
    own = leftovers.prefix()
    machine, _, start = own.removeprefix("agentrl-sandbox-").removesuffix("-").split("-")
    kept = [own + "a", f"agentrl-sandbox-00000000-{os.getpid()}-1-a", "agentrl-sandbox-x", "other"]
    stale = [f"agentrl-sandbox-{machine}-{os.getpid()}-{int(start) - 1}-a", f"agentrl-sandbox-{machine}-4194305-5-b"]
    for name in (*kept, *stale):
        (tmp_path / name).mkdir()
    (tmp_path / f"agentrl-sandbox-{machine}-4194305-5-link").symlink_to(tmp_path / "other")
    swept: list[str] = []
    leftovers.sweep(str(tmp_path), swept.append)
    assert sorted(swept) == sorted(str(tmp_path / name) for name in stale)


def test_the_wall_time_of_a_retried_run_starts_anew() -> None:
    sandbox = embedded("auto")
    try:
        with ThreadPoolExecutor(1) as threads:
            run = threads.submit(sandbox.run, "import time; time.sleep(0.7); print(1)", limits=Limits(wall_seconds=1.5))
            time.sleep(0.4)
            os.kill(zygote_of(sandbox._pool.workers[0]), signal.SIGKILL)
            assert run.result().status is Status.OK
    finally:
        sandbox.close()
