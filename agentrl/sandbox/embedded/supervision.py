"""The watch over one run, in a process of its own between the zygote and the program; in namespaces the zygote looks.

It sums the memory of the run's processes, looks at the disk where no file system bounds it, reaps orphans, and hears
the trusted side's wish to stop. What the run's processes are, and how all of them are ended, differs by tier.

A machine may be short of open files. What the watch needs from the first to the last look it has before the program
starts: `hold` before the fork, `start` in the watch, `await_start` in the program's process. A failure until then is
the machinery's. After that it opens only what tells of one process among several; when it cannot for half a second,
the run ends as killed, since a program can pin open files without number (by a mapping each).
"""

import errno
import os
import select
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from agentrl.sandbox.embedded import kernel

TICK_MS = 50
MOST_BLIND = 10
"""Looks in a row that may fail for want of open files."""
_GO = signal.SIGUSR1


@dataclass(frozen=True, slots=True)
class Ward:
    """What is watched: the run's processes (`members` finds their ids in /proc), and what they may do together.

    `processes` and `disk` (whether too much was written) None: something else bounds them. `events`: an open file of
    the run's cgroup that counts out-of-memory kills, None without one.
    """

    members: Callable[[int], Iterable[str]]
    memory_kb: int
    processes: int | None = None
    disk: Callable[[], bool] | None = None
    events: int | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A program that started: its process, a pidfd of it, and /proc."""

    pid: int
    ended: int
    proc: int


def hold() -> None:
    """Before the fork of the program's process: it is to wait in `await_start`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {_GO})


def start(child: int) -> Program:
    """Open what the watch needs, then let the program start. Raises OSError, with the child killed."""
    try:
        program = Program(child, os.pidfd_open(child), os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        os.kill(child, _GO)
    except OSError:
        os.kill(child, signal.SIGKILL)
        raise
    return program


def await_start() -> None:
    """In the program's process, with nothing left to do but the program itself: wait until there is a watch."""
    signal.sigwait({_GO})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {_GO})


def watch(program: Program, ward: Ward, asked: int) -> tuple[bool, dict[str, str]]:
    """Wait until the program ends, something exceeds its limit, or the socket `asked` says to stop.

    Returns (the program ended by itself, the verdict: the limit that held or "", and who held it). The process is not
    reaped. Never raises: what the watch cannot look at while the program runs, the program may have made so. Then it
    has to end. This process's own table of open files is out of its reach: that one is full by the machinery's fault.
    """
    try:
        ended, limit, by = _watch(program, ward, asked)
        return ended, {"limit": limit, "by": by}
    except OSError as error:
        return False, {"failed": str(error)} if error.errno == errno.EMFILE else {"limit": "", "by": ""}
    except Exception:
        return False, {"limit": "", "by": ""}


def _watch(program: Program, ward: Ward, asked: int) -> tuple[bool, str, str]:
    poll = select.poll()
    poll.register(program.ended, select.POLLIN)
    poll.register(asked, select.POLLIN)
    kills = kills_of(ward.events)
    limit, by, blind = "", "", 0
    while not (events := poll.poll(TICK_MS)):
        try:
            limit, by = exceeded(ward, kills, program.proc)
            blind = 0
        except OSError as error:
            blind += 1
            if error.errno != errno.ENFILE or blind > MOST_BLIND:
                raise
        if limit:
            break
        _reap_orphans(program.pid)
    return program.ended in [descriptor for descriptor, _ in events], limit, by


def exceeded(ward: Ward, kills: int, proc: int) -> tuple[str, str]:
    """One look: the limit that holds now and who holds it, or ("", ""). `kills`: those of the cgroup before the run."""
    if kills_of(ward.events) > kills:
        return "memory_mb", "cgroup"
    members = list(ward.members(proc))
    # One alone is bounded by its address space.
    if len(members) > 1 and _together_kb(members) > ward.memory_kb:
        return "memory_mb", "watcher"
    if ward.processes is not None and len(members) > ward.processes:
        return "processes", "watcher"
    if ward.disk is not None and ward.disk():
        return "disk_mb", "watcher"
    return "", ""


def _together_kb(members: list[str]) -> int:
    """What they hold beyond what each shares with this process since the fork (KiB)."""
    own = held_kb("self")
    return sum(max(0, held_kb(name) - own) for name in members)


def _reap_orphans(child: int) -> None:
    while True:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None or found.si_pid == child:
            return
        os.waitpid(found.si_pid, 0)


def kills_of(events: int | None) -> int:
    """How many processes the cgroup's out-of-memory killer has ended so far."""
    if events is None:
        return 0
    fields = dict(line.rsplit(" ", 1) for line in os.pread(events, 4096, 0).decode().splitlines())
    return int(fields.get("oom_kill", 0))


def _fields(process: str) -> dict[bytes, list[bytes]]:
    """The fields of /proc/PID/status, in words; {} when it is gone.

    Processes name themselves, with any bytes but a newline (it comes escaped), so this takes what it finds.
    """
    with suppress(FileNotFoundError, ProcessLookupError):
        lines = kernel.read_small(f"/proc/{process}/status").split(b"\n")
        return {name: value.split() for name, _, value in (line.partition(b":") for line in lines)}
    return {}


def held_kb(process: str) -> int:
    """Memory that only this process and its kin hold: anonymous pages and shared ones without a file (KiB)."""
    fields = _fields(process)
    return sum(int(fields[name][0]) for name in (b"RssAnon", b"RssShmem") if name in fields)


def processes(proc: int | str) -> list[str]:
    """The ids of all processes that this /proc shows."""
    return [name for name in os.listdir(proc) if name.isdigit()]


def of_user(user: int, proc: int | str = "/proc") -> list[str]:
    """The processes with this real user id. (Who owns a /proc directory would not do: programs can change that.)"""
    return [name for name in processes(proc) if _is_of(user, _fields(name))]


def _is_of(user: int, fields: dict[bytes, list[bytes]]) -> bool:
    return b"Uid" in fields and int(fields[b"Uid"][0]) == user


def tasks_of(user: int) -> int:
    """How many processes and threads this user has, which is what RLIMIT_NPROC counts."""
    found = [_fields(name) for name in processes("/proc")]
    return sum(int(fields[b"Threads"][0]) for fields in found if _is_of(user, fields))


def descendants(proc: int | str = "/proc") -> list[str]:
    """The processes below this one, which must be a subreaper for none to get away."""
    own = os.getpid()
    return sorted(family((own,), parents_in(proc)) - {str(own)})


def parents_in(proc: int | str) -> dict[str, str]:
    """The parent of each process that this /proc shows."""
    parents: dict[str, str] = {}
    for name in processes(proc):
        with suppress(FileNotFoundError, ProcessLookupError):
            parents[name] = kernel.read_small(f"/proc/{name}/stat").rpartition(b")")[2].split()[1].decode()
    return parents


def family(roots: Iterable[int], parents: dict[str, str]) -> set[str]:
    """The processes `roots`, and all below them."""
    found = {str(root) for root in roots}
    while more := {name for name, parent in parents.items() if parent in found} - found:
        found |= more
    return found
