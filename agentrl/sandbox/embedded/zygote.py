"""The fork server: a small warm Python process that forks one confined child per run.

It has one thread, never reads a payload (later children inherit its memory), and takes orders from one control socket
(SOCK_SEQPACKET). A request is a JSON header plus descriptors: the run's own reply socket, the payload, stdin, stdout,
stderr, and maybe a channel and the run's cgroups. On the reply socket go: {"started"} with a pidfd, then from the run
{"status", "limit", "by"}, {"ungrouped"} or {"failed"}, then {"end", "cpu", "rss"}. It ends when the control socket
does. Its runs end with it, or see then that nobody asks for them any more.
"""

import array
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from agentrl.sandbox.embedded import contained, disk, execution, kernel, landlock, namespaces, seccomp
from agentrl.sandbox.embedded.slots import Slot, Slots
from agentrl.sandbox.types import Limits

PRELOAD = """
math re collections itertools functools heapq bisect random string datetime typing copy io contextlib traceback json
dataclasses operator statistics fractions decimal array enum time abc numbers cmath textwrap threading
agentrl.sandbox.graders.driver_solution agentrl.sandbox.graders.driver_tests agentrl.sandbox.graders.driver_objects
agentrl.sandbox.graders.driver_pytest agentrl.sandbox.sessions.driver_session
"""
"""What programs find imported: the price of an import is paid once, not per run."""
_RUN_NAMESPACES = kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC
_MOST_DESCRIPTORS = 16
_CLEANING_MS = 10


@dataclass(slots=True)
class Live:
    """A child that has not been reaped: a run, or (without `reply`) the cleaning of a slot."""

    pid: int
    reply: socket.socket | None
    slot: Slot | None


class Zygote:
    """The loop, and what is live."""

    def __init__(self, control: socket.socket, tier: str, slots: Slots | None) -> None:
        self.control, self.tier, self.slots = control, tier, slots
        self.live: dict[int, Live] = {}
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)

    def serve(self) -> NoReturn:
        """Answer requests until the control socket ends."""
        while True:
            cleaning = any(child.reply is None for child in self.live.values())
            for descriptor, _ in self.poll.poll(_CLEANING_MS if cleaning else None):
                if descriptor == self.control.fileno():
                    self._accept()
                else:
                    self._reap(descriptor)
            if cleaning:
                self._reap_orphans()

    def _accept(self) -> None:
        space = socket.CMSG_SPACE(4 * _MOST_DESCRIPTORS)
        message, ancillary, _, _ = self.control.recvmsg(1 << 16, space, socket.MSG_CMSG_CLOEXEC)
        if not message:
            os._exit(0)
        descriptors = array.array("i")
        for _, _, data in ancillary:
            descriptors.frombytes(data[: len(data) // 4 * 4])
        if not descriptors:  # the table of open files is full: who asked sees the other end of its socket close
            return
        reply = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, descriptors[0])
        try:
            self._start(_request(json.loads(message), descriptors), reply)
        except OSError as error:
            _send(reply, failed=f"{type(error).__name__}: {error}")
            reply.close()
        finally:
            for descriptor in descriptors[1:]:
                os.close(descriptor)

    def _start(self, request: execution.Request, reply: socket.socket) -> None:
        slot = self.slots.take() if self.slots else None
        try:
            pid = self._fork(request, slot)
        except OSError:
            if self.slots and slot:
                self.slots.give_back(slot)
            raise
        try:
            handle = self._follow(Live(pid, reply, slot))
        except OSError:
            self._free(slot, clean=False)
            raise
        _send(reply, handle, started=pid, directory=slot.directory if slot and self.tier == "lockdown" else "")

    def _fork(self, request: execution.Request, slot: Slot | None) -> int:
        if slot is None:
            pid = kernel.clone(_RUN_NAMESPACES)
            if pid == 0:
                execution.run_in_namespaces(request)
            return pid
        pid = os.fork()
        if pid == 0 and slot.place is not None:
            contained.run_in_container(request, slot.place)
        elif pid == 0 and self.tier == "lockdown":
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
        self.live[handle] = live
        self.poll.register(handle, select.POLLIN)
        return handle

    def _reap(self, handle: int) -> None:
        run = self.live.pop(handle)
        self.poll.unregister(handle)
        os.close(handle)
        _, status, usage = os.wait4(run.pid, 0)
        if run.reply is None:
            if self.slots and run.slot and status == 0:
                self.slots.give_back(run.slot)
            return
        self._free(run.slot, clean=status == 0)
        _send(run.reply, end=status, cpu=usage.ru_utime + usage.ru_stime, rss=usage.ru_maxrss)
        run.reply.close()

    def _reap_orphans(self) -> None:
        """What a dead watch left becomes a child of this process; the cleaning ends when none of it is left."""
        own = {child.pid for child in self.live.values()}
        with suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and found.si_pid not in own:
                os.waitpid(found.si_pid, 0)

    def _free(self, slot: Slot | None, clean: bool) -> None:
        """Let the next run have the slot; in "container" after a cleaning of its own if the watch did not do it."""
        if self.slots is None or slot is None:
            return
        if slot.place is None:
            with suppress(OSError):  # else the slot is not used again
                disk.wipe(slot.directory)
                self.slots.give_back(slot)
        elif clean:
            self.slots.give_back(slot)
        else:
            with suppress(OSError):  # then the slot is not used again
                self._clean(slot, slot.place)

    def _clean(self, slot: Slot, place: contained.Place) -> None:
        pid = os.fork()
        if pid == 0:
            contained.clean(place)
        self._follow(Live(pid, None, slot))


def _request(header: dict[str, Any], descriptors: "array.array[int]") -> execution.Request:
    """Raises OSError when the kernel left descriptors out, since this process has too many."""
    if len(descriptors) != header["descriptors"]:
        raise OSError("the zygote has too many open files")
    reply, payload, stdin, stdout, stderr, *rest = descriptors
    channel = rest.pop(0) if header["channel"] else None
    events, groups = (rest[0], tuple(rest[1:])) if rest else (None, ())
    limits = Limits(**header["limits"])
    return execution.Request(limits, reply, payload, stdin, stdout, stderr, channel, events, groups)


def _send(reply: socket.socket, handle: int | None = None, **message: Any) -> None:
    """Send a message, maybe with a descriptor. Never waits: a caller that stopped reading must not stop the zygote."""
    rights = [] if handle is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", handle))]
    try:
        reply.sendmsg([json.dumps(message).encode()], rights, socket.MSG_DONTWAIT)
    except OSError:
        return


def _preload() -> None:
    for name in PRELOAD.split():
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _check_tier(tier: str) -> None:
    if tier == "none":
        return
    if not seccomp.available():
        raise OSError("the kernel or the architecture lacks seccomp filters")
    if tier != "namespaces" and not landlock.version():
        raise OSError("the kernel lacks landlock (Linux 5.13 and later, lsm=landlock)")
    execution.system_calls(tier)
    if tier == "container":
        kernel.adopt_orphans()
    if tier == "namespaces":
        namespaces.enter()


def _allow_many_descriptors() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> NoReturn:
    """Entry point: one JSON argument with control (descriptor), tier and work (directory)."""
    settings = json.loads(sys.argv[1])
    control, tier = socket.socket(fileno=settings["control"]), settings["tier"]
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        _preload()
        _allow_many_descriptors()
        _check_tier(tier)
        slots = None if tier == "namespaces" else Slots(tier, settings["work"])
    except Exception as error:
        control.send(json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode())
        os._exit(1)
    zygote = Zygote(control, tier, slots)
    control.send(b'{"ready": true}')
    zygote.serve()
