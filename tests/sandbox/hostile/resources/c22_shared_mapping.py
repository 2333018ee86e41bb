"""Case 22: shared anonymous mappings over several processes.

Attacks: the machine's memory, where only private memory is counted.
Must hold: the sum is bounded by about `Limits.memory_mb`.
"""

import mmap
import os
import time

made = 0
for _ in range(10):
    try:
        child = os.fork()
    except OSError as error:
        print("refused:", type(error).__name__)
        break
    if child == 0:
        shared = mmap.mmap(-1, 48 << 20)
        for _ in range(48):
            shared.write(b"x" * (1 << 20))
        time.sleep(20)
        os._exit(0)
    made += 1
if made:
    time.sleep(0.8)
    print("ESCAPED:megabytes", 48 * made)
