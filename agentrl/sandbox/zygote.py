"""The fork server: a small warm Python process that forks one confined child per run.

It has one thread, never reads a payload (later children inherit its memory), and takes orders from one control socket
(SOCK_SEQPACKET). A request is a JSON header plus descriptors: the run's own reply socket, the payload, stdin, stdout,
stderr, and maybe a channel. On the reply socket go: {"started"} with a pidfd, then from the run {"status"}, {"limit"}
or {"failed"}, then {"end", "cpu", "rss"}. It ends when the control socket does, and takes all its runs along.
"""

import array
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import sysconfig
from dataclasses import dataclass
from typing import Any, NoReturn

from agentrl.sandbox import execution, kernel, landlock, namespaces, seccomp
from agentrl.sandbox.types import Limits

PRELOAD = """
math re collections itertools functools heapq bisect random string datetime typing copy io contextlib traceback json
dataclasses operator statistics fractions decimal array enum time abc numbers cmath textwrap threading
agentrl.sandbox.driver_calls agentrl.sandbox.driver_solution agentrl.sandbox.driver_tests
"""
"""What programs find imported: the price of an import is paid once, not per run."""
_RUN_NAMESPACES = kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC
_FIRST_SPARE_USER = 200100
_CHOWN_KILL_SETGID_SETUID = 0b11100001
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo")
_READABLE_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


@dataclass(slots=True)
class Slot:
    """A directory that one run at a time uses, for the tiers without mounts."""

    directory: str
    ruleset: int
    user: int | None


@dataclass(slots=True)
class Live:
    """A run that has not been reaped."""

    pid: int
    reply: int
    slot: Slot | None


class Zygote:
    """The loop, and what is live."""

    def __init__(self, control: socket.socket, tier: str, work: str, first_user: int) -> None:
        self.control, self.tier, self.work = control, tier, work
        self.first_user = first_user
        self.live: dict[int, Live] = {}
        self.spare: list[Slot] = []
        self.slots = 0
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)

    def serve(self) -> NoReturn:
        """Answer requests until the control socket ends."""
        while True:
            for descriptor, _ in self.poll.poll():
                if descriptor == self.control.fileno():
                    self._accept()
                else:
                    self._reap(descriptor)

    def _accept(self) -> None:
        message, ancillary, _, _ = self.control.recvmsg(1 << 16, socket.CMSG_SPACE(64), socket.MSG_CMSG_CLOEXEC)
        if not message:
            os._exit(0)
        descriptors = array.array("i")
        for _, _, data in ancillary:
            descriptors.frombytes(data)
        header = json.loads(message)
        reply, payload, stdin, stdout, stderr, *channel = descriptors
        request = execution.Request(
            Limits(**header["limits"]), reply, payload, stdin, stdout, stderr, channel[0] if channel else None
        )
        try:
            self._start(request)
        except OSError as error:
            _send(request.reply, failed=f"{type(error).__name__}: {error}")
        finally:
            for descriptor in request.descriptors:
                os.close(descriptor)

    def _start(self, request: execution.Request) -> None:
        slot = None
        if self.tier == "namespaces":
            pid = kernel.clone(_RUN_NAMESPACES)
            if pid == 0:
                execution.run_in_namespaces(request)
        else:
            slot = self.spare.pop() if self.spare else self._new_slot()
            pid = self._fork_into(slot, request)
        handle = os.pidfd_open(pid)
        reply = os.dup(request.reply)
        self.live[handle] = Live(pid, reply, slot)
        self.poll.register(handle, select.POLLIN)
        _send(reply, handle, started=pid, directory=slot.directory if slot else "")

    def _fork_into(self, slot: Slot, request: execution.Request) -> int:
        try:
            pid = os.fork()
        except OSError:
            self.spare.append(slot)
            raise
        if pid == 0 and self.tier == "lockdown":
            execution.run_locked_down(request, slot.directory, slot.ruleset, slot.user)
        if pid == 0:
            execution.run_unconfined(request, slot.directory)
        return pid

    def _reap(self, handle: int) -> None:
        run = self.live.pop(handle)
        self.poll.unregister(handle)
        os.close(handle)
        _, status, usage = os.wait4(run.pid, 0)
        if run.slot is not None:
            self._recycle(run.slot, run.pid)
        _send(run.reply, end=status, cpu=usage.ru_utime + usage.ru_stime, rss=usage.ru_maxrss)
        os.close(run.reply)

    def _new_slot(self) -> Slot:
        number = self.slots
        self.slots += 1
        directory = os.path.join(self.work, f"{self.first_user}-{number}")
        os.mkdir(directory, 0o700)
        user = self.first_user + number if _can_change_user(self.work) else None
        ruleset = -1
        if self.tier == "lockdown":
            rules = [*_readable(), ("/dev/null", landlock.FLAT), (directory, landlock.FLAT)]
            ruleset = landlock.create(rules, landlock.version())
        return Slot(directory, ruleset, user)

    def _recycle(self, slot: Slot, session: int) -> None:
        if self.tier == "none":
            _kill_group(session)
        for entry in os.scandir(slot.directory):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)
        self.spare.append(slot)


def _send(reply: int, handle: int | None = None, **message: Any) -> None:
    """Send a message, maybe with a descriptor. Never waits: a caller that stopped reading must not stop the zygote."""
    rights = [] if handle is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", handle))]
    with socket.socket(fileno=os.dup(reply)) as connection:
        try:
            connection.sendmsg([json.dumps(message).encode()], rights, socket.MSG_DONTWAIT)
        except OSError:
            return


def _kill_group(session: int) -> None:
    try:
        os.killpg(session, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _readable() -> list[tuple[str, int]]:
    """What locked-down programs may read: the libraries and the standard library, without what people installed."""
    rules = [(path, landlock.READ) for path in (*_LIBRARIES, *_READABLE_DEVICES)]
    for library in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}:
        names = [name for name in os.listdir(library) if name not in namespaces.PACKAGE_DIRECTORIES]
        rules += [(os.path.join(library, name), landlock.READ) for name in names]
    return rules


def _can_change_user(work: str) -> bool:
    """Whether programs can run as an id of their own: that takes some of root's powers, and readable libraries."""
    with open("/proc/self/status") as file:
        held = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff"))
    powers = held & _CHOWN_KILL_SETGID_SETUID == _CHOWN_KILL_SETGID_SETUID
    return powers and _open_to_all(work) and _open_to_all(sysconfig.get_path("stdlib"))


def _open_to_all(path: str) -> bool:
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


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
    if tier == "lockdown" and not landlock.version():
        raise OSError("the kernel lacks landlock (Linux 5.13 and later, lsm=landlock)")
    if tier == "namespaces":
        namespaces.enter()


def main() -> NoReturn:
    """Entry point: one JSON argument with control (descriptor), tier, work (directory) and first_user."""
    settings = json.loads(sys.argv[1])
    control = socket.socket(fileno=settings["control"])
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        _preload()
        _check_tier(settings["tier"])
    except Exception as error:
        control.send(json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode())
        os._exit(1)
    zygote = Zygote(control, settings["tier"], settings["work"], _FIRST_SPARE_USER + settings["first_user"])
    control.send(b'{"ready": true}')
    zygote.serve()
