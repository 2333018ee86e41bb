"""A zygote, seen from the trusted side: start it, send it requests, stop it."""

import array
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

from agentrl.errors import SandboxError
from agentrl.sandbox.types import Limits

_START_SECONDS = 20.0
_STOP_SECONDS = 2.0
_USERS_PER_WORKER = 256

# The packages are named by hand: importing agentrl.sandbox itself would load the trusted side into the zygote.
_BOOT = """
import sys, types
for name, path in (("agentrl", {root!r}), ("agentrl.sandbox", {room!r})):
    package = types.ModuleType(name)
    package.__path__ = [path]
    sys.modules[name] = package
from agentrl.sandbox import zygote
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
}


def _command(settings: dict[str, object]) -> list[str]:
    """The base interpreter without site-packages. Not -I, which would ignore PYTHONHASHSEED; the rest of it is here."""
    room = os.path.dirname(os.path.abspath(__file__))
    boot = _BOOT.format(root=os.path.dirname(room), room=room)
    interpreter = getattr(sys, "_base_executable", None) or sys.executable
    flags = ["-P", "-s", "-S", "-B", "-X", "utf8"]
    return [os.path.realpath(interpreter), *flags, "-c", boot, json.dumps(settings)]


class Worker:
    """One zygote process. `load` counts the runs in flight and belongs to the pool."""

    def __init__(self, tier: str, number: int) -> None:
        """Start the zygote and wait until it is ready. Raises SandboxError with the step that this machine refuses."""
        self.tier, self.number, self.load = tier, number, 0
        self.work = "" if tier == "namespaces" else tempfile.mkdtemp(prefix="agentrl-sandbox-")
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if self.work:
            os.chmod(self.work, 0o711)
        settings = {"tier": tier, "work": self.work, "first_user": number * _USERS_PER_WORKER}
        with theirs:
            self.process = subprocess.Popen(
                _command({"control": theirs.fileno(), **settings}),
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            self._await_ready()
        except BaseException:
            self.close()
            raise

    def _await_ready(self) -> None:
        self.control.settimeout(_START_SECONDS)
        try:
            answer = json.loads(self.control.recv(1 << 16) or b'{"failed": "it died while starting"}')
        except TimeoutError:
            answer = {"failed": f"not ready after {_START_SECONDS:.0f} s"}
        self.control.settimeout(None)
        if "failed" in answer:
            raise SandboxError(str(answer["failed"]))

    def send(self, limits: Limits, descriptors: list[int]) -> None:
        """Hand over a request. Raises OSError when the zygote is dead."""
        header = json.dumps({"limits": dataclasses.asdict(limits)}).encode()
        rights = array.array("i", descriptors)
        self.control.sendmsg([header], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)], socket.MSG_NOSIGNAL)

    def close(self) -> None:
        """End the zygote and, with it, every run that it started."""
        self.control.close()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.work:
            shutil.rmtree(self.work, ignore_errors=True)

    def forget(self) -> None:
        """In a forked child: let go of the parent's zygote without ending it."""
        self.control.close()
