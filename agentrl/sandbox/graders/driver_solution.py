"""Inside the sandbox: load a solution and answer calls that come over the channel, until it ends.

It never knows what is expected, and knows the arguments of a call only when its turn has come.
"""

import os
import signal
import types
from typing import Any

from agentrl.sandbox.graders import codec, solution


def main() -> None:
    """The whole program of the solution's side of `grade_calls` and `grade_source`."""
    order = solution.read_order()
    try:
        module = solution.load(order["solution"])
    except BaseException as error:
        solution.send(codec.to_bytes({"failed": solution.describe(error)}))
        os._exit(0)
    solution.send(codec.to_bytes({"loaded": _functions(module)}))
    while (call := solution.receive(codec.MAX_QUESTION_BYTES)) is not None:
        solution.send(_answer(module.__dict__.get(call["name"]), call))
    os._exit(0)


def _answer(function: Any, call: dict[str, Any]) -> bytes:
    arguments = [codec.decode(item) for item in call["arguments"]]
    keywords = {name: codec.decode(item) for name, item in call.get("keywords", {}).items()}
    # The alarm's default action ends the process: no Python code has to cooperate.
    signal.setitimer(signal.ITIMER_REAL, call.get("seconds", 0.0))
    answer = solution.answer_of(function, arguments, keywords, call)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return answer


def _functions(module: types.ModuleType) -> list[str]:
    """What the tests may call by name: the solution's own functions and classes, in the order of their definition."""
    return [name for name, value in module.__dict__.items() if not name.startswith("__") and callable(value)]
