"""Case 11: `except BaseException` around everything, in a loop.

Attacks: a time limit by an exception (an alarm whose handler raises).
Must hold: the run ends at its limit.
"""

print("before")
while True:
    try:
        while True:
            pass
    except BaseException:
        continue
