"""Case 45: device nodes: those that are there, and mknod.

Attacks: the machine's memory and disks.
Must hold: no device but the harmless ones can be opened, and none can be made.
"""

import contextlib
import glob
import json
import os
import stat

for kind, number in ((stat.S_IFCHR, (1, 1)), (stat.S_IFCHR, (1, 3)), (stat.S_IFBLK, (254, 0)), (stat.S_IFBLK, (8, 0))):
    with contextlib.suppress(OSError):
        os.mknod("device", kind | 0o666, os.makedev(*number))
        print("ESCAPED:made", number)
        os.unlink("device")
harmless = {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr", "shm", "core", "tty"}
harmless |= {"mqueue", "pts", "ptmx"}
paths = {"/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/kvm", "/dev/fuse"}
with open("target.json") as file:
    if not json.load(file)["unconfined"]:  # to open a watchdog starts it
        paths |= set(glob.glob("/dev/*"))
for path in paths:
    with contextlib.suppress(OSError):
        if os.path.basename(path) not in harmless and not stat.S_ISDIR(os.stat(path).st_mode):
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            print("ESCAPED:opened", path)
