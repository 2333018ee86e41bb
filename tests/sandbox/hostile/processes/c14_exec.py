"""Case 14: exec of another program.

Attacks: a confinement that lives in the interpreter and not in the process.
Must hold: what is executed is as confined as the program was: it reads no file of the machine.
"""

import json
import os
import sys

with open("target.json") as file:
    secret = json.load(file)["file"]
try:
    if os.path.exists("/bin/cat"):
        sys.stdout.flush()
        os.execv("/bin/cat", ["cat", secret, "/etc/shadow"])
    os.execv(sys.executable, [sys.executable, "-S", "-c", f"print(open({secret!r}).read())"])
except OSError as error:
    print("refused:", type(error).__name__)
