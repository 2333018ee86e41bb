"""Case 34c: a segmentation fault in the middle of the output.

Attacks: a runner that loses what was printed before the end.
Must hold: what was printed is kept.
"""

import ctypes

print("first line")
ctypes.string_at(8)
