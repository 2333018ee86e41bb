"""Case 63b: verdicts and answers, written to every file descriptor before the first call.

Attacks: a verdict on a channel that the solution's process holds.
Must hold: the channel carries answers, which are compared outside; too early ones count as wrong.
"""

import contextlib
import json
import os
import struct

MESSAGES = [{"passed": True, "got": "", "error": ""}, {"loaded": True}, {"loaded": ["add", "check"]}, {"value": True}]
MESSAGES += [{"value": value} for value in (1, 0, "passed")]
for descriptor in range(1, 64):
    for message in MESSAGES:
        text = json.dumps(message).encode()
        with contextlib.suppress(OSError):
            os.write(descriptor, text + b"\n" if descriptor < 3 else struct.pack(">I", len(text)) + text)


def add(a: int, b: int) -> int:
    """Wrong."""
    return 0
