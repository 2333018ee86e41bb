"""Thin wrappers of Linux calls that Python lacks, through ctypes. Each raises OSError that names the failed step."""

import ctypes
import os
import resource
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from agentrl.sandbox.embedded.syscalls import NUMBER
from agentrl.sandbox.types import Limits

# PyDLL and not CDLL: the interpreter lock stays held across clone(), so that the child starts with it.
libc = ctypes.PyDLL(None, use_errno=True)

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 1024, 4096, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_CLONE_PIDFD, _SIGCHLD = 0x1000, 17
CAP_SYS_ADMIN = 1 << 21
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 4, 24, 38, 47
_PR_SET_CHILD_SUBREAPER, _PR_SET_KEEPCAPS = 36, 8
_LAST_CAPABILITY = 63
_MIB = 1 << 20


def check(result: int, step: str) -> int:
    """`result`, or OSError with the C library's errno when it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{step}: {os.strerror(number)}")
    return result


def syscall(name: str, *arguments: "int | bytes | ctypes.Array[ctypes.c_char] | None") -> int:
    """Make the system call `name`; integers go as C longs, bytes as pointers."""
    converted = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    return check(libc.syscall(ctypes.c_long(NUMBER[name]), *converted), name)


def prctl(option: int, value: int) -> int:
    """`prctl(option, value, 0, 0, 0)`; the result is not checked."""
    return int(libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def read_small(path: str) -> bytes:
    """The first 64 KiB of a file, in three calls; `open` makes a dozen, which counts where a run takes milliseconds."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)


def write_small(path: str, data: bytes) -> None:
    """Write to an existing file in one piece. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """mount(2)."""
    arguments = [None if text is None else text.encode() for text in (source, target, kind)]
    result = libc.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None)
    check(result, f"mount {kind or 'bind'} on {target}")


def bind_read_only(source: str, target: str) -> None:
    """Show `source` (a file or a tree) at `target`, read-only.

    The remount repeats the flags of the source: in a user namespace those are locked, and leaving one out is EPERM.
    """
    mount(source, target, None, MS_BIND | MS_REC)
    held = os.statvfs(target).f_flag
    pairs = ((os.ST_NODEV, MS_NODEV), (os.ST_NOEXEC, MS_NOEXEC), (os.ST_NOATIME, MS_NOATIME))
    locked = sum(flag for bit, flag in (*pairs, (os.ST_RELATIME, MS_RELATIME)) if held & bit)
    mount("none", target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | locked)


def unmount(target: str) -> None:
    """Detach a mount at once; it goes away when its last user does."""
    check(libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def unshare(flags: int) -> None:
    """unshare(2)."""
    check(libc.unshare(ctypes.c_int(flags)), "unshare")


def join_namespace(descriptor: int, kind: int) -> None:
    """setns(2): a namespace of this `kind` (CLONE_NEW...) by its open file."""
    check(libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)), "setns")


def fork_with_handle() -> tuple[int, int]:
    """fork(): the child's pid and a pidfd of it, both or neither; (0, -1) in the child. The caller has one thread."""
    handle, none = ctypes.c_int(-1), ctypes.c_long(0)
    number, flags = ctypes.c_long(NUMBER["clone"]), ctypes.c_long(_CLONE_PIDFD | _SIGCHLD)
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = libc.syscall(number, flags, none, ctypes.byref(handle), none, none)
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    else:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
    return check(pid, "clone"), handle.value


def die_with_parent() -> None:
    """SIGKILL this process when its parent's thread ends. Must come after every change of user ids, which clears it."""
    check(prctl(_PR_SET_PDEATHSIG, 9), "PR_SET_PDEATHSIG")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parents end, so that each of them can be found and waited for."""
    check(prctl(_PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER")


def become(user: int) -> None:
    """Take on an id, as user and as group, for good. Needs CAP_SETUID and CAP_SETGID. Raises OSError."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


@contextmanager
def file_access_as(user: int) -> Iterator[None]:
    """Access files as `user` meanwhile; signals and all else stay as they are."""
    libc.setfsuid(ctypes.c_uint(user))
    try:
        yield
    finally:
        libc.setfsuid(ctypes.c_uint(os.geteuid()))


def set_dumpable(value: bool) -> None:
    """Whether processes of the same user may open this one's /proc/self files for writing, or trace it."""
    check(prctl(_PR_SET_DUMPABLE, int(value)), "PR_SET_DUMPABLE")


def keep_capabilities() -> None:
    """The next change of user ids leaves the permitted capabilities as they are."""
    check(prctl(_PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS")


def drop_privileges(keep: int = 0) -> None:
    """Give up all capabilities for good but those in `keep`, and the way to new ones through setuid programs."""
    for capability in range(_LAST_CAPABILITY):
        if prctl(_PR_CAPBSET_DROP, capability) < 0:
            break
    prctl(_PR_CAP_AMBIENT, 4)
    syscall("capset", struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", keep, keep, 0, 0, 0, 0))
    check(prctl(_PR_SET_NO_NEW_PRIVS, 1), "PR_SET_NO_NEW_PRIVS")


def set_limits(limits: Limits, processes: int | None) -> None:
    """Apply the resource limits to this process. `processes` None leaves their number alone."""
    present = int(read_small("/proc/self/statm").split()[0]) * resource.getpagesize()
    wanted = {
        resource.RLIMIT_AS: present + limits.memory_mb * _MIB,
        resource.RLIMIT_FSIZE: limits.disk_mb * _MIB,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if processes is not None:
        wanted[resource.RLIMIT_NPROC] = processes
    for which, value in wanted.items():
        _lower(which, value, value)
    # The soft limit's SIGXCPU can be ignored; one second later the hard limit's SIGKILL can't.
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)


def _lower(which: int, soft: int, hard: int) -> None:
    present = resource.getrlimit(which)[1]
    most = hard if present == resource.RLIM_INFINITY else min(hard, present)
    resource.setrlimit(which, (min(soft, most), most))
