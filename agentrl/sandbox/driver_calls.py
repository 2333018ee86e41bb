"""Inside the sandbox: load a solution and answer a list of calls. It knows the arguments, never what is expected."""

import os
import signal

from agentrl.sandbox import codec, solution


def main() -> None:
    """The whole program of a run of `grade_calls`."""
    order = solution.read_order()
    try:
        function = getattr(solution.load(order["solution"]), order["entry_point"], None)
    except BaseException as error:
        solution.send(codec.to_bytes({"failed": solution.describe(error)}))
        os._exit(0)
    if not callable(function):
        solution.send(codec.to_bytes({"failed": f"the solution defines no function {order['entry_point']!r}"}))
        os._exit(0)
    solution.send(codec.to_bytes({"loaded": True}))
    for arguments in order["calls"]:
        # The alarm's default action ends the process: no Python code has to cooperate.
        signal.setitimer(signal.ITIMER_REAL, order["call_seconds"])
        answer = solution.answer_of(function, codec.decode(arguments), {})
        signal.setitimer(signal.ITIMER_REAL, 0)
        solution.send(answer)
    os._exit(0)
