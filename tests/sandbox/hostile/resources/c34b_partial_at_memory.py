"""Case 34b: out of memory in the middle of the output.

Attacks: a runner that loses what was printed before the end.
Must hold: what was printed is kept.
"""

print("first line")
held = [bytearray(64 << 20) for _ in range(10**6)]
