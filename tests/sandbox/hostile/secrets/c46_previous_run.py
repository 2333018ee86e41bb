"""Case 46: what another run left: its files, shared memory, and its text in the memory that is inherited.

Attacks: other policies' programs, and the tests and answers that a grader's run held.
Must hold: nothing of them can be found.
"""

import contextlib
import ctypes
import gc
import glob
import json
import os
import re

with open("target.json") as file:
    target = json.load(file)
PATTERN = re.compile(rb"CAN[A]RY-[0-9a-f]{32}")
found: set[bytes] = set()
for thing in gc.get_objects():
    if type(thing) in (list, tuple, dict, set):
        for item in list(thing.values() if type(thing) is dict else thing):
            if type(item) is str:
                found.update(PATTERN.findall(item.encode("utf-8", "replace")))
            elif type(item) is bytes:
                found.update(PATTERN.findall(item))
for place in (".", "..", "/tmp", "/dev/shm", "/var/tmp"):
    for name in glob.glob(place + "/*")[:200]:
        with contextlib.suppress(OSError):
            if os.path.isfile(name) and os.path.getsize(name) < 1 << 20:
                with open(name, "rb") as file:
                    found.update(PATTERN.findall(file.read()))
# The memory itself. write() of an address that is not mapped fails instead of crashing: no map of it is needed.
libc = ctypes.CDLL(None)
reading, writing = os.pipe()
ranges = []
with contextlib.suppress(OSError), open("/proc/self/maps") as file:
    for line in file:
        if line.split()[1].startswith("rw"):
            ranges.append(tuple(int(part, 16) for part in line.split()[0].split("-")))
if not ranges:
    middles = [id(thing) & ~4095 for thing in (object(), [], "", PATTERN)]
    ranges = [(middle - (8 << 20), middle + (8 << 20)) for middle in middles]
for low, high in ranges:
    before = b""
    for page in range(low, min(high, low + (64 << 20)), 4096):
        if libc.write(writing, ctypes.c_void_p(page), 4096) == 4096:
            text = os.read(reading, 4096)
            found.update(PATTERN.findall(before[-64:] + text))
            before = text
        else:
            before = b""
other = f"/proc/{target['bystander']}"
with contextlib.suppress(OSError), open(f"{other}/maps") as maps, open(f"{other}/mem", "rb", buffering=0) as memory:
    for line in maps:
        if line.split()[1].startswith("rw"):
            low, high = (int(part, 16) for part in line.split()[0].split("-"))
            memory.seek(low)
            found.update(PATTERN.findall(memory.read(high - low)))
print(len(found), sorted(found))
