"""Case 35a: a large stdin that is never read.

Attacks: a writer that blocks until its reader has read.
Must hold: the run ends as if stdin were empty.
"""

print("did not look")
