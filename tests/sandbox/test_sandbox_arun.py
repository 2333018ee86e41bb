"""The asynchronous API: back-pressure, order, cancellation, the descriptor `stop`."""

import asyncio
import gc
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import open_or_skip
from sandbox_elsewhere import alive, below

from agentrl.errors import SandboxError
from agentrl.sandbox import Limits, Sandbox, Status, open_sandbox
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox
from agentrl.sandbox.places import Places

SLEEP = "import time; time.sleep(20)"


@pytest.fixture
def narrow() -> Iterator[EmbeddedSandbox]:
    """A sandbox with one worker and two places."""
    open_or_skip("auto", workers=1).close()
    opened = open_sandbox(workers=1, in_flight=2)
    assert isinstance(opened, EmbeddedSandbox)
    yield opened
    opened.close()


def test_no_more_runs_at_once_than_places(narrow: EmbeddedSandbox) -> None:
    async def many() -> float:
        start = time.monotonic()
        await asyncio.gather(*(narrow.arun("import time; time.sleep(0.2)") for _ in range(6)))
        return time.monotonic() - start

    assert asyncio.run(many()) >= 0.6


def test_waiting_callers_take_their_turn_in_the_order_in_which_they_came(narrow: EmbeddedSandbox) -> None:
    done: list[int] = []

    async def one(number: int) -> None:
        await narrow.arun("import time; time.sleep(0.05)")
        done.append(number)

    async def many() -> None:
        await asyncio.gather(*(one(number) for number in range(12)))

    asyncio.run(many())
    assert all(abs(place - number) <= 1 for place, number in enumerate(done)), done


def test_threads_and_tasks_wait_in_one_line() -> None:
    places, order = Places(1), []

    def thread() -> None:
        with places.place():
            order.append("thread")

    async def task() -> None:
        async with places.aplace():
            order.append("task")

    async def main() -> None:
        with places.place():
            waiting = threading.Thread(target=thread)
            waiting.start()
            while not places._waiting:
                await asyncio.sleep(0.001)
            later = asyncio.create_task(task())
            await asyncio.sleep(0.01)
            assert order == []
        await later
        waiting.join()

    asyncio.run(main())
    assert order == ["thread", "task"]


def test_who_is_cancelled_while_waiting_leaves_no_hole() -> None:
    places = Places(1)

    async def hold(seconds: float) -> None:
        async with places.aplace():
            await asyncio.sleep(seconds)

    async def main() -> None:
        first = asyncio.create_task(hold(0.05))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(hold(0)) for _ in range(3)]
        await asyncio.sleep(0.01)
        waiting[0].cancel()
        waiting[1].cancel()
        await asyncio.gather(first, *waiting, return_exceptions=True)
        await asyncio.wait_for(hold(0), 1)

    asyncio.run(main())
    assert places._free == 1


def test_runs_with_a_channel_are_not_counted(narrow: EmbeddedSandbox) -> None:
    async def main() -> str:
        pairs = [socket.socketpair() for _ in range(4)]
        held = [
            asyncio.create_task(narrow.arun("import os; os.read(3, 1)", channel=theirs, limits=Limits(wall_seconds=20)))
            for _, theirs in pairs
        ]
        await asyncio.sleep(0.2)
        answer = await asyncio.wait_for(narrow.arun("print(1)"), 10)
        for ours, theirs in pairs:
            ours.send(b"x")
            theirs.close()
        assert {result.status for result in await asyncio.gather(*held)} == {Status.OK}
        for ours, _ in pairs:
            ours.close()
        return answer.stdout

    assert asyncio.run(main()) == "1\n"


@pytest.mark.parametrize("isolation", ["namespaces", "lockdown", "container", "none"])
def test_cancelling_kills_the_run_and_frees_everything(isolation: str) -> None:
    opened = open_or_skip(isolation, workers=1)
    try:
        assert opened.run("print(1)").stdout == "1\n"
        idle, descriptors, threads = below(os.getpid()), len(os.listdir("/proc/self/fd")), threading.active_count()

        async def cancel_one() -> float:
            run = asyncio.create_task(opened.arun(SLEEP, limits=Limits(wall_seconds=30)))
            await asyncio.sleep(0.2)
            assert {pid for pid in below(os.getpid()) - idle if alive(pid)}
            start = time.monotonic()
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            return time.monotonic() - start

        for _ in range(3):
            assert asyncio.run(cancel_one()) < 1.5
        assert not {pid for pid in below(os.getpid()) - idle if alive(pid)}
        assert len(os.listdir("/proc/self/fd")) == descriptors
        deadline = time.monotonic() + 1
        while threading.active_count() > threads and time.monotonic() < deadline:
            time.sleep(0.01)
        assert threading.active_count() == threads
        assert opened.run("print(2)").stdout == "2\n"
    finally:
        opened.close()


def test_cancelling_at_any_moment_leaves_no_descriptor_and_no_place(narrow: EmbeddedSandbox) -> None:
    with ThreadPoolExecutor(2) as threads:  # a cgroup for each place is made when it is first needed, and kept
        list(threads.map(narrow.run, ["import time; time.sleep(0.2)"] * 2))
    gc.collect()  # what earlier tests left
    descriptors = len(os.listdir("/proc/self/fd"))

    async def cancel_after(seconds: float) -> None:
        run = asyncio.create_task(narrow.arun("print(1)"))
        await asyncio.sleep(seconds)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)

    async def main() -> None:
        await asyncio.gather(*(cancel_after(n / 2000) for n in range(40)))

    asyncio.run(main())
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert narrow._places._free == 2
    assert narrow.run("print(2)").stdout == "2\n"


def test_a_descriptor_stops_a_run(sandbox: Sandbox) -> None:
    ours, theirs = os.pipe()
    stopper = threading.Timer(0.3, os.close, [theirs])
    stopper.start()
    result = sandbox.run(f"print('before')\n{SLEEP}", stop=ours, limits=Limits(wall_seconds=30))
    stopper.join()
    os.close(ours)
    assert (result.status, result.limit, result.exit_code, result.stdout) == (Status.KILLED, "", None, "before\n")
    assert result.wall_seconds < 5


def test_a_descriptor_that_is_readable_from_the_start_stops_the_run_at_once(sandbox: Sandbox) -> None:
    ours, theirs = os.pipe()
    os.close(theirs)
    assert sandbox.run(SLEEP, stop=ours, limits=Limits(wall_seconds=30)).status is Status.KILLED
    os.close(ours)


def test_a_failure_comes_out_of_arun(narrow: EmbeddedSandbox) -> None:
    narrow.close()
    with pytest.raises(SandboxError, match="closed"):
        asyncio.run(narrow.arun("print(1)"))


@pytest.mark.parametrize("count", [0, -1])
def test_a_bound_below_one_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="place"):
        Places(count)
