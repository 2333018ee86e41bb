"""Case 10: SIGSTOP to oneself.

Attacks: a supervisor that waits for an exit, or whose SIGTERM a stopped process never sees.
Must hold: the run ends at its limit.
"""

import os
import signal

print("before")
while True:
    os.kill(os.getpid(), signal.SIGSTOP)
