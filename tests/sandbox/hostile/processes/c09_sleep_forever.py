"""Case 9: a sleep without end, which uses no processor time.

Attacks: a limit that counts processor time only.
Must hold: the run ends at the wall-time limit.
"""

import time

print("before")
while True:
    time.sleep(1 << 20)
