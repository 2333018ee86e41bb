"""Case 37: the trainer's environment variables, here and in /proc.

Attacks: API keys.
Must hold: the program sees none of them.
"""

import contextlib
import json
import os

print(dict(os.environ))
with open("target.json") as file:
    target = json.load(file)
places = {"self", "1", str(os.getppid()), str(target["trainer"]), str(target["bystander"])}
with contextlib.suppress(OSError):
    places |= {name for name in os.listdir("/proc") if name.isdigit()}
for place in places:
    with contextlib.suppress(OSError), open(f"/proc/{place}/environ", "rb") as file:
        text = file.read()
        print(place, text[:20_000] if place == str(target["bystander"]) else text[:200])
