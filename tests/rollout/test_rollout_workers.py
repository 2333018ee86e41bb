"""Threads for calls that may hang: what their callers get, and what Ctrl-C does meanwhile."""

import asyncio
import threading
import time

import pytest

from agentrl.rollout.workers import CallTimeout, Workers


def test_cancelling_is_not_forgotten_when_the_result_comes_at_the_same_time() -> None:
    async def cancelled_as_it_ends() -> bool:
        workers, gate = Workers(1, timeout=60.0), threading.Event()
        call = asyncio.create_task(workers.run(gate.wait))
        await asyncio.sleep(0.05)  # it waits for the gate
        gate.set()
        time.sleep(0.1)  # its result waits for this loop
        asyncio.get_running_loop().call_soon(call.cancel)
        try:
            await call
        except asyncio.CancelledError:
            return True
        finally:
            workers.close()
        return False

    assert asyncio.run(cancelled_as_it_ends())


def test_a_call_that_takes_too_long_is_left_behind_and_its_thread_replaced() -> None:
    async def after_one_that_hangs() -> int:
        workers, gate = Workers(1, timeout=0.1), threading.Event()
        try:
            with pytest.raises(CallTimeout, match=r"longer than 0\.1 s"):
                await workers.run(gate.wait)
            return await workers.run(lambda: 7)
        finally:
            gate.set()
            workers.close()

    assert asyncio.run(after_one_that_hangs()) == 7


def test_a_timeout_of_the_call_itself_is_its_own() -> None:
    async def raising() -> None:
        workers = Workers(1, timeout=60.0)

        def call() -> None:
            raise TimeoutError("the page did not load")

        try:
            await workers.run(call)
        finally:
            workers.close()

    with pytest.raises(TimeoutError, match="did not load"):
        asyncio.run(raising())
