"""Case 22: shared memory without a file, filled and then unmapped up to one page; of /dev/zero, too.

Attacks: the machine's memory, where what is looked at is the memory that processes map: these pages live as long as
one of them is mapped anywhere, and no process is told to hold them.
Must hold: the sum is bounded by about `Limits.memory_mb`, or no such memory is to be had.
"""

import ctypes
import mmap
import os

EACH, TIMES = 16 << 20, 10
libc = ctypes.CDLL(None)
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
kept, held = [], 0
for name in ("", "/dev/zero"):
    try:
        file = os.open(name, os.O_RDWR) if name else -1
        for _ in range(TIMES):
            kept.append(mmap.mmap(file, EACH, flags=mmap.MAP_SHARED))
            for _ in range(EACH >> 20):
                kept[-1].write(b"x" * (1 << 20))
            first = ctypes.addressof(ctypes.c_char.from_buffer(kept[-1]))
            held += EACH
            libc.munmap(first + mmap.PAGESIZE, EACH - mmap.PAGESIZE)
    except OSError as error:
        print("refused:", type(error).__name__)
if held > 128 << 20:
    print("ESCAPED:megabytes", held >> 20)
