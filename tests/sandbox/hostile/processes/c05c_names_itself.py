"""Case 5c: process names that are no text, or look like other fields of /proc.

Attacks: the watches, which read /proc: this run's, and those of its neighbours.
Must hold: the names are taken for names; the run ends by itself.
"""

import ctypes
import os
import time

libc = ctypes.CDLL(None)
try:
    os.fork()
except OSError as error:
    print("refused:", type(error).__name__)
for name in (b"\xff\xfe\xfd", b"a\rb", b"x\nUid:\t0", b"a) R 1 (b", b""):
    libc.prctl(15, name, 0, 0, 0)
    time.sleep(0.08)
print("done")
