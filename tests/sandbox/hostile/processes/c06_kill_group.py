"""Case 6: a signal to process groups, the program's own and its parent's.

Attacks: the fork server, when it shares a group with what it starts.
Must hold: the fork server lives on and serves the next run.
"""

import os
import signal

for group in (lambda: os.getpgid(os.getppid()), lambda: 0):
    try:
        number = group()
        if number != 1:  # group 1 as seen from here may be written as -1: everybody, which is case 4
            os.killpg(number, signal.SIGKILL)
    except OSError as error:
        print("refused:", type(error).__name__)
print("done")
