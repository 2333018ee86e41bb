"""Inside the sandbox: load a solution and answer calls that come over the channel, until it ends."""

import os
import types

from agentrl.sandbox import codec, solution


def main() -> None:
    """The whole program of the solution's side of `grade_source`."""
    order = solution.read_order()
    try:
        module = solution.load(order["solution"])
    except BaseException as error:
        solution.send(codec.to_bytes({"failed": solution.describe(error)}))
        os._exit(0)
    solution.send(codec.to_bytes({"loaded": _functions(module)}))
    while (call := solution.receive()) is not None:
        arguments = [codec.decode(item) for item in call["arguments"]]
        keywords = {name: codec.decode(item) for name, item in call["keywords"].items()}
        solution.send(solution.answer_of(module.__dict__.get(call["name"]), arguments, keywords))
    os._exit(0)


def _functions(module: types.ModuleType) -> list[str]:
    """What the tests may call by name: the solution's own functions and classes, in the order of their definition."""
    return [name for name, value in module.__dict__.items() if not name.startswith("__") and callable(value)]
