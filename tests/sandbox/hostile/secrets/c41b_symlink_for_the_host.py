"""Case 41b: symbolic links, planted where the trusted side will look, measure or clean up.

Attacks: a privileged helper that follows links made inside (the Judge0 escapes of 2024).
Must hold: what the links point at is neither removed, changed nor handed back.
"""

import contextlib
import json
import os

with open("target.json") as file:
    target = json.load(file)
with contextlib.suppress(OSError):
    os.mkdir("deep")
    os.symlink(target["directory"], "deep/directory")
for name in ("directory", "stdout", "output.txt", "solution.py", "result.json", "main.py", "d"):
    with contextlib.suppress(OSError):
        os.symlink(target["directory"] if name in ("directory", "d") else target["file"], name)
with contextlib.suppress(OSError):
    os.unlink("target.json")
    os.symlink(target["file"], "target.json")
print("planted")
