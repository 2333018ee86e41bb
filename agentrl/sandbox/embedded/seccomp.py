"""The system call filter: an allow-list as a classic BPF program, assembled here.

Reference: Linux, Documentation/userspace-api/seccomp_filter.rst. Calls that are not on the list fail with EPERM, so
that an honest program gets an OSError and not a mysterious death; a foreign architecture's calls kill the process.
"""

import ctypes
import errno
import functools
import os
import struct

from agentrl.sandbox.embedded import kernel, syscalls

_LOAD, _EQUAL, _GREATER, _AT_LEAST, _ANY_BIT, _AND, _JUMP, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x54, 0x05, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_ARGUMENTS = 0, 4, 16

_NAMESPACE_FLAGS = 0x7E020000  # every CLONE_NEW* that clone() can express
_CLONE_PARENT = 0x8000  # a child of the zygote, which does not know of it, and the end of the namespace waits for it
_CLONE_THREAD = 0x10000
_AF_UNIX = 1
_STREAM_AND_SEQPACKET = (1, 5)
_TERMINAL_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIO[N]CLEX
_SIGNAL_FCNTLS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: make the kernel send any signal to any own process
_SHARED_ANONYMOUS = 0x21  # MAP_SHARED (MAP_SHARED_VALIDATE has its bit, too) and MAP_ANONYMOUS
_PRCTLS = (3, 4, 15, 16, 21, 23, 38, 39)  # get or set: dumpable, name, seccomp, capability, no_new_privs

Instruction = bytes


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> Instruction:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _allow() -> Instruction:
    return _op(_RETURN, _ALLOW)


def _deny(number: int) -> Instruction:
    return _op(_RETURN, _ERRNO | number)


def _argument(index: int) -> Instruction:
    """Load the low 32 bits of an argument (both architectures are little-endian)."""
    return _op(_LOAD, _OFFSET_ARGUMENTS + 8 * index)


def _one_of(index: int, values: tuple[int, ...], otherwise: int, mask: int | None = None) -> list[Instruction]:
    """Allow when the argument (and-ed with `mask`) is one of `values`; else fail with the error `otherwise`."""
    body = [_argument(index)] + ([_op(_AND, mask)] if mask is not None else [])
    body += [_op(_EQUAL, value, len(values) - place) for place, value in enumerate(values)]
    return [*body, _deny(otherwise), _allow()]


def _none_of(index: int, values: tuple[int, ...]) -> list[Instruction]:
    body = [_op(_EQUAL, value, len(values) - place) for place, value in enumerate(values)]
    return [_argument(index), *body, _allow(), _deny(errno.EPERM)]


def _only(index: int, value: int) -> list[Instruction]:
    return [_argument(index), _op(_EQUAL, value, 1, 0), _deny(errno.EPERM)]


def _clone_rule(processes: bool) -> list[Instruction]:
    refuse = [_argument(0), _op(_ANY_BIT, _NAMESPACE_FLAGS | _CLONE_PARENT, 0, 1), _deny(errno.EPERM)]
    threads_only = [_op(_ANY_BIT, _CLONE_THREAD, 1, 0), _deny(errno.EPERM)]
    return [*refuse, *([] if processes else threads_only), _allow()]


def _no_shared_memory() -> list[Instruction]:
    """Refuse mmap of memory that is shared and has no file.

    Its pages live as long as one of them is mapped anywhere, and processes are told only of those that they touched
    and still map: unmapped up to a single page, it is in no process's sum. Private memory, and files, are counted.
    """
    both = [_argument(3), _op(_AND, _SHARED_ANONYMOUS), _op(_EQUAL, _SHARED_ANONYMOUS, 0, 1)]
    return [*both, _deny(errno.EPERM), _allow()]


