"""Case 29: stdout without end.

Attacks: the memory of whoever collects it.
Must hold: `Limits.output_kb` is kept, the rest is read and dropped, and past 64 times that the run ends.
"""

import os

while True:
    os.write(1, b"y" * 65536)
