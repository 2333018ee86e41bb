"""Case 31: one line of 100 MB.

Attacks: a reader that goes by lines.
Must hold: the beginning is kept; the run ends as a flood of output.
"""

import sys

sys.stdout.write("begin" + "x" * (100 << 20))
sys.stdout.flush()
