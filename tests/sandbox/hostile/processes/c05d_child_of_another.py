"""Case 5d: a child that is its parent's sibling, by clone(CLONE_PARENT).

Attacks: the fork server, or the run's watch: it would be the parent of a process that it does not know of and does not
wait for, and a namespace ends only when every process in it was waited for. Nor would the child count as the run's.
Must hold: there is no such child.
"""

import ctypes
import os
import platform
import time

CLONE_PARENT, SIGCHLD = 0x8000, 17
number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
pid = ctypes.CDLL(None, use_errno=True).syscall(number, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)
if pid == 0:
    time.sleep(30)
    os._exit(0)
print("refused" if pid < 0 else f"ESCAPED:sibling {pid}")
