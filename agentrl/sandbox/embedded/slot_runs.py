"""The runs of the tiers without namespaces of their own: each in a slot, a directory that one run at a time uses."""

import os
import select
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass

from agentrl.sandbox.embedded import contained, disk, execution
from agentrl.sandbox.embedded.runs import send
from agentrl.sandbox.embedded.slots import Slot, Slots

_CLEANING_MS = 10


@dataclass(slots=True)
class Live:
    """A child that has not been reaped: a run, or (without `reply`) the cleaning of a slot."""

    pid: int
    reply: socket.socket | None
    slot: Slot


class SlotRuns:
    """Starts them, reaps them, and frees their slots."""

    def __init__(self, poll: select.poll, tier: str, slots: Slots) -> None:
        self._poll, self._tier, self._slots = poll, tier, slots
        self._live: dict[int, Live] = {}

    def start(self, request: execution.Request, reply: socket.socket) -> None:
        """See `Runs`."""
        slot = self._slots.take()
        try:
            pid = self._fork(request, slot)
        except OSError:
            self._slots.give_back(slot)
            raise
        try:
            handle = self._follow(Live(pid, reply, slot))
        except OSError:
            self._free(slot, clean=False)
            raise
        send(reply, handle, started=pid, directory=slot.directory if self._tier == "lockdown" else "")

    def _fork(self, request: execution.Request, slot: Slot) -> int:
        pid = os.fork()
        if pid == 0 and slot.place is not None:
            contained.run_in_container(request, slot.place)
        elif pid == 0 and self._tier == "lockdown":
            execution.run_locked_down(request, slot.directory, slot.ruleset, slot.user)
        elif pid == 0:
            contained.run_unconfined(request, slot.directory)
        return pid

    def _follow(self, live: Live) -> int:
        """Be told when the child ends; its pidfd. Raises OSError, with the child ended, when there is no descriptor."""
        try:
            handle = os.pidfd_open(live.pid)
        except OSError:
            os.kill(live.pid, signal.SIGKILL)
            os.waitpid(live.pid, 0)
            raise
        self._live[handle] = live
        self._poll.register(handle, select.POLLIN)
        return handle

    def ended(self, descriptor: int) -> None:
        """See `Runs`."""
        run = self._live.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        _, status, usage = os.wait4(run.pid, 0)
        if run.reply is None:
            if status == 0:
                self._slots.give_back(run.slot)
            return
        self._free(run.slot, clean=status == 0)
        send(run.reply, end=status, cpu=usage.ru_utime + usage.ru_stime, rss=usage.ru_maxrss)
        run.reply.close()

    def tick_ms(self) -> int | None:
        """See `Runs`."""
        return _CLEANING_MS if any(child.reply is None for child in self._live.values()) else None

    def tick(self) -> None:
        """What a dead watch left becomes a child of this process; the cleaning ends when none of it is left."""
        if self.tick_ms() is None:
            return
        own = {child.pid for child in self._live.values()}
        with suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and found.si_pid not in own:
                os.waitpid(found.si_pid, 0)

    def _free(self, slot: Slot, clean: bool) -> None:
        """Let the next run have the slot; in "container" after a cleaning of its own if the watch did not do it."""
        if slot.place is None:
            with suppress(OSError):  # else the slot is not used again
                disk.wipe(slot.directory)
                self._slots.give_back(slot)
        elif clean:
            self._slots.give_back(slot)
        else:
            with suppress(OSError):  # then the slot is not used again
                self._clean(slot, slot.place)

    def _clean(self, slot: Slot, place: contained.Place) -> None:
        pid = os.fork()
        if pid == 0:
            contained.clean(place)
        self._follow(Live(pid, None, slot))
