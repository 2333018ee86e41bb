"""A zygote, seen from the trusted side: start it, send it requests, stop it."""

import array
import dataclasses
import functools
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress

from agentrl.errors import SandboxError
from agentrl.sandbox.embedded import leftovers
from agentrl.sandbox.types import Limits

_START_SECONDS = 20.0
_STOP_SECONDS = 2.0
_SEND_SECONDS = 15

# The packages are named by hand: importing agentrl.sandbox itself would load the trusted side into the zygote.
_BOOT = """
import sys, types
for name, path in (("agentrl", {root!r}), ("agentrl.sandbox", {room!r})):
    package = types.ModuleType(name)
    package.__path__ = [path]
    sys.modules[name] = package
from agentrl.sandbox.embedded import zygote
zygote.main()
"""
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    # Sets of strings keep their order from run to run and from zygote to zygote.
    "PYTHONHASHSEED": "0",
    # Each further arena reserves 64 MiB of address space, which the memory limit counts.
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Functions of libraries are bound once, in the zygote, and not in each run anew.
    "LD_BIND_NOW": "1",
}


def _command(settings: dict[str, object]) -> list[str]:
    """The base interpreter without site-packages. Not -I, which would ignore PYTHONHASHSEED; the rest of it is here."""
    room = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    boot = _BOOT.format(root=os.path.dirname(room), room=room)
    interpreter = getattr(sys, "_base_executable", None) or sys.executable
    flags = ["-P", "-s", "-S", "-B", "-X", "utf8"]
    return [os.path.realpath(interpreter), *flags, "-c", boot, json.dumps(settings)]


class Worker:
    """One zygote process. `load` counts the runs in flight, `served` those since its start; both belong to the pool."""

    def __init__(self, tier: str, work: str | None = None) -> None:
        """Start the zygote and wait until it is ready; its directories go below `work` (None: the temporary directory).

        Raises SandboxError with the step that this machine refuses.
        """
        self.tier, self.load, self.served = tier, 0, 0
        try:
            self.work = "" if tier == "namespaces" else _make_work(work or tempfile.gettempdir())
            self._start()
        except OSError as error:
            raise SandboxError(f"a fork server could not be started: {error}") from error
        try:
            self._await_ready()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A zygote that no longer reads must not hold up who asks it for ever.
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_SECONDS, 0))
        with theirs:
            self.process = subprocess.Popen(
                _command({"control": theirs.fileno(), "tier": self.tier, "work": self.work}),
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _await_ready(self) -> None:
        self.control.settimeout(_START_SECONDS)
        try:
            answer = json.loads(self.control.recv(1 << 16) or b'{"failed": "it died while starting"}')
        except TimeoutError:
            answer = {"failed": f"not ready after {_START_SECONDS:.0f} s"}
        self.control.settimeout(None)
        if "failed" in answer:
            raise SandboxError(str(answer["failed"]))

    def send(self, limits: Limits, descriptors: Sequence[int], channel: bool) -> None:
        """Hand over a request (see zygote.py for the descriptors). Raises OSError when the zygote is dead."""
        rights = array.array("i", descriptors)
        self.control.sendmsg(
            [_header(limits, len(descriptors), channel)],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)],
            socket.MSG_NOSIGNAL,
        )

    def hung_up(self, seconds: float) -> bool:
        """Whether the zygote is gone, or goes within so many seconds."""
        poll = select.poll()
        with suppress(ValueError):  # this side is closed
            poll.register(self.control, 0)
            return bool(poll.poll(seconds * 1000))
        return True

    def kill(self) -> None:
        """End the zygote at once. Whoever waits for one of its runs sees the control socket hang up."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the zygote and, with it, every run that it started. Closing twice is allowed."""
        self.control.close()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        if self.work:
            _remove_work(self.work)

    def forget(self) -> None:
        """In a forked child: let go of the parent's zygote without ending it."""
        self.control.close()


@functools.lru_cache(maxsize=64)
def _header(limits: Limits, descriptors: int, channel: bool) -> bytes:
    return json.dumps({"limits": dataclasses.asdict(limits), "descriptors": descriptors, "channel": channel}).encode()


def _make_work(parent: str) -> str:
    leftovers.sweep(parent, _remove_work)
    work = tempfile.mkdtemp(prefix=leftovers.prefix(), dir=parent)
    os.chmod(work, 0o711)
    return work


def _remove_work(work: str) -> None:
    # Without CAP_DAC_OVERRIDE even root cannot look into a directory of another user, but it can remove an empty one.
    with suppress(OSError):
        for entry in os.scandir(work):
            with suppress(OSError):
                os.rmdir(entry.path)
    shutil.rmtree(work, ignore_errors=True)
