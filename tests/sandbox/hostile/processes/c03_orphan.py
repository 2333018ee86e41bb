"""Case 3: double fork and setsid, an orphan that leaves session and group.

Attacks: the clean-up after a run.
Must hold: no process outlives its run.
"""

import os
import time

try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for descriptor in range(3):
                os.close(descriptor)
            time.sleep(4)
        os._exit(0)
    print("an orphan was left")
except OSError as error:
    print("refused:", type(error).__name__)
