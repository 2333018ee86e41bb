"""Case 59a: `sys.exit(0)` while it is loaded.

Attacks: a verdict by exit code.
Must hold: a process that ended has passed nothing.
"""

import sys

sys.exit(0)
