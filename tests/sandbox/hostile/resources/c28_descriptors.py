"""Case 28: file descriptors without end, held open and parked in sockets.

Attacks: the machine's table of open files.
Must hold: `Limits.open_files` bounds what one process holds, and what it has in flight.
"""

import array
import os
import socket

held = []
try:
    while len(held) < 5000:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    print("refused:", type(error).__name__)
if len(held) > 1024:
    print("ESCAPED:descriptors", len(held))
for descriptor in held[-8:]:
    os.close(descriptor)
parked = 0
try:
    left, right = socket.socketpair()
    rights = array.array("i", held[:32])
    while parked < 20_000:
        left.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)], socket.MSG_DONTWAIT)
        parked += len(rights)
except OSError as error:
    print("refused:", type(error).__name__)
if parked > 10_000:
    print("ESCAPED:parked", parked)
