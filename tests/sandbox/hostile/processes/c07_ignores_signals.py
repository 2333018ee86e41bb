"""Case 7: a program that ignores and blocks every signal that can be.

Attacks: a time limit that asks before it kills.
Must hold: the run ends at its limit.
"""

import contextlib
import signal

for number in range(1, 65):
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
print("before")
while True:
    pass
