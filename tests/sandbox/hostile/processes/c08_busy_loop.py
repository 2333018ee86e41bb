"""Case 8: a busy loop.

Attacks: the processor.
Must hold: the run ends at its limit, and says which one it was.
"""

print("before")
while True:
    pass
