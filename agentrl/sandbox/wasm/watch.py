"""Limits in time, on the disk and of output, enforced from a thread beside the program."""

import os
import shutil
import threading
import time
import traceback
from typing import Any

import wasmtime

from agentrl.sandbox.embedded import disk

_TICK_SECONDS = 0.05


class Watch(threading.Thread):
    """Interrupts the program when a limit holds, by a step of the engine's epoch; `reason` then names the limit."""

    def __init__(self, engine: wasmtime.Engine, directory: str) -> None:
        """`directory`: that of the runs, which `disk_mb` bounds; its parent is the worker's own."""
        super().__init__(daemon=True)
        self.reason = ""
        self.engine, self._directory, self._parent = engine, directory, os.getppid()
        self._turn, self._active = threading.Condition(), False
        self._until: dict[str, float] = {}
        self._most_cpu, self._most_disk = 0.0, 0

    def begin(self, limits: dict[str, Any]) -> None:
        """A program starts."""
        with self._turn:
            self.reason, self._active = "", True
            self._until = {"wall_seconds": time.monotonic() + limits["wall_seconds"]}
            self._most_cpu = time.process_time() + limits["cpu_seconds"]
            self._most_disk = limits["disk_mb"] << 20
            self._turn.notify()

    def end(self) -> None:
        """The program has ended."""
        with self._turn:
            self._active = False

    def alarm(self, seconds: float) -> None:
        """Interrupt the program after `seconds`, instead of after those given before; 0: no longer."""
        with self._turn:
            self._until.pop("alarm", None)
            if seconds > 0:
                self._until["alarm"] = time.monotonic() + seconds
            self._turn.notify()

    def interrupt(self, reason: str) -> None:
        """Interrupt the program now, unless it already was."""
        with self._turn:
            self._interrupt(reason)

    def run(self) -> None:
        """The thread. Without it nothing would end a program: should it fail, the process ends."""
        try:
            with self._turn:
                while True:
                    self._look()
        except BaseException:
            traceback.print_exc()
            os._exit(1)

    def _look(self) -> None:
        if not self._active or self.reason:
            self._turn.wait()
        elif reason := self._due():
            self._interrupt(reason)
        else:
            left = min(self._until.values()) - time.monotonic()
            self._turn.wait(max(0.0, min(left, _TICK_SECONDS)))

    def _interrupt(self, reason: str) -> None:
        if self._active and not self.reason:
            self.reason = reason
            self.engine.increment_epoch()

    def _due(self) -> str:
        if os.getppid() != self._parent:  # the trusted side was killed
            shutil.rmtree(os.path.dirname(self._directory), ignore_errors=True)
            os._exit(1)
        now = time.monotonic()
        late = [name for name, until in self._until.items() if now >= until]
        if late:
            return late[0]
        if time.process_time() >= self._most_cpu:
            return "cpu_seconds"
        return "disk_mb" if disk.holds_too_much(self._directory, self._most_disk) else ""
