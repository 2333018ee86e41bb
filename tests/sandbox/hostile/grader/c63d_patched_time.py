"""Case 63d: clocks that stand still, so that no limit is ever reached.

Attacks: a time limit, or a speed measurement, in the solution's process.
Must hold: time is taken outside: the endless call is stopped.
"""

import signal
import time

time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
signal.setitimer(signal.ITIMER_REAL, 0)
signal.setitimer = lambda *_: (0.0, 0.0)  # type: ignore[assignment]
signal.signal(signal.SIGALRM, signal.SIG_IGN)


def add(a: int, b: int) -> int:
    """Never come back."""
    while True:
        pass
