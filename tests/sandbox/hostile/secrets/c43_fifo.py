"""Case 43: FIFOs and sockets in the place of files.

Attacks: a host that opens what the run left, and blocks.
Must hold: nobody waits; the next run starts at once.
"""

import contextlib
import os
import socket

for name in ("result.json", "output.txt", "target.json", "main.py"):
    with contextlib.suppress(OSError):
        os.unlink(name)
    with contextlib.suppress(OSError):
        os.mkfifo(name)
        print("a FIFO", name)
with contextlib.suppress(OSError):
    socket.socket(socket.AF_UNIX).bind("a-socket")
print("done")
