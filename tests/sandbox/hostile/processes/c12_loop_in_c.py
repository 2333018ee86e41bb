"""Case 12: loops in C that no signal handler of Python interrupts: a regular expression, a sum, a power.

Attacks: a time limit that needs the interpreter's help.
Must hold: the run ends at its limit.
"""

import re
import threading

print("before")
try:
    threading.Thread(target=sum, args=(range(10**12),), daemon=True).start()
    threading.Thread(target=pow, args=(3, 10**8), daemon=True).start()
except RuntimeError:
    print("refused: threads")
re.match("(a+)+$", "a" * 60 + "b")
