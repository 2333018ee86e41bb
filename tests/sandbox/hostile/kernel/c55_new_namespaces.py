"""Case 55: unshare, setns, mount, chroot, pivot_root, clone3 and the newer mount calls.

Attacks: the kernel's larger surface behind a user namespace of one's own; the way back out of a root.
Must hold: every one of these calls is refused.
"""

import ctypes
import os
import platform
import sys

libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {"mount": (165, 40), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268), "unshare": (272, 97)}
NUMBERS |= {"open_tree": (428, 428), "fsopen": (430, 430), "move_mount": (429, 429), "umount2": (166, 39)}
ARM = platform.machine() == "aarch64"
FLAGS = {"user": 0x10000000, "mount": 0x20000, "process": 0x20000000, "ipc": 0x8000000, "net": 0x40000000}


def attempt(name: str, *arguments: object) -> None:
    """Make a call; where one succeeds, the program is out, and tries no more."""
    if libc.syscall(NUMBERS[name][ARM], *arguments) >= 0:
        print("ESCAPED:" + name)
        sys.stdout.flush()
        os._exit(0)
    print("refused:", name, ctypes.get_errno())


for flag in FLAGS.values():
    attempt("unshare", flag)
attempt("fsopen", b"tmpfs", 0)
attempt("open_tree", -100, b"/", 1)
attempt("setns", 0, 0)
attempt("chroot", b".")
attempt("mount", b"none", b".", b"tmpfs", 0, 0)
attempt("umount2", b"/proc", 2)
attempt("pivot_root", b".", b".")
attempt("move_mount", -100, b"/proc", -100, b".", 0)
clone = 220 if ARM else 56
if (child := libc.syscall(clone, 0x10000011, 0, 0, 0, 0)) >= 0:
    if child == 0:
        os._exit(0)
    print("ESCAPED:clone into a user namespace")
arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
if (child := libc.syscall(435, ctypes.byref(arguments), ctypes.sizeof(arguments))) >= 0:
    if child == 0:
        os._exit(0)
    print("ESCAPED:clone3 into a user namespace")
