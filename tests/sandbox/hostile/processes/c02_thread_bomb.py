"""Case 2: thread bomb.

Attacks: the machine's table of processes, by threads with the smallest stacks.
Must hold: no more than `Limits.processes` threads exist at once.
"""

import os
import threading
import time

threading.stack_size(64 << 10)
made = 0
try:
    while made < 1000:
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
        made += 1
except (RuntimeError, MemoryError) as error:
    print("refused:", type(error).__name__)
if made > 64:
    print("ESCAPED:threads", made)
os._exit(0)
