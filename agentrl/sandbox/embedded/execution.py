"""One run, seen from the processes that carry it out: the set-up of a child of the zygote, up to the program.

In the tiers "namespaces" and "lockdown" the program is a child of the zygote. For the others see contained.py.
"""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from agentrl.sandbox.embedded import kernel, landlock, namespaces, program, seccomp
from agentrl.sandbox.types import Limits

CHANNEL, PAYLOAD, REPLY, RULESET, CLAIM, EVENTS, GROUP = 3, 4, 5, 6, 7, 8, 9
"""File descriptors in a child of the zygote, after 0 to 2. Only the channel stays for the program."""
_LOWEST_HIGH = 512


@dataclass(frozen=True, slots=True)
class Request:
    """What the trusted side asked for; the descriptors are those of the zygote.

    `events` and `groups` belong to the run's cgroups: the count of out-of-memory kills, and the files to join them.
    """

    limits: Limits
    reply: int
    payload: int
    stdin: int
    stdout: int
    stderr: int
    channel: int | None
    events: int | None
    groups: tuple[int, ...]


def report(**message: object) -> None:
    """Send one message to the trusted side. A caller that went away is no error: nobody is left to tell."""
    try:
        os.write(REPLY, json.dumps(message).encode())
    except OSError:
        os._exit(125)


def take_descriptors(request: Request, ruleset: int | None = None, claim: int | None = None) -> bool:
    """Move the request's descriptors to their places and close all others; whether it now is in a cgroup of its own."""
    wanted = [request.stdin, request.stdout, request.stderr, request.channel, request.payload, request.reply]
    wanted += [ruleset, claim, request.events, *request.groups]
    high = {place: _above(descriptor) for place, descriptor in enumerate(wanted) if descriptor is not None}
    os.closerange(3, _LOWEST_HIGH)
    for place, descriptor in high.items():
        os.dup2(descriptor, place, inheritable=place <= CHANNEL)
    joined = [_join(place) for place in range(GROUP, len(wanted))]
    os.closerange(GROUP, 1 << 16)
    return bool(joined) and all(joined)


def _above(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _LOWEST_HIGH)


def _join(group: int) -> bool:
    try:
        os.write(group, b"0")
    except OSError as error:
        report(ungrouped=str(error))
        return False
    return True


def run_in_namespaces(request: Request) -> NoReturn:
    """Be the program of a run whose process namespace the zygote has just made."""
    try:
        grouped = take_descriptors(request)
        os.closerange(CLAIM, GROUP)
        namespaces.enter_own(request.limits.disk_mb)
        os.setsid()
        os.chdir("/tmp")
        text = unpack()
        abi = landlock.version()
        if abi:
            writable = [(path, landlock.TREE) for path in ("/tmp", "/dev/null", "/dev/zero", "/dev/full")]
            landlock.restrict(landlock.create([("/", landlock.READ), *writable], abi))
        # Last, since what comes before may take more than the program is allowed.
        kernel.set_limits(request.limits, request.limits.processes)
        seccomp.install(system_calls("namespaces", grouped))
    except BaseException as error:
        fail(error)
    run(text)


@contextmanager
def verdict_on_error() -> Iterator[None]:
    """In the watch, once there is a program: an error ends the run as killed and this process, which ends the rest.

    It must not count as a failure of the machinery, which is tried again and is nobody's fault: the program may have
    brought it about.
    """
    try:
        yield
    except BaseException:
        report(status=int(signal.SIGKILL), limit="", by="")
        os._exit(1)


def release_program_descriptors() -> None:
    """In the watch: close what only the program needs, so that the other ends see when it is done with it."""
    os.closerange(0, REPLY)


def run_locked_down(request: Request, directory: str, ruleset: int, user: int | None) -> NoReturn:
    """Be the program of a machine without namespaces: one process that cannot start another.

    `ruleset` is a landlock ruleset that opens `directory`; `user` is the unused id to take on, None to keep one's own.
    """
    try:
        grouped = take_descriptors(request, ruleset)
        os.closerange(CLAIM, GROUP)
        os.setsid()
        os.chdir(directory)
        if user is not None:
            os.chown(".", user, user)
            kernel.become(user)
        kernel.die_with_parent()
        text = unpack()
        kernel.set_limits(request.limits, None if user is None else request.limits.processes)
        kernel.drop_privileges()
        landlock.restrict(RULESET)
        seccomp.install(system_calls("lockdown", grouped, os.getpid()))
    except BaseException as error:
        fail(error)
    run(text)


def system_calls(tier: str, grouped: bool, pid: int = 0) -> bytes:
    """The filter of a tier. The zygote asks, too: what it has built, its children find."""
    return seccomp.build(tier, own_sockets=landlock.version() >= 6, grouped=grouped, pid=pid)


def unpack() -> str:
    """Write the run's files to the current directory; the program's text."""
    text, files = program.unpack(PAYLOAD)
    program.write_files(files)
    return text


def fail(error: BaseException) -> NoReturn:
    """End this process: the program cannot be started."""
    report(failed=f"{type(error).__name__}: {error}")
    os._exit(125)


def run(text: str) -> NoReturn:
    """Run the program and end with its exit code."""
    os.close(PAYLOAD)
    os.close(REPLY)
    os.environ["HOME"] = os.environ["TMPDIR"] = os.getcwd()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    try:
        code = program.execute(text)
    finally:
        os._exit(code)
