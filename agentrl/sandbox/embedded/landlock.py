"""Landlock: which files a process may touch, enforced by the kernel without any privilege.

Reference: Linux, Documentation/userspace-api/landlock.rst. Rules hold the inode, not the name: a rule for a mount
point speaks of the file system that is mounted when the rule is made.
"""

import ctypes
import os
import struct
from collections.abc import Iterable

from agentrl.sandbox.embedded import kernel
from agentrl.sandbox.embedded.syscalls import NUMBER

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
MAKE_SOCK, MAKE_FIFO, MAKE_SYM, REFER, TRUNCATE = 1 << 9, 1 << 10, 1 << 12, 1 << 13, 1 << 14
READ = EXECUTE | READ_FILE | READ_DIR
FLAT = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_REG | REMOVE_FILE
"""Regular files may be made, changed and removed, but no directories, links, sockets or devices."""
TREE = READ | FLAT | REMOVE_DIR | MAKE_DIR | MAKE_SYM | MAKE_SOCK | MAKE_FIFO | REFER

_ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
_FIRST_13 = (1 << 13) - 1
_IOCTL_DEV = 1 << 15
_BOTH_TCP, _BOTH_SCOPES = 3, 3
_VERSION_QUERY, _RULE_PATH_BENEATH = 1, 1


def version() -> int:
    """The kernel's landlock ABI version; 0 where there is none."""
    if "landlock_create_ruleset" not in NUMBER:
        return 0
    result = kernel.libc.syscall(
        ctypes.c_long(NUMBER["landlock_create_ruleset"]), None, ctypes.c_size_t(0), ctypes.c_long(_VERSION_QUERY)
    )
    return max(0, int(result))


def _handled(abi: int) -> int:
    return _FIRST_13 | (REFER if abi >= 2 else 0) | (TRUNCATE if abi >= 3 else 0) | (_IOCTL_DEV if abi >= 5 else 0)


def create(rules: Iterable[tuple[str, int]], abi: int) -> int:
    """A ruleset with these (path, access) rules, as a file descriptor; all else is refused.

    Where the kernel can, it also refuses TCP, signals to processes outside and abstract sockets of others. Paths that
    do not exist are left out. Raises OSError.
    """
    handled = _handled(abi)
    attribute = struct.pack("=QQQ", handled, _BOTH_TCP if abi >= 4 else 0, _BOTH_SCOPES if abi >= 6 else 0)
    attribute = attribute[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = kernel.syscall("landlock_create_ruleset", attribute, len(attribute), 0)
    for path, access in rules:
        _add(ruleset, path, access & handled)
    return ruleset


def _add(ruleset: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        fitting = access if os.path.isdir(path) else access & _ON_FILES
        rule = struct.pack("=Qi", fitting, place)
        kernel.syscall("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(place)


def restrict(ruleset: int) -> None:
    """Put this thread and all that it starts under the ruleset, for good, and close its descriptor.

    Needs no_new_privs. Raises OSError.
    """
    kernel.syscall("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)
