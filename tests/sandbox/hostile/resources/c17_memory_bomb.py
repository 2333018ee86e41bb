"""Case 17: one process allocates without end.

Attacks: the machine's memory.
Must hold: allocation fails at `Limits.memory_mb`; the status is memory, and what was printed is kept.
"""

print("before")
held = []
while len(held) < 4096:
    held.append(bytearray(b"x") * (1 << 20))
    if len(held) == 1024:
        print("ESCAPED:memory")
