"""The pool: many threads, dead zygotes, forks of the trainer, ends of the trainer."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import open_or_skip
from sandbox_elsewhere import alive, refused_at_once

from agentrl.errors import SandboxError
from agentrl.sandbox import Limits, Sandbox, Status, open_sandbox, opening, shared_sandbox
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_eight_threads_get_each_their_own_answer(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: sandbox.run(f"print({n})", stdin=str(n)), range(80)))
    assert [result.stdout for result in results] == [f"{n}\n" for n in range(80)]


def test_a_hung_run_does_not_hold_up_the_others(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(3) as pool:
        hung = [pool.submit(sandbox.run, "while True: pass", limits=Limits(wall_seconds=1.5)) for _ in range(2)]
        assert pool.submit(sandbox.run, "print(1)").result().wall_seconds < 1.2
        assert {run.result().status for run in hung} == {Status.TIMEOUT}


def test_arun_runs_several_at_once(namespaces: Sandbox) -> None:
    async def both() -> list[str]:
        runs = [namespaces.arun(f"import time; time.sleep(0.3); print({n})") for n in range(4)]
        return [result.stdout for result in await asyncio.gather(*runs)]

    start = time.monotonic()
    assert asyncio.run(both()) == ["0\n", "1\n", "2\n", "3\n"]
    assert time.monotonic() - start < 1.1


@pytest.mark.parametrize("isolation", ["namespaces", "lockdown", "container", "none"])
def test_a_dead_zygote_is_replaced_without_a_word(isolation: str) -> None:
    opened = open_or_skip(isolation, workers=1)
    try:
        for _ in range(2):
            opened._pool.workers[0].process.kill()  # type: ignore[attr-defined]
            opened._pool.workers[0].process.wait()  # type: ignore[attr-defined]
            assert opened.run("print(1)").stdout == "1\n"
    finally:
        opened.close()


def test_a_zygote_that_dies_during_a_run_costs_one_retry() -> None:
    opened = open_or_skip("namespaces", workers=1)
    try:
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(opened.run, "import time; time.sleep(0.5); print(1)")
            time.sleep(0.2)
            opened._pool.workers[0].process.kill()  # type: ignore[attr-defined]
            assert run.result().stdout == "1\n"
    finally:
        opened.close()


def test_runs_leak_no_descriptors_and_no_processes(sandbox: Sandbox) -> None:
    sandbox.run("print(1)")
    before = descriptors()
    for program in ("print(1)", "1/0", "import os; os.abort()", "while True: print('y' * 9999)"):
        sandbox.run(program)
    sandbox.run("while True: pass", limits=Limits(wall_seconds=0.2))
    assert descriptors() == before


def test_closing_ends_the_zygotes_and_frees_everything() -> None:
    before = descriptors()
    opened = open_or_skip("auto")
    processes = [worker.process for worker in opened._pool.workers]  # type: ignore[attr-defined]
    opened.close()
    opened.close()
    assert all(process.poll() is not None for process in processes)
    assert descriptors() == before
    with pytest.raises(SandboxError, match="closed"):
        opened.run("print(1)")


def test_no_isolation_is_only_given_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_refused", {"namespaces": "step A: refused", "lockdown": "no landlock"})
    with pytest.raises(SandboxError, match=r"(?s)step A: refused.*no landlock.*What to do"):
        open_sandbox()
    opened = open_sandbox(isolation="none", workers=1)
    assert opened.run("print(1)").tier == "none"
    opened.close()


def test_unknown_words_are_refused() -> None:
    with pytest.raises(ValueError, match="isolation"):
        open_sandbox(isolation="strong")
    with pytest.raises(ValueError, match="backend"):
        open_sandbox(backend="vm")


def test_the_shared_sandbox_is_one_and_a_forked_child_gets_its_own() -> None:
    open_or_skip("auto", workers=1).close()
    shared = shared_sandbox()
    assert shared_sandbox() is shared
    child = os.fork()
    if child == 0:
        code = 1
        try:
            own = shared_sandbox()
            code = 0 if own is not shared and own.run("print(1)").stdout == "1\n" else 2
            own.close()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert shared.run("print(2)").stdout == "2\n"


def test_a_forked_child_does_not_wait_for_what_the_parents_threads_held() -> None:
    sandbox = open_or_skip("auto", workers=1)
    assert isinstance(sandbox, EmbeddedSandbox)
    try:
        places = [sandbox.place() for _ in range(4)]
        with places[0], places[1], places[2], places[3], sandbox._places._lock, sandbox._pool._lock:
            child = os.fork()
            if child == 0:
                refused_at_once(sandbox)
        assert os.waitpid(child, 0)[1] == 0
        assert sandbox.run("print(2)").stdout == "2\n"
    finally:
        sandbox.close()


def test_the_zygotes_die_with_a_killed_trainer() -> None:
    trainer = (
        "import time\nfrom agentrl.sandbox import open_sandbox\ns = open_sandbox()\n"
        "print(*[w.process.pid for w in s._pool.workers], flush=True)\ns.run('while True: pass')"
    )
    open_or_skip("auto", workers=1).close()
    process = subprocess.Popen([sys.executable, "-c", trainer], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 5
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert pids
    assert not any(alive(pid) for pid in pids)
