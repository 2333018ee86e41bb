"""What a sandbox takes and gives: `Limits`, `ExecResult`, `Status`, and the `Sandbox` protocol of every back-end."""

import enum
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class Status(enum.StrEnum):
    """How a program ended."""

    OK = "ok"
    """It exited with 0."""
    ERROR = "error"
    """It exited with another number, for instance after an uncaught exception."""
    TIMEOUT = "timeout"
    """The wall clock ran out."""
    CPU = "cpu"
    """The processor time of one process ran out."""
    MEMORY = "memory"
    """An allocation was refused and the program did not survive it, or its processes together took too much."""
    OUTPUT = "output"
    """It flooded its output."""
    KILLED = "killed"
    """A signal ended it that no limit sent: a segmentation fault, an abort, its own kill; or a watch, or `stop`."""
    SANDBOX_ERROR = "sandbox_error"
    """The machinery failed. `run` raises `SandboxError` instead; this is the word for it in records."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use."""

    wall_seconds: float = 5.0
    """Wall time, counted from the start of the program."""
    cpu_seconds: int = 5
    """Processor time of each process, in whole seconds."""
    memory_mb: int = 256
    """Address space that each process may add (MiB); where several run, also what they hold together."""
    disk_mb: int = 16
    """Size of /tmp and of the largest file (MiB)."""
    output_kb: int = 64
    """What is kept of stdout and of stderr each (KiB); past 64 times that, the run is stopped."""
    processes: int = 16
    """Processes and threads at once."""
    open_files: int = 64
    """File descriptors of each process."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"Limits.{name} must be positive, not {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What a program did.

    `stdout` holds the beginning and `stderr` the end of what was written, each up to `Limits.output_kb`; `truncated`
    tells that something was left out. `exit_code` is the program's own, or minus the number of the signal that ended
    it; None when the sandbox stopped it. `limit` names the field of `Limits` that held, or is "".
    `memory_by` tells what bounds the memory of the run's processes together: "cgroup" (the kernel, exactly), "watcher"
    (looked at 20 times a second) or "rlimit" (each process by its address space; exact where there can be but one).
    With the status MEMORY it is the one that held. "" where a back-end has a word for none of these.
    """

    status: Status
    stdout: str
    stderr: str
    exit_code: int | None
    wall_seconds: float
    cpu_seconds: float
    max_rss_mb: float
    tier: str
    truncated: bool
    limit: str
    memory_by: str = ""


NO_FILES: Mapping[str, bytes] = {}
DEFAULT_LIMITS = Limits()


class Sandbox(Protocol):
    """Runs untrusted Python programs. Every method may be called from several threads at once."""

    @property
    def tier(self) -> str:
        """How programs are isolated: "namespaces", "lockdown", "container", "none", or a back-end's own word."""
        ...

    def run(
        self,
        program: str,
        *,
        stdin: str = "",
        files: Mapping[str, bytes] = NO_FILES,
        limits: Limits = DEFAULT_LIMITS,
        channel: socket.socket | None = None,
        stop: int | None = None,
    ) -> ExecResult:
        """Run `program` as `__main__` in its own directory, which holds `files` (relative names), and wait for its end.

        So many runs may be in flight; who comes later waits, first come first served. `channel` becomes the program's
        file descriptor 3; the caller's copy stays open. Such runs are not counted: they wait for their other end, and
        two of them may need each other; see `place`. `stop` is a descriptor that ends the run at once when it becomes
        readable or hangs up: status KILLED, no `limit`.
        Raises SandboxError when the machinery failed, ValueError when a file's name or size is out of bounds.
        """
        ...

    async def arun(
        self,
        program: str,
        *,
        stdin: str = "",
        files: Mapping[str, bytes] = NO_FILES,
        limits: Limits = DEFAULT_LIMITS,
        channel: socket.socket | None = None,
        stop: int | None = None,
    ) -> ExecResult:
        """`run` for callers in an event loop. A cancelled task's run is killed at once and over before it goes on."""
        ...

    def place(self) -> AbstractContextManager[None]:
        """Hold one of the places for runs in flight while a run with a channel computes.

        For graders (one place, however many runs) and sessions (one per command). Within it, no run without a channel.
        """
        ...

    def close(self) -> None:
        """Stop everything. Further runs raise SandboxError; closing twice is allowed."""
        ...
