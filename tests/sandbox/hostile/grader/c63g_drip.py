"""Case 63g: the right answer, much too late, at the end of a message that drips in from the first moment on.

Attacks: a time limit that starts again with every byte.
Must hold: a call's limit counts to the end of its answer.
"""

import contextlib
import json
import os
import signal
import struct
import sys
import time

SIZE = 900_000


def number() -> object:
    """What an answer must repeat of its question, found in the frames of the driver."""
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        for value in frame.f_locals.values():
            if type(value) is dict and "number" in value:
                return value["number"]
    return None


def add(a: int, b: int) -> int:
    """Silence the alarm, begin to answer at once, and know the answer after a second and a half."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    os.write(3, struct.pack(">I", SIZE))
    end = time.monotonic() + 1.5
    drippers = []
    for _ in range(3):  # a pause of one of them is filled by another
        with contextlib.suppress(OSError):
            drippers.append(os.fork())
            if not drippers[-1]:
                while time.monotonic() < end + 0.3:
                    os.write(3, b" ")
                    time.sleep(0.00005)
                os._exit(0)
    while time.monotonic() < end:
        time.sleep(0.01)
    # White space before and behind the answer: how much was sent before does not matter, so that it fills the message.
    os.write(3, json.dumps({"value": a + b, "number": number()}).encode())
    os.write(3, b" " * SIZE)
    return a + b
