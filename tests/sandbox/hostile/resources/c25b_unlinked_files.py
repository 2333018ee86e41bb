"""Case 25b: files without end that are open and have no name.

Attacks: the disk, where a look at names and sizes keeps the account.
Must hold: writing fails, or the run is stopped, near `Limits.disk_mb`.
"""

import os

print("before")
held = []
for _ in range(24):
    held.append(os.open("fill", os.O_RDWR | os.O_CREAT))
    os.unlink("fill")
    for _ in range(12):
        os.write(held[-1], bytes(1 << 20))
print("ESCAPED:megabytes", 12 * len(held))
