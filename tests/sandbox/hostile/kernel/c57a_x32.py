"""Case 57a: system calls of the x32 interface, whose numbers have one more bit.

Attacks: a filter that compares numbers.
Must hold: the process is killed.
"""

import ctypes
import platform

X32_GETPID = 0x40000027
if platform.machine() != "x86_64":
    print("not this architecture")
    raise SystemExit
print("before")
print("ESCAPED:x32", ctypes.CDLL(None).syscall(X32_GETPID))
