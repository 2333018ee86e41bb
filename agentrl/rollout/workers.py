"""Threads for blocking calls into environments, any of which may hang for ever."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from agentrl.errors import EnvironmentFailure

T = TypeVar("T")
_Task = Callable[[], None]


class CallTimeout(EnvironmentFailure):
    """A call took too long. It may still be running, so what it works on must not be touched any more."""


class Workers:
    """`count` daemon threads that run calls for an event loop, each call for at most `timeout` seconds.

    A thread whose call hangs is left behind and replaced. (The standard library's executors join their threads when
    the interpreter ends, so one hanging environment would keep the process alive.)
    """

    def __init__(self, count: int, timeout: float) -> None:
        self._timeout = timeout
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._count = count
        for _ in range(count):
            self._start()

    async def run(self, call: Callable[[], T]) -> T:
        """Run a blocking call in one of the threads.

        Raises what the call raises, and CallTimeout when it takes too long. The time counts from its start.
        """
        loop = asyncio.get_running_loop()
        started: asyncio.Future[None] = loop.create_future()
        result: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            _tell(loop, started, None, None)
            try:
                value: Any = call()
            except BaseException as error:
                _tell(loop, result, None, error)
            else:
                _tell(loop, result, value, None)

        self._tasks.put(work)
        await started
        try:
            async with asyncio.timeout(self._timeout) as limit:  # 3.11's `wait_for` may forget a Ctrl-C
                return await result
        except TimeoutError as error:
            if not limit.expired():
                raise  # the call's own
            self._start()
            raise CallTimeout(f"a call of the environment took longer than {self._timeout:g} s") from error

    def close(self) -> None:
        """Let the threads end after what they are doing."""
        for _ in range(self._count):
            self._tasks.put(None)

    def _start(self) -> None:
        threading.Thread(target=self._serve, daemon=True, name="agentrl-environment").start()

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


def _tell(
    loop: asyncio.AbstractEventLoop, future: "asyncio.Future[Any]", value: Any, error: BaseException | None
) -> None:
    """Settle a future of another thread's loop; nobody waits any more when the loop is closed or the future done."""

    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(settle)
