"""Case 35b: a large stdin, read to its end, and then again.

Attacks: a writer that holds all of it in a pipe, or never closes it.
Must hold: all of it arrives, and then its end.
"""

import sys

print(len(sys.stdin.read()), repr(sys.stdin.read()))
