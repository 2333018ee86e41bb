"""Case 25a: files without end, here and wherever else files can be made.

Attacks: the disk.
Must hold: writing fails, or the run is stopped, near `Limits.disk_mb`; nothing is written outside the run's own files.
"""

import contextlib
import os

print("before")
own = os.path.realpath(".")
for place in ("/var/tmp", "/dev/shm", "/run", "/home", "/opt", "/tmp"):
    name = os.path.join(place, "agentrl-hostile-fill")
    with contextlib.suppress(OSError), open(name, "wb") as file:
        file.write(b"x")
        os.unlink(name)
        if not os.path.realpath(place).startswith(own):
            print("ESCAPED:wrote", place)
for number in range(600):
    with open(f"fill{number}", "wb") as file:
        file.write(bytes(1 << 20))
print("ESCAPED:megabytes 600")
