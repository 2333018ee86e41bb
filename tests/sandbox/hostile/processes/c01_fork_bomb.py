"""Case 1: fork bomb.

Attacks: the machine's table of processes.
Must hold: no more than `Limits.processes` exist at once, none is left, and the next run starts.
"""

import os
import time

made, refused = 0, False
try:
    while made < 200:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        made += 1
except OSError as error:
    refused = True
    print("refused:", type(error).__name__)
if made > 64:
    print("ESCAPED:processes", made)
# Only where something holds does every process go on forking: elsewhere this would take the machine down.
end = time.monotonic() + 0.5
while refused and time.monotonic() < end:
    try:
        os.fork()
    except OSError:
        continue
