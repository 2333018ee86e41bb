"""One run, seen from the processes that carry it out: the set-up of a child of the zygote, up to the program.

In the tier "namespaces" two processes take part: process 1 of the run's namespaces, which watches and reports, and
the program, its child. In the other tiers the program is a direct child of the zygote.
"""

import fcntl
import json
import os
import select
import signal
from dataclasses import dataclass
from typing import NoReturn

from agentrl.sandbox import kernel, landlock, namespaces, program, seccomp
from agentrl.sandbox.types import Limits

CHANNEL, PAYLOAD, REPLY, RULESET = 3, 4, 5, 6
"""File descriptors in a child of the zygote, after 0 to 2. Only the channel stays for the program."""
_LOWEST_HIGH = 512
_INODES = 4096
_TICK_MS = 50


@dataclass(frozen=True, slots=True)
class Request:
    """What the trusted side asked for; the descriptors are those of the zygote."""

    limits: Limits
    reply: int
    payload: int
    stdin: int
    stdout: int
    stderr: int
    channel: int | None

    @property
    def descriptors(self) -> list[int]:
        """All file descriptors that came with the request."""
        optional = [] if self.channel is None else [self.channel]
        return [self.reply, self.payload, self.stdin, self.stdout, self.stderr, *optional]


def report(**message: object) -> None:
    """Send one message to the trusted side. A caller that went away is no error: nobody is left to tell."""
    try:
        os.write(REPLY, json.dumps(message).encode())
    except OSError:
        os._exit(125)


def take_descriptors(request: Request, ruleset: int | None) -> None:
    """Move the request's descriptors to their places and close all others."""
    wanted = [request.stdin, request.stdout, request.stderr, request.channel, request.payload, request.reply, ruleset]
    high = {place: _above(descriptor) for place, descriptor in enumerate(wanted) if descriptor is not None}
    os.closerange(3, _LOWEST_HIGH)
    for place, descriptor in high.items():
        os.dup2(descriptor, place, inheritable=place <= CHANNEL)
    os.closerange(RULESET + 1, 1 << 16)


def _above(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _LOWEST_HIGH)


def run_in_namespaces(request: Request) -> NoReturn:
    """Be process 1 of the run's new namespaces: set them up, start the program, watch it, report its end."""
    try:
        take_descriptors(request, None)
        namespaces.write_maps(namespaces.INNER_ID, namespaces.INNER_ID)
        options = f"size={request.limits.disk_mb}m,nr_inodes={_INODES},mode=1777"
        kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
        # The program must not reach into this process through /proc/1.
        kernel.set_dumpable(False)
        child = os.fork()
        if child == 0:
            _become_program_in_namespaces(request.limits)
        kernel.drop_privileges()
        os.closerange(0, REPLY)
        _watch(child, request.limits.memory_mb)
    except BaseException as error:
        report(failed=f"{type(error).__name__}: {error}")
    os._exit(0)


def _become_program_in_namespaces(limits: Limits) -> NoReturn:
    try:
        kernel.set_dumpable(True)
        os.setsid()
        os.chdir("/tmp")
        text, files = program.unpack(PAYLOAD)
        program.write_files(files)
        del files
        # One more for process 1, which the kernel counts too.
        kernel.set_limits(limits, limits.processes + 1)
        kernel.drop_privileges()
        abi = landlock.version()
        if abi:
            writable = [(path, landlock.TREE) for path in ("/tmp", "/dev/null", "/dev/zero", "/dev/full")]
            landlock.restrict(landlock.create([("/", landlock.READ), *writable], abi))
        seccomp.install(seccomp.build(namespaces=True, own_sockets=abi >= 6, pid=0))
    except BaseException as error:
        _fail(error)
    _run(text)


def run_locked_down(request: Request, directory: str, ruleset: int, user: int | None) -> NoReturn:
    """Be the program of a machine without namespaces: one process that cannot start another.

    `ruleset` is a landlock ruleset that opens `directory`; `user` is the unused id to take on, None to keep one's own.
    """
    try:
        take_descriptors(request, ruleset)
        os.setsid()
        os.chdir(directory)
        if user is not None:
            os.chown(".", user, user)
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        kernel.die_with_parent()
        text, files = program.unpack(PAYLOAD)
        program.write_files(files)
        del files
        kernel.set_limits(request.limits, None if user is None else request.limits.processes)
        kernel.drop_privileges()
        landlock.restrict(RULESET)
        seccomp.install(seccomp.build(namespaces=False, own_sockets=False, pid=os.getpid()))
    except BaseException as error:
        _fail(error)
    _run(text)


def run_unconfined(request: Request, directory: str) -> NoReturn:
    """Be the program with nothing but resource limits: what `isolation="none"` asks for by name."""
    try:
        take_descriptors(request, None)
        os.setsid()
        os.chdir(directory)
        kernel.die_with_parent()
        text, files = program.unpack(PAYLOAD)
        program.write_files(files)
        del files
        kernel.set_limits(request.limits, None)
    except BaseException as error:
        _fail(error)
    _run(text)


def _fail(error: BaseException) -> NoReturn:
    report(failed=f"{type(error).__name__}: {error}")
    os._exit(125)


def _run(text: str) -> NoReturn:
    os.close(PAYLOAD)
    os.close(REPLY)
    os.environ["HOME"] = os.environ["TMPDIR"] = os.getcwd()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    try:
        code = program.execute(text)
    finally:
        os._exit(code)


def _watch(child: int, memory_mb: int) -> None:
    """Wait for the program's end and report it; reap what its orphans leave; stop it when all together take too much.

    The trusted side may ask to stop, too. Processes that the program leaves behind end when this one exits: the kernel
    kills the rest of the process namespace.
    """
    ended = os.pidfd_open(child)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(REPLY, select.POLLIN)
    own = _held_kb("self")
    limit = ""
    while not (events := poll.poll(_TICK_MS)):
        if _together_kb(own) > memory_mb * 1024:
            limit = "memory_mb"
            break
        _reap_orphans(child)
    if limit or ended not in [descriptor for descriptor, _ in events]:
        os.kill(-1, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    report(status=status, limit=limit)


def _reap_orphans(child: int) -> None:
    while True:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None or found.si_pid == child:
            return
        os.waitpid(found.si_pid, 0)


def _together_kb(own: int) -> int:
    """Memory that the program's processes hold together; 0 when there is one, which its address space bounds.

    What each shares with this process since the fork is not counted.
    """
    processes = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    if len(processes) < 2:
        return 0
    return sum(max(0, _held_kb(name) - own) for name in processes)


def _held_kb(process: str) -> int:
    try:
        with open(f"/proc/{process}/status") as file:
            fields = dict(line.split(":", 1) for line in file)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem") if name in fields)
