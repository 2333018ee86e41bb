"""Runs one case in one sandbox and tells everything that must hold and does not."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hostile_case import HERE, Case
from hostile_machine import family
from hostile_world import VARIABLE, World

from agentrl.errors import SandboxError
from agentrl.sandbox import CallTest, ExecResult, Limits, Sandbox, grade_calls, grade_pytest, grade_source

TESTS = (CallTest((123456789, 987654321), 1111111110), CallTest((500000000, 7), 500000007))
CHECK = (
    "def check(candidate):\n    assert candidate(123456789, 987654321) == 1111111110\n"
    "    assert candidate(500000000, 7) == 500000007\n"
)
_TEST = CHECK.replace("check(candidate)", "test_add()").replace("candidate", "add")
PYTEST = {"test_solution.py": f"from solution import add\n\n{_TEST}"}
_GRADING = Limits(wall_seconds=0.6)
SLACK_SECONDS = 4.0
_GONE_SECONDS = 2.0
_HONEST = """
import os, threading
assert os.listdir(".") == ["data.txt"], os.listdir(".")
held = bytearray(40 << 20)
with open("written", "wb") as file:
    file.write(bytes(4 << 20))
thread = threading.Thread(target=print, args=(sum(range(1000)) + len(input()),))
thread.start()
thread.join()
"""
PREDECESSOR = """
import contextlib
secret, word = {secret!r}, input()
held = [secret, word, {{secret: word}}]
for place in (".", "/tmp", "/dev/shm", "/var/tmp"):
    with contextlib.suppress(OSError), open(place + "/agentrl-left", "w") as file:
        file.write(secret)
"""


def warm_up(sandbox: Sandbox, at_once: int = 4) -> None:
    """Several runs at once: what a sandbox opens on demand and keeps is open afterwards, and no leak."""
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda _: sandbox.run("import time; time.sleep(0.3)"), range(at_once)))


def as_a_run(case: Case, sandbox: Sandbox, world: World, tier: str) -> list[str]:
    """What is wrong with the result of a run of `case`."""
    return _grade(case, sandbox) if case.is_solution else _run(case, sandbox, world, tier)


def problems(
    case: Case,
    sandbox: Sandbox,
    world: World,
    tier: str = "",
    how: Callable[[Case, Sandbox, World, str], list[str]] = as_a_run,
) -> list[str]:
    """Everything that is wrong after `case` ran; empty when all holds. `tier` names another row of expectations."""
    before = set(family(_container(sandbox)))
    descriptors = len(os.listdir("/proc/self/fd"))
    try:
        found = how(case, sandbox, world, tier or sandbox.tier)
    except SandboxError as error:
        found = [f"the machinery failed: {error}"]
    found += _processes(before, _container(sandbox))
    found += world.changes()
    found += _next_run(sandbox)
    now = len(os.listdir("/proc/self/fd"))
    return found + ([] if now == descriptors else [f"{now - descriptors} file descriptors leaked"])


def _run(case: Case, sandbox: Sandbox, world: World, tier: str) -> list[str]:
    if case.has_predecessor:
        program = PREDECESSOR.format(secret=world.canaries["program"])
        files = {"payload": world.canaries["payload_file"].encode()}
        sandbox.run(program, stdin=world.canaries["stdin"] + "\n", files=files)
    target = json.dumps(world.target(tier == "none")).encode()
    stdin = "0123456789abcdef" * (case.stdin_kb * 64)
    start = time.monotonic()
    result = sandbox.run(case.source, stdin=stdin, files={"target.json": target}, limits=case.limits)
    took = time.monotonic() - start
    return _judge(case, result, took, tier) + leaks(result.stdout + result.stderr, world)


def _judge(case: Case, result: ExecResult, took: float, tier: str) -> list[str]:
    found = []
    allowed = case.statuses_of(tier)
    if str(result.status) not in allowed:
        found.append(f"status {result.status} ({result.limit}), not one of {allowed}: {result.stderr[-300:]}")
    if took > case.limits.wall_seconds + SLACK_SECONDS:
        found.append(f"it took {took:.1f} s at a limit of {case.limits.wall_seconds} s")
    if not result.stdout.startswith(case.kept_of(tier)):
        found.append(f"its output was not kept: {result.stdout[:200]!r}")
    if max(len(result.stdout.encode()), len(result.stderr.encode())) > case.limits.output_kb * 3 * 1024:
        found.append("more output than the limit")
    if tier not in case.open_in and ("ESCAPED" in result.stdout + result.stderr or "uid=0(root)" in result.stdout):
        lines = [line for line in result.stdout.splitlines() if "ESCAPED" in line or "uid=0" in line]
        found.append(f"it got out: {lines[:5]} {result.stderr[-200:]}")
    return found


def leaks(text: str, world: World) -> list[str]:
    """Which secrets are in the output of a program."""
    places = [place for place, canary in world.canaries.items() if canary in text]
    places += ["environment"] if VARIABLE in text else []
    return [f"it read the secret in: {place}" for place in places]


def _grade(case: Case, sandbox: Sandbox) -> list[str]:
    found = []
    for name, report in (
        ("grade_calls", grade_calls(sandbox, case.source, "add", TESTS, _GRADING)),
        ("grade_source", grade_source(sandbox, case.source, "add", CHECK, _GRADING)),
        ("grade_pytest", grade_pytest(sandbox, {"solution.py": case.source.encode()}, PYTEST, _GRADING)),
    ):
        if report.passed_share:
            found.append(f"{name} passed it: {report}")
    return found


def in_a_subprocess(case: Case, world: World) -> list[str]:
    """What a plain subprocess lets the program do. Whatever it leaves is removed."""
    before = set(family())
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as output:
        Path(folder, "target.json").write_text(json.dumps(world.target(True)))
        # A file and no pipe: what the program leaves behind would hold it open.
        subprocess.run([sys.executable, "-S", str(case.path)], cwd=folder, stdout=output, timeout=30, check=False)
        output.seek(0)
        found = [line for line in output.read().splitlines() if "ESCAPED" in line]
    left = family().keys() - before
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return found + [f"process {pid} is left" for pid in left] + world.changes()


def _container(sandbox: Sandbox) -> str:
    """The id of the docker container, "" for the embedded back-end."""
    return str(getattr(getattr(sandbox, "_container", None), "id", ""))


def _processes(before: set[int], container: str) -> list[str]:
    """The sandbox's own processes must be the same as before the run, soon after its end."""
    deadline = time.monotonic() + _GONE_SECONDS
    while (now := family(container)).keys() != before and time.monotonic() < deadline:
        time.sleep(0.01)
    found = [f"process {pid} of the sandbox is gone" for pid in before - now.keys()]
    return found + [f"process {pid} is left: {_command(pid)}" for pid in now.keys() - before]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")[-200:].decode("utf-8", "replace")
    except OSError:
        return "?"


def _next_run(sandbox: Sandbox) -> list[str]:
    """An honest program that uses what its limits give must find everything in order."""
    start = time.monotonic()
    try:
        result = sandbox.run(_HONEST, stdin="12345\n", files={"data.txt": b"x"})
    except SandboxError as error:
        return [f"the next run failed: {error}"]
    if result.stdout != f"{sum(range(1000)) + 5}\n":
        return [f"the next run ended with {result.status} {result.limit}: {result.stdout} {result.stderr}"]
    took = time.monotonic() - start
    return [f"the next run took {took:.1f} s"] if took > SLACK_SECONDS else []


def by_name(name: str) -> str:
    """The source of a program of this folder."""
    return (HERE / name).read_text()
