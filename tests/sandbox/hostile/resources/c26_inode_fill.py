"""Case 26: empty files without end.

Attacks: the file system's table of inodes, which a limit on bytes does not see.
Must hold: making files fails, or the run is stopped.
"""

print("before")
for number in range(60_000):
    with open(f"empty{number}", "wb"):
        pass
print("ESCAPED:inodes 60000")
