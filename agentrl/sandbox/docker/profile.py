"""The system call filter of the container, in docker's JSON form.

It is an allow-list: what a sandboxed program may use by itself (embedded/syscalls.py), plus what the server and the
container's set-up need. Docker's own profile, made for services of all kinds, lets more through: AF_VSOCK
(which reaches the host of a virtual machine), io_uring before version 25, ptrace, System V IPC, the key ring.
"""

import errno
import functools
import json
from typing import Any

from agentrl.sandbox.embedded import syscalls

# For the server and its fork servers, which run as root with four capabilities; a program's own filter takes these
# away again. The last three are for the container's set-up.
_TRUSTED = """
chown fchown fchownat lchown setuid setgid setreuid setregid setresuid setresgid setgroups capset prctl seccomp fcntl
ioctl socketpair memfd_create kill tkill tgkill prlimit64 setpriority landlock_create_ruleset landlock_add_rule
landlock_restrict_self mlock clone3
setfsuid setfsgid fstatfs64
"""
_ARGUMENT_RULES = ("clone", "clone3", "socket", "socketpair")
_NAMESPACE_FLAGS = 0x7E020000
_AF_UNIX = 1
_ARCHITECTURES = ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]


@functools.cache
def seccomp_profile() -> str:
    """The profile, for `security_opt=["seccomp=" + seccomp_profile()]`."""
    names = {*syscalls.allowed("namespaces"), *_TRUSTED.split()} - {*_ARGUMENT_RULES}
    rules = [
        {"names": sorted(names), "action": "SCMP_ACT_ALLOW"},
        # Only threads and processes: no flag for a new namespace.
        _rule("clone", [_argument(0, "SCMP_CMP_MASKED_EQ", _NAMESPACE_FLAGS, 0)]),
        # Its flags lie in memory, where a filter cannot look; ENOSYS makes libc take clone.
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
        _rule("socket", [_argument(0, "SCMP_CMP_EQ", _AF_UNIX)]),
        _rule("socketpair", [_argument(0, "SCMP_CMP_EQ", _AF_UNIX)]),
    ]
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.EPERM,
        "architectures": _ARCHITECTURES,
        "syscalls": rules,
    }
    return json.dumps(profile)


def _rule(name: str, arguments: list[dict[str, int | str]]) -> dict[str, Any]:
    return {"names": [name], "action": "SCMP_ACT_ALLOW", "args": arguments}


def _argument(index: int, operation: str, value: int, second: int = 0) -> dict[str, int | str]:
    return {"index": index, "op": operation, "value": value, "valueTwo": second}
