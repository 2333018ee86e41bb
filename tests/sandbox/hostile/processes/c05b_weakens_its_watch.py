"""Case 5b: resource limits, priority and processors of the watch.

Attacks: the run's watch, which has the program's user id in namespaces: without descriptors it cannot look, and a run
whose watch fails would be no run at all.
Must hold: neither the watch's limits nor its share of the processor change, and the run ends with a verdict.
"""

import os
import resource
import time

ATTEMPTS = (
    lambda pid: resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0)),
    lambda pid: resource.prlimit(pid, resource.RLIMIT_AS, (4096, 4096)),
    lambda pid: resource.prlimit(pid, resource.RLIMIT_CPU, (0, 0)),
    lambda pid: os.setpriority(os.PRIO_PROCESS, pid, 19),
    lambda pid: os.sched_setaffinity(pid, [0]),
)
for victim in {1, os.getppid()} - {0}:  # 0: the parent is outside, and the call would mean this process
    for attempt in ATTEMPTS:
        try:
            attempt(victim)
            print("ESCAPED:changed", victim)
        except OSError as error:
            print("refused:", type(error).__name__)
time.sleep(0.2)
print("done")
