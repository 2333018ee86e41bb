"""The fork server: a small warm Python process that forks one confined child per run.

It has one thread, never reads a payload (later children inherit its memory), and takes orders from one control socket
(SOCK_SEQPACKET). A request is a JSON header plus descriptors: the run's own reply socket, the payload, stdin, stdout,
stderr, and maybe a channel and the run's cgroups. On the reply socket go: {"started"} with a pidfd, maybe {"ungrouped"}
or {"failed"} from the run and {"status", "limit", "by"} from a watch of its own, then {"end", "cpu", "rss"}, in
namespaces with {"limit", "by"}. It ends when the control socket does. Its runs end with it, or see then that nobody
asks for them any more.
"""

import array
import functools
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import NoReturn

from agentrl.sandbox.embedded import execution, kernel, landlock, namespaces, seccomp
from agentrl.sandbox.embedded.cell_runs import CellRuns
from agentrl.sandbox.embedded.runs import Runs, send
from agentrl.sandbox.embedded.slot_runs import SlotRuns
from agentrl.sandbox.embedded.slots import Slots
from agentrl.sandbox.types import Limits

PRELOAD = """
math re collections itertools functools heapq bisect random string datetime typing copy io contextlib traceback json
dataclasses operator statistics fractions decimal array enum time abc numbers cmath textwrap threading
agentrl.sandbox.graders.driver_solution agentrl.sandbox.graders.driver_tests agentrl.sandbox.graders.driver_objects
agentrl.sandbox.graders.driver_pytest agentrl.sandbox.sessions.driver_session
"""
"""What programs find imported: the price of an import is paid once, not per run."""
_MOST_DESCRIPTORS = 16


class Zygote:
    """The loop."""

    def __init__(self, control: socket.socket, tier: str, work: str) -> None:
        """Raises OSError when the tier lacks something here."""
        self.control, self.poll = control, select.poll()
        self.poll.register(control, select.POLLIN)
        self.runs: Runs
        if tier == "namespaces":
            self.runs = CellRuns(self.poll)
        else:
            self.runs = SlotRuns(self.poll, tier, Slots(tier, work))

    def serve(self) -> NoReturn:
        """Answer requests until the control socket ends."""
        while True:
            for descriptor, _ in self.poll.poll(self.runs.tick_ms()):
                if descriptor == self.control.fileno():
                    self._accept()
                else:
                    self.runs.ended(descriptor)
            self.runs.tick()

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
            self.runs.start(_request(message, descriptors), reply)
        except OSError as error:
            send(reply, failed=f"{type(error).__name__}: {error}")
            reply.close()
        finally:
            for descriptor in descriptors[1:]:
                os.close(descriptor)


def _request(message: bytes, descriptors: "array.array[int]") -> execution.Request:
    """Raises OSError when the kernel left descriptors out, since this process has too many."""
    limits, count, has_channel = _header(message)
    if len(descriptors) != count:
        raise OSError("the zygote has too many open files")
    reply, payload, stdin, stdout, stderr, *rest = descriptors
    channel = rest.pop(0) if has_channel else None
    events, groups = (rest[0], tuple(rest[1:])) if rest else (None, ())
    return execution.Request(limits, reply, payload, stdin, stdout, stderr, channel, events, groups)


@functools.lru_cache(maxsize=64)  # most requests are alike
def _header(message: bytes) -> tuple[Limits, int, bool]:
    """Limits, how many descriptors come along, and whether one of them is a channel."""
    header = json.loads(message)
    return Limits(**header["limits"]), header["descriptors"], header["channel"]


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
    for grouped in (True, False):
        execution.system_calls(tier, grouped)
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
        zygote = Zygote(control, tier, settings["work"])
    except Exception as error:
        control.send(json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode())
        os._exit(1)
    control.send(b'{"ready": true}')
    zygote.serve()
