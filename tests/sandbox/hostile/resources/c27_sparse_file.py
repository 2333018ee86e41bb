"""Case 27: a file of a terabyte that holds nothing, by ftruncate, seek and fallocate.

Attacks: the disk, and whoever copies the file.
Must hold: a file beyond `Limits.disk_mb` is refused.
"""

import os

descriptor = os.open("sparse", os.O_RDWR | os.O_CREAT)
ways = {
    "ftruncate": lambda: os.ftruncate(descriptor, 1 << 40),
    "pwrite": lambda: os.pwrite(descriptor, b"x", 1 << 40),
    "fallocate": lambda: os.posix_fallocate(descriptor, 0, 1 << 36),
}
for name, way in ways.items():
    try:
        way()
        print("ESCAPED:" + name)
    except OSError as error:
        print("refused:", type(error).__name__)
