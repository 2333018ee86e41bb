"""Case 30: stderr without end.

Attacks: the memory of whoever collects it.
Must hold: as for stdout.
"""

import os

while True:
    os.write(2, b"y" * 65536)
