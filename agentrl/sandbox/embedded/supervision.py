"""The watch over one run, in a process of its own between the zygote and the program.

It sums the memory of the run's processes, looks at the disk where no file system bounds it, reaps orphans, and hears
the trusted side's wish to stop. What the run's processes are, and how all of them are ended, differs by tier.
"""

import os
import select
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from agentrl.sandbox.embedded import kernel

TICK_MS = 50


@dataclass(frozen=True, slots=True)
class Ward:
    """What is watched: the run's processes (`members` gives their ids), and what they may do together.

    `processes` and `disk` (whether too much was written) None: something else bounds them. `events`: an open file of
    the run's cgroup that counts out-of-memory kills, None without one.
    """

    members: Callable[[], Iterable[str]]
    memory_kb: int
    processes: int | None = None
    disk: Callable[[], bool] | None = None
    events: int | None = None


def watch(child: int, ward: Ward, asked: int) -> tuple[bool, str, str]:
    """Wait until the program `child` ends, something exceeds its limit, or the socket `asked` says to stop.

    Returns (the program ended by itself, the limit that held or "", who held it). The child is not reaped. Never
    raises: what the watch cannot look at while the program runs, the program may have made so. Then it has to end.
    """
    try:
        return _watch(child, ward, asked)
    except Exception:
        return False, "", ""


def _watch(child: int, ward: Ward, asked: int) -> tuple[bool, str, str]:
    ended = os.pidfd_open(child)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(asked, select.POLLIN)
    kills = kills_of(ward.events)
    limit = by = ""
    while not (events := poll.poll(TICK_MS)):
        limit, by = _exceeded(ward, kills)
        if limit:
            break
        _reap_orphans(child)
    os.close(ended)
    return ended in [descriptor for descriptor, _ in events], limit, by


def _exceeded(ward: Ward, kills: int) -> tuple[str, str]:
    if kills_of(ward.events) > kills:
        return "memory_mb", "cgroup"
    members = list(ward.members())
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


def _processes() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def others_here() -> list[str]:
    """In a process namespace of its own, whose process 1 is the watch: all others."""
    return [name for name in _processes() if name != "1"]


def of_user(user: int) -> list[str]:
    """The processes with this real user id. (Who owns a /proc directory would not do: programs can change that.)"""
    return [name for name in _processes() if _is_of(user, _fields(name))]


def _is_of(user: int, fields: dict[bytes, list[bytes]]) -> bool:
    return b"Uid" in fields and int(fields[b"Uid"][0]) == user


def tasks_of(user: int) -> int:
    """How many processes and threads this user has, which is what RLIMIT_NPROC counts."""
    found = [_fields(name) for name in _processes()]
    return sum(int(fields[b"Threads"][0]) for fields in found if _is_of(user, fields))


def descendants() -> list[str]:
    """The processes below this one, which must be a subreaper for none to get away."""
    parents: dict[str, str] = {}
    for name in _processes():
        with suppress(FileNotFoundError, ProcessLookupError):
            parents[name] = kernel.read_small(f"/proc/{name}/stat").rpartition(b")")[2].split()[1].decode()
    found = {str(os.getpid())}
    while True:
        more = {name for name, parent in parents.items() if parent in found} - found
        if not more:
            return [name for name in found if name != str(os.getpid())]
        found |= more
