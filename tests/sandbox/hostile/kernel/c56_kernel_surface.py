"""Case 56: io_uring, bpf, userfaultfd, keyctl, perf and other calls with a history.

Attacks: the kernel.
Must hold: every one of these calls is refused.
"""

import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
ARM = platform.machine() == "aarch64"
parameters = ctypes.create_string_buffer(256)
CALLS = {
    "io_uring_setup": ((425, 425), (1, parameters)),
    "bpf": ((321, 280), (0, parameters, 72)),
    "userfaultfd": ((323, 282), (1,)),
    "keyctl": ((250, 219), (0, -3, 1)),
    "add_key": ((248, 217), (b"user", b"x", b"y", 1, -2)),
    "perf_event_open": ((298, 241), (parameters, 0, -1, -1, 0)),
    "memfd_secret": ((447, 447), (0,)),
    "fanotify_init": ((300, 262), (0, 0)),
    "open_by_handle_at": ((304, 265), (-100, parameters, 0)),
    "name_to_handle_at": ((303, 264), (-100, b".", parameters, parameters, 0)),
    "kcmp": ((312, 272), (1, 1, 2, 0, 0)),
    "process_madvise": ((440, 440), (0, 0, 0, 0, 0)),
    "pidfd_getfd": ((438, 438), (0, 0, 0)),
    "msgget": ((68, 186), (0, 0o1600)),
    "semget": ((64, 190), (0, 1, 0o1600)),
    "mq_open": ((240, 180), (b"agentrl", 0o102, 0o600, 0)),
    "swapon": ((167, 224), (b"x", 0)),
    "init_module": ((175, 105), (0, 0, b"")),
    "syslog": ((103, 116), (3, parameters, 256)),
    "personality": ((135, 92), (0x0040000,)),
    "quotactl": ((179, 60), (0, 0, 0, 0)),
    "vmsplice": ((278, 75), (1, 0, 0, 0)),
}
EFAULT, EINVAL, EBADF, EOVERFLOW, ENOENT = 14, 22, 9, 75, 2
for name, (numbers, arguments) in CALLS.items():
    result = libc.syscall(numbers[ARM], *arguments)
    reached = result >= 0 or ctypes.get_errno() in (EFAULT, EINVAL, EBADF, EOVERFLOW, ENOENT)
    print("ESCAPED:reached" if reached else "refused:", name, ctypes.get_errno())
    if name in ("msgget", "semget") and result >= 0:
        (libc.msgctl if name == "msgget" else lambda key, *_: libc.semctl(key, 0, 0))(result, 0, 0)
