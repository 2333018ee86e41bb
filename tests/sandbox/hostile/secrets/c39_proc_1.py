"""Case 39: the memory, maps, descriptors and root of process 1, of the parent, and of a process of the trainer's user.

Attacks: the supervisor's memory and descriptors; the trainer's.
Must hold: none of them can be opened.
"""

import contextlib
import json
import os

with open("target.json") as file:
    target = json.load(file)
for process in (1, os.getppid(), target["bystander"], target["trainer"]):
    place = f"/proc/{process}"
    for name in ("mem", "maps", "environ", "auxv", "stack", "syscall", "io"):
        with contextlib.suppress(OSError), open(f"{place}/{name}", "rb") as file:
            if name == "mem" or file.read(1):
                print("ESCAPED:opened", place, name)
    with contextlib.suppress(OSError):
        for number in os.listdir(f"{place}/fd"):
            print("ESCAPED:descriptor", place, os.readlink(f"{place}/fd/{number}"))
    with contextlib.suppress(OSError):
        print("ESCAPED:root", place, os.listdir(f"{place}/root"))
    with contextlib.suppress(OSError), open(f"{place}/cmdline", "rb") as file:
        text = file.read()
        if process == target["bystander"]:
            print("command line", text)
