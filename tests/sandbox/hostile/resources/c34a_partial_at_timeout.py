"""Case 34a: a time-out in the middle of the output.

Attacks: a runner that loses what was printed before the end.
Must hold: what was printed is kept, the unfinished line too when it was flushed.
"""

import sys

print("first line")
sys.stdout.write("half a line")
sys.stdout.flush()
while True:
    pass
