"""Case 18: one huge value: a string of 10^11 characters, an int of 10^11 bits.

Attacks: the machine's memory, in one step.
Must hold: the allocation fails; the status is memory.
"""

print("before")
try:
    held = "a" * 10**11
    print("ESCAPED:string", len(held))
except MemoryError:
    print("refused: string")
number = 1 << 10**11
print("ESCAPED:int", number.bit_length())