def _rules(tier: str, own_sockets: bool, grouped: bool, pid: int) -> dict[str, list[Instruction]]:
    """Bodies for the calls whose arguments decide."""
    own = (0, pid)
    rules = {
        "clone": _clone_rule(processes=tier != "lockdown"),
        # Its flags lie in memory, where a filter cannot look; ENOSYS makes libc take clone.
        "clone3": [_deny(errno.ENOSYS)],
        "socket": _one_of(0, (_AF_UNIX,), errno.EACCES) if own_sockets else [_deny(errno.EACCES)],
        "socketpair": _one_of(0, (_AF_UNIX,), errno.EACCES),
        "ioctl": _one_of(1, _TERMINAL_IOCTLS, errno.ENOTTY),
        "fcntl": _none_of(1, _SIGNAL_FCNTLS),
        "prctl": _one_of(0, _PRCTLS, errno.EPERM),
    }
    if tier != "namespaces":
        # A datagram pair could still send to any named socket of the machine.
        rules["socketpair"] = _one_of(1, _STREAM_AND_SEQPACKET, errno.EACCES, mask=0xF)
    if not grouped:
        rules["mmap"] = _no_shared_memory()
    if tier == "lockdown":
        rules["kill"] = rules["tgkill"] = rules["prlimit64"] = _one_of(0, own, errno.EPERM)
    else:
        # Process 1 in namespaces has the same user id, and the watch in "container" at the end. 0 is the caller itself.
        rules["prlimit64"] = rules["sched_setaffinity"] = _one_of(0, (0,), errno.EPERM)
        rules["setpriority"] = [*_only(0, 0), *_only(1, 0), _allow()]
    return rules


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    """Join neighbouring numbers: [1, 2, 3, 7] -> [(1, 3), (7, 7)]."""
    joined: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if joined and number == joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], number)
        else:
            joined.append((number, number))
    return joined


def _search(ranges: list[tuple[int, int]]) -> list[Instruction]:
    """Allow the numbers in these rising ranges, refuse the others, by bisection.

    The kernel runs a filter over all its calls when it takes it on, so that a plain list would cost each run more.
    """
    if len(ranges) == 1:
        low, high = ranges[0]
        return [_op(_AT_LEAST, low, 0, 2), _op(_GREATER, high, 1, 0), _allow(), _deny(errno.EPERM)]
    middle = len(ranges) // 2
    left, right = _search(ranges[:middle]), _search(ranges[middle:])
    # A conditional jump reaches 255 instructions, the other kind any number.
    return [_op(_AT_LEAST, ranges[middle][0], 0, 1), _op(_JUMP, len(left)), *left, *right]


@functools.lru_cache(maxsize=4)
def _fixed_part(machine: str, tier: str) -> bytes:
    """Everything after the rules with arguments: the allowed ranges, and the refusal."""
    table = syscalls.numbers(machine)
    program = [_op(_LOAD, _OFFSET_NUMBER), _op(_GREATER, syscalls.NEWEST, 0, 1), _deny(errno.ENOSYS)]
    program += _search(_ranges([table[name] for name in syscalls.allowed(tier) if name in table]))
    return b"".join(program)


@functools.lru_cache(maxsize=8)
def build(tier: str, own_sockets: bool, grouped: bool, pid: int, machine: str = syscalls.MACHINE) -> bytes:
    """The filter for one run.

    `tier`: "namespaces"; "container", where the program has a user id of its own, but may not use named sockets or
    watch files; "lockdown", where it may not create processes, signal others or change metadata of files either.
    `own_sockets`: named unix sockets reach nobody else. `grouped`: a cgroup counts the run's memory, what is shared
    and has no file. `pid`: the program's process id (used in lockdown).
    """
    table = syscalls.numbers(machine)
    program = [_op(_LOAD, _OFFSET_ARCH), _op(_EQUAL, _AUDIT_ARCH[machine], 1, 0), _op(_RETURN, _KILL)]
    program += [_op(_LOAD, _OFFSET_NUMBER)]
    if machine == "x86_64":
        program += [_op(_GREATER, _X32 - 1, 0, 1), _op(_RETURN, _KILL)]
    for name, body in _rules(tier, own_sockets and tier == "namespaces", grouped, pid).items():
        program += [_op(_EQUAL, table[name], 0, len(body)), *body]
    return b"".join(program) + _fixed_part(machine, tier)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install(program: bytes) -> None:
    """Put the filter on this thread and all that it starts. Needs no_new_privs. Raises OSError."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = _Program(len(program) // 8, ctypes.addressof(buffer))
    result = kernel.libc.syscall(
        ctypes.c_long(syscalls.NUMBER["seccomp"]), ctypes.c_long(1), ctypes.c_long(0), ctypes.byref(header)
    )
    kernel.check(result, "seccomp")


def available() -> bool:
    """Whether this kernel has filters and this module knows the architecture."""
    return syscalls.MACHINE in _AUDIT_ARCH and os.path.exists("/proc/sys/kernel/seccomp")
