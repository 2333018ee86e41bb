"""Case 57b: a system call of the 32-bit interface (int 0x80) from machine code of the program's own.

Attacks: a filter that looks at numbers and not at the architecture: 20 is writev here and getpid there.
Must hold: the process is killed.
"""

import ctypes
import mmap
import platform

GETPID_BY_INT_80 = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"
if platform.machine() != "x86_64":
    print("not this architecture")
    raise SystemExit
kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
code = mmap.mmap(-1, 4096, flags=kind, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(GETPID_BY_INT_80)
print("before")
function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
print("ESCAPED:32-bit", function())
