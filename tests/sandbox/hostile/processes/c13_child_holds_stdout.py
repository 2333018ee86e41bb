"""Case 13: a child in the background that holds stdout and stderr open after the program's exit.

Attacks: a reader that waits for the end of the pipe.
Must hold: the run ends when the program does, not when its child would.
"""

import os
import time

try:
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
except OSError as error:
    print("refused:", type(error).__name__)
print("done")
