"""Case 40: file descriptors that were open in the trainer, inheritable ones too.

Attacks: what leaks by inheritance: sockets, files, the fork server's own channels.
Must hold: beyond 0, 1 and 2 there is none.
"""

import contextlib
import os
import stat

for number in range(3, 5000):
    with contextlib.suppress(OSError):
        kind = stat.S_IFMT(os.fstat(number).st_mode)
        print("ESCAPED:descriptor", number, oct(kind))
        print(os.pread(number, 100, 0))
with contextlib.suppress(OSError):
    os.write(0, b"x")
    print("ESCAPED:wrote to stdin")
