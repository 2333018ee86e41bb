"""Case 4: kill(-1), a signal to every process that may be signalled.

Attacks: the trainer and the fork server.
Must hold: nothing outside the run ends or stops.
"""

import os
import signal

for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
    try:
        os.kill(-1, number)
    except OSError as error:
        print("refused:", type(error).__name__)
print("done")
