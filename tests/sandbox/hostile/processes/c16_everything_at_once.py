"""Case 16: processes, memory, disk and descriptors all used up at once.

Attacks: the run after this one.
Must hold: the next run starts at once, in an empty directory, and may use all that its limits give.
"""

import contextlib
import os
import time

hoard = []
for _ in range(8):
    with contextlib.suppress(OSError):
        if os.fork() == 0:
            hoard.append(bytearray(20 << 20))
            time.sleep(20)
for number in range(64):
    with contextlib.suppress(OSError, MemoryError):
        hoard.append(bytearray(8 << 20))
        with open(f"fill{number}", "wb") as file:
            file.write(bytes(1 << 20))
    with contextlib.suppress(OSError):
        hoard.append(os.dup(0))
print("full")
