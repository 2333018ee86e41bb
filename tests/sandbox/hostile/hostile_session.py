"""Runs one case as a command of a session: the program is a file there, and what it is to read is another."""

import dataclasses
import json
import signal
import time

from hostile_case import Case
from hostile_harness import PREDECESSOR, SLACK_SECONDS, leaks
from hostile_world import World

from agentrl.sandbox import CommandResult, Sandbox, Session, SessionEndedError

_LIFE_SECONDS = 120.0
_SERVER_PROCESSES = 2
"""The session's server and the command's shell, which count, too."""
_COMMAND = "exec 0<stdin; rm stdin; exec python3 -u program.py"
"""The server is the program's parent so, as in a run; what it prints arrives when it prints it."""


def in_a_session(case: Case, sandbox: Sandbox, world: World, tier: str) -> list[str]:
    """What is wrong with the command and the session that it leaves."""
    processes = case.limits.processes + _SERVER_PROCESSES
    limits = dataclasses.replace(case.limits, wall_seconds=_LIFE_SECONDS, processes=processes)
    if case.has_predecessor:
        _precede(sandbox, world)
    target = json.dumps(world.target(False)).encode()
    files = {"program.py": case.source.encode(), "target.json": target}
    start = time.monotonic()
    with Session(sandbox, files=files, limits=limits) as session:
        session.write_file("stdin", b"0123456789abcdef" * (case.stdin_kb * 64))
        try:
            result = session.run(_COMMAND, timeout=case.limits.wall_seconds)
            status, output, kept = _status(result), result.output, case.kept
            session.run("true")
        except SessionEndedError as error:
            status, output, kept = "memory" if "together" in str(error) else "killed", str(error), ""
    found = _judge(case, status, output, kept) + leaks(output, world)
    took = time.monotonic() - start
    late = took > case.limits.wall_seconds + SLACK_SECONDS
    return found + ([f"it took {took:.1f} s at a limit of {case.limits.wall_seconds} s"] if late else [])


def _precede(sandbox: Sandbox, world: World) -> None:
    """Another session, whose program leaves what it can."""
    program = PREDECESSOR.format(secret=world.canaries["program"]).encode()
    files = {"program.py": program, "payload": world.canaries["payload_file"].encode()}
    with Session(sandbox, files=files) as session:
        session.run(f"export SECRET={world.canaries['stdin']}; echo $SECRET | python3 program.py")


def _status(result: CommandResult) -> str:
    """The word that a run would have for this end of a command."""
    if result.timed_out or result.flooded:
        return "timeout" if result.timed_out else "output"
    code = result.exit_code or 0
    if code < 0:
        return "cpu" if code == -signal.SIGXCPU else "killed"
    if code and result.output.rstrip().rpartition("\n")[2].startswith("MemoryError"):
        return "memory"
    return "error" if code else "ok"


def _judge(case: Case, status: str, output: str, kept: str) -> list[str]:
    found = []
    allowed = (case.session_statuses or case.statuses).split()
    if status not in allowed:
        found.append(f"status {status}, not one of {allowed}: {output[-300:]}")
    if kept not in output:  # somewhere: it is one stream with stderr
        found.append(f"its output was not kept: {output[:200]!r}")
    if len(output.encode()) > case.limits.output_kb * 3 * 1024:
        found.append("more output than the limit")
    lines = [line for line in output.splitlines() if "ESCAPED" in line or "uid=0(root)" in line]
    if escaped := [line for line in lines if not (case.session_shows and line.startswith(case.session_shows))]:
        found.append(f"it got out: {escaped[:5]}")
    return found
