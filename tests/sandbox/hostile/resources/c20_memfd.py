"""Case 20: anonymous files (memfd), memory that no limit on address space counts.

Attacks: the machine's memory.
Must hold: they are refused, or count.
"""

import os

held, total = [], 0
try:
    for _ in range(40):
        held.append(os.memfd_create("x"))
        for _ in range(12):
            total += os.write(held[-1], bytes(1 << 20))
except OSError as error:
    print("refused:", type(error).__name__)
if total > 128 << 20:
    print("ESCAPED:bytes", total)
