"""Case 24: recursion in C until the stack is gone.

Attacks: the process, and whoever takes its death for their own.
Must hold: the run ends as killed by SIGSEGV; what was printed is kept.
"""

nested: tuple[object, ...] = ()
for _ in range(10**6):
    nested = (nested,)
print("before", flush=True)
hash(nested)
