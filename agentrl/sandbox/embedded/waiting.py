"""A process that does nothing but wait, at next to no cost: it shares the memory and the open files of its maker."""

import ctypes
import mmap
import signal

from agentrl.sandbox.embedded import kernel

_CLONE_VM, _CLONE_FILES, _CLONE_PIDFD = 0x100, 0x400, 0x1000
_STACK = 16 << 10
_CONTEXT = 16 << 10
"""More than any architecture's ucontext_t."""
_IGNORE, _PAUSE, _GO = (
    ctypes.cast(function, ctypes.c_void_p)
    for function in (kernel.libc.sigignore, kernel.libc.pause, kernel.libc.setcontext)
)


class _Context(ctypes.Structure):
    """How a ucontext_t begins, on every Linux."""

    _fields_ = (
        ("flags", ctypes.c_ulong),
        ("next", ctypes.c_void_p),
        ("stack", ctypes.c_void_p),
        ("stack_flags", ctypes.c_int),
        ("stack_size", ctypes.c_size_t),
    )


class Room:
    """The memory that one waiting process has for itself."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 2 * _CONTEXT + 3 * _STACK)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._first, self._second = start, start + _CONTEXT
        self._stacks = [start + 2 * _CONTEXT + number * _STACK for number in range(3)]

    def spawn(self) -> tuple[int, int]:
        """Start the process: its pid and a pidfd. It ignores SIGCHLD, and waits in pause(2) until it is killed.

        Nobody can run Python in shared memory beside its owner, so its two calls are prepared as contexts of the C
        library (makecontext(3)), the second to be taken up when the first is done. Raises OSError.
        """
        self._prepare(self._second, self._stacks[1], None, _PAUSE)
        self._prepare(self._first, self._stacks[0], self._second, _IGNORE, int(signal.SIGCHLD))
        flags, handle = _CLONE_VM | _CLONE_FILES | _CLONE_PIDFD | signal.SIGCHLD, ctypes.c_int(-1)
        top, first = ctypes.c_void_p(self._stacks[2] + _STACK), ctypes.c_void_p(self._first)
        pid = kernel.libc.clone(_GO, top, ctypes.c_int(flags), first, ctypes.byref(handle))
        return kernel.check(pid, "clone"), handle.value

    @staticmethod
    def _prepare(place: int, stack: int, following: int | None, function: ctypes.c_void_p, *arguments: int) -> None:
        kernel.check(kernel.libc.getcontext(ctypes.c_void_p(place)), "getcontext")
        context = _Context.from_address(place)
        context.next, context.stack, context.stack_size = following, stack, _STACK
        numbers = [ctypes.c_int(number) for number in (len(arguments), *arguments)]
        kernel.libc.makecontext(ctypes.c_void_p(place), function, *numbers)
