"""Case 63f: the right answer, much too late, behind clocks that stand still and alarms that never ring.

Attacks: a time limit for each call that the solution's process keeps itself.
Must hold: time is taken outside: a call beyond its limit is not passed.
"""

import signal
import time

busy_until = time.monotonic
time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
set_alarm = signal.setitimer
signal.setitimer = lambda *_: (0.0, 0.0)  # type: ignore[assignment]
signal.signal(signal.SIGALRM, signal.SIG_IGN)


def add(a: int, b: int) -> int:
    """Take a second over it."""
    set_alarm(signal.ITIMER_REAL, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    end = busy_until() + 1.0
    while busy_until() < end:
        pass
    return a + b
