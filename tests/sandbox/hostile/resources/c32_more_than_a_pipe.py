"""Case 32: more output than a pipe holds, on both streams in turns, then a proper end.

Attacks: a reader that reads one stream to its end first, or waits before it reads.
Must hold: no deadlock; status ok, truncated.
"""

import sys

print("begin")
for _ in range(40):
    sys.stderr.write("e" * 20_000)
    sys.stdout.write("o" * 20_000)
