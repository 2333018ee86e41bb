"""Back-pressure for threads and event loops: so many runs at once; who comes later waits, first come first served."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager


class Places:
    """A fair semaphore whose waiters may be threads and tasks."""

    def __init__(self, count: int) -> None:
        """Raises ValueError when `count` is not positive."""
        if count < 1:
            raise ValueError(f"there must be at least 1 place, not {count}")
        self._count = count
        self.forget()

    def forget(self) -> None:
        """In a forked child: who held or waited for a place was in the parent, and so may be the lock's holder."""
        self._free, self._lock = self._count, threading.Lock()
        self._waiting: deque[Future[None]] = deque()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place; blocks until there is one."""
        turn = self._ask()
        try:
            turn.result()
        except BaseException:  # a KeyboardInterrupt while waiting
            self._withdraw(turn)
            raise
        try:
            yield
        finally:
            self._leave()

    @asynccontextmanager
    async def aplace(self) -> AsyncIterator[None]:
        """Hold a place; waits in the event loop."""
        turn = self._ask()
        try:
            if not turn.done():
                await asyncio.shield(asyncio.wrap_future(turn))
        except BaseException:
            self._withdraw(turn)
            raise
        try:
            yield
        finally:
            self._leave()

    def _ask(self) -> "Future[None]":
        turn: Future[None] = Future()
        with self._lock:
            if self._free:
                self._free -= 1
                turn.set_result(None)
            else:
                self._waiting.append(turn)
        return turn

    def _withdraw(self, turn: "Future[None]") -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            turn = self._waiting.popleft()
        turn.set_result(None)
