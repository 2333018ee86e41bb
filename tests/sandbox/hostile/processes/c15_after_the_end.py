"""Case 15: work after the end of the program: atexit, `__del__`, a thread that is no daemon.

Attacks: limits that stop counting when the main thread is done.
Must hold: the limits hold until the process is gone.
"""

import atexit
import threading
import time


class Late:
    """Never finishes being deleted."""

    def __del__(self) -> None:
        """Sleep at the interpreter's end."""
        time.sleep(60)


late = Late()
atexit.register(time.sleep, 60)
print("before")
try:
    threading.Thread(target=time.sleep, args=(60,)).start()
except RuntimeError:
    print("refused: threads")
