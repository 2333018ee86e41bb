"""Directories that carry the name of the process that made them, so that a later one can remove what it left behind.

A trainer that gets SIGKILL cleans nothing up. The kernel ends its runs; its work directories and cgroups are swept when
the next sandbox opens. A name holds the machine's boot and process namespace, the process id and its start time: what
another container made, or a process that lives, is left alone.
"""

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress

_PREFIX = "agentrl-sandbox"
_NAME = re.compile(rf"{_PREFIX}-([0-9a-f]{{8}})-(\d+)-(\d+)-.*")


def _machine() -> str:
    boot = ""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        boot = file.read()
    return hashlib.blake2s((boot + os.readlink("/proc/self/ns/pid")).encode(), digest_size=4).hexdigest()


def _start_time(pid: int) -> str:
    """The process's start in clock ticks since boot; "" when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # a process names itself, with any bytes
            return file.read().rpartition(b")")[2].split()[19].decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def prefix() -> str:
    """What names of this process's directories begin with; add something unique."""
    return f"{_PREFIX}-{_machine()}-{os.getpid()}-{_start_time(os.getpid())}-"


def is_orphan(name: str) -> bool:
    """Whether a process of this machine (and process namespace) that is gone made this name with `prefix`."""
    match = _NAME.fullmatch(name)
    return match is not None and match[1] == _machine() and match[3] != _start_time(int(match[2]))


def sweep(parent: str, remove: Callable[[str], None]) -> None:
    """Call `remove` with each of this user's directories in `parent` whose maker is gone. Errors are left alone."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if not is_orphan(entry.name):
                continue
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid == os.geteuid() and entry.is_dir(follow_symlinks=False):
                    remove(entry.path)
