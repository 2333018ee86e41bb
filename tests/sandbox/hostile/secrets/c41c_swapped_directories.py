"""Case 41c: directories that turn into links and files, and back, all the time.

Attacks: a look at the run's files, between the moment when it sees a directory and the one when it opens it.
Must hold: the look neither follows a link nor takes the run, or its sandbox, for broken.
"""

import contextlib
import json
import os
import time

with open("target.json") as file:
    target = json.load(file)
names = [f"swap{number}" for number in range(200)]
changes = (
    os.mkdir,
    os.rmdir,
    lambda name: os.symlink(target["directory"], name),
    os.unlink,
    lambda name: open(name, "w").close(),
    os.unlink,
)
end = time.monotonic() + 1.0
while time.monotonic() < end:
    for change in changes:
        for name in names:
            with contextlib.suppress(OSError):
                change(name)
print("swapped")
