"""Case 42: hard links, names with `..`, absolute names: what a hostile archive would hold.

Attacks: whoever copies a run's files out.
Must hold: no link to a file of the machine can be made, and nothing is written beside the run's directory.
"""

import contextlib
import json
import os

with open("target.json") as file:
    target = json.load(file)
with contextlib.suppress(OSError):
    os.link(target["file"], "hard")
    with open("hard") as file:
        print("ESCAPED:hard link", file.read())
outside = os.path.join(target["directory"], "planted")
for name in ("../planted", "../../planted", "../../../planted", outside, "/planted"):
    with contextlib.suppress(OSError), open(name, "w") as file:
        own = os.path.realpath(".") == "/tmp" or os.path.realpath(name).startswith(os.path.realpath(".") + "/")
        print("kept inside" if own else "ESCAPED:wrote", name)
        os.unlink(name)
with contextlib.suppress(OSError):
    os.mkdir("a\nb")
with contextlib.suppress(OSError), open("-rf", "w"):
    print("odd names")
