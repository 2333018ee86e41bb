"""Case 58: TIOCSTI, characters typed into somebody's terminal, and TIOCLINUX.

Attacks: the shell of whoever started the trainer.
Must hold: the calls are refused, and no terminal can be opened.
"""

import contextlib
import fcntl
import os

TIOCSTI, TIOCLINUX, TIOCCONS = 0x5412, 0x541C, 0x541D
places: list[int] = [0, 1, 2]
for name in ("/dev/tty", "/dev/console", "/dev/tty0", "/dev/tty1", "/dev/pts/0", "/dev/ttyS0"):
    with contextlib.suppress(OSError):
        places.append(os.open(name, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
        print("ESCAPED:opened", name)
for place in places:
    for number in (TIOCSTI, TIOCLINUX, TIOCCONS):
        with contextlib.suppress(OSError):
            fcntl.ioctl(place, number, b"#")
            print("ESCAPED:ioctl", place, hex(number))
