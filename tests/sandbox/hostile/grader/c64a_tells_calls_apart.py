"""Case 64a: a solution with a memory, which answers the second time what it was asked the first time.

Attacks: a grader that runs its public tests and its hidden ones in the same process.
Must hold: every grading is a fresh process; the order of the calls inside one is seen by the solution, as documented.
"""

seen: list[tuple[int, int]] = []


def add(a: int, b: int) -> int:
    """Right only when this very call was graded before, in this process or in this directory."""
    try:
        with open("seen.txt") as file:
            known = file.read()
    except OSError:
        known = ""
    with open("seen.txt", "a") as file:
        file.write(f"{a},{b}\n")
    if (a, b) in seen or f"{a},{b}\n" in known:
        return a + b
    seen.append((a, b))
    return 0
