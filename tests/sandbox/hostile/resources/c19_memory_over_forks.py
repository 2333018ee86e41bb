"""Case 19: many processes, each below the limit of one.

Attacks: the machine's memory, where limits count per process.
Must hold: the sum over the run's processes is bounded by about `Limits.memory_mb`.
"""

import os
import time

made = []
for _ in range(10):
    try:
        child = os.fork()
    except OSError as error:
        print("refused:", type(error).__name__)
        break
    if child == 0:
        held = bytearray(b"x") * (48 << 20)
        time.sleep(20)
        os._exit(0)
    made.append(child)
if made:
    time.sleep(0.8)
    print("ESCAPED:megabytes", 48 * len(made))
