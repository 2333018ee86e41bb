"""Case 44: writing to the standard library, to site-packages and to their byte code.

Attacks: every later program, the trainer's own too.
Must hold: none of it can be written.
"""

import contextlib
import json
import os
import sysconfig

library = sysconfig.get_path("stdlib")
places = [library, f"{library}/__pycache__", f"{library}/site-packages", f"{library}/json"]
places += ["/usr/lib", "/usr/local/lib"]
for place in places:
    name = os.path.join(place, "agentrl_hostile.py")
    with contextlib.suppress(OSError):
        with open(name, "x"):
            print("ESCAPED:created", name)
        os.unlink(name)
for module in (json, os):
    with contextlib.suppress(OSError), open(str(module.__file__), "r+b"):
        print("ESCAPED:opened for writing", module.__file__)
with contextlib.suppress(OSError):
    cached = f"{library}/json/__pycache__"
    names = os.listdir(cached)
    with open(os.path.join(cached, names[0]), "r+b"):
        print("ESCAPED:opened byte code", names[0])
