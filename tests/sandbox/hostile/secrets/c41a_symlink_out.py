"""Case 41a: a symbolic link to a file of the machine.

Attacks: a check of names instead of files.
Must hold: the link leads nowhere.
"""

import json
import os

with open("target.json") as file:
    secret = json.load(file)["file"]
try:
    os.symlink(secret, "link")
    with open("link") as file:
        print("ESCAPED:read", file.read())
except OSError as error:
    print("refused:", type(error).__name__)
