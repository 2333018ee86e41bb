"""Case 21: a System V shared memory segment, written and left behind.

Attacks: memory that stays charged after its process, and every later run with it; and other people's segments.
Must hold: no segment is left; none of the machine's can be attached.
"""

import ctypes
import json

with open("target.json") as file:
    target = json.load(file)
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
mine = libc.shmget(0, 8 << 20, 0o1600)
if mine >= 0:
    address = libc.shmat(mine, None, 0)
    ctypes.memset(address, 120, 8 << 20)
    print("segment", mine)
else:
    print("refused: shmget")
address = libc.shmat(target["shm"], None, 0o10000)
if address not in (None, ctypes.c_void_p(-1).value):
    print("ESCAPED:attached", ctypes.string_at(address, 64))
