"""A worker process, seen from the trusted side: start it, have it run a program, end it."""

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from agentrl.errors import SandboxError
from agentrl.sandbox.embedded.capture import Capture
from agentrl.sandbox.embedded.ending import STOP, classify
from agentrl.sandbox.types import ExecResult, Limits
from agentrl.sandbox.wasm.starting import END, READY, STARTED, STDERR, STDOUT, command

_LATE, _STOPPED = b"late", b"stopped"
_START_SECONDS, _SETUP_SECONDS = 30.0, 15.0
_GRACE_SECONDS = 0.5
"""How much longer than the wall time a run may take to be interrupted from within; then its worker is killed."""
_MOST_MESSAGE = 1 << 24
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


class Worker:
    """One worker process. It runs one program at a time; `alive` tells whether it can run another."""

    def __init__(self, component: Path) -> None:
        """Start it and wait until it is ready. Raises SandboxError."""
        self.alive = True
        self._scratch = Path(tempfile.mkdtemp(prefix="agentrl-wasm-"))
        self._stderr = self._scratch / "stderr"
        self._control, theirs = socket.socketpair()
        self._connection = Connection(os.dup(self._control.fileno()))
        with theirs, self._stderr.open("wb") as errors:
            self._process = subprocess.Popen(
                command("serve", str(theirs.fileno()), str(component), str(self._scratch)),
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        try:
            kind, _ = self._receive(time.monotonic() + _START_SECONDS, ())
        except EOFError:
            kind = b"died"
        if kind != READY:
            said = self._last_words()
            self.kill()
            raise SandboxError(f"the WebAssembly worker does not start: {said or 'it takes too long'}")

    def run(
        self,
        program: str,
        stdin: str,
        files: Mapping[str, bytes],
        limits: Limits,
        channel: socket.socket | None,
        stops: Sequence[int],
    ) -> ExecResult:
        """Run a program to its end. Raises SandboxError when the worker failed; it is dead then."""
        try:
            self._order(program, stdin, files, limits, channel)
            return self._follow(limits, stops)
        except (OSError, EOFError) as error:
            said = self._last_words()
            self.kill()
            raise SandboxError(f"the WebAssembly worker died: {said or error}") from error
        except SandboxError:
            self.kill()
            raise

    def _last_words(self) -> str:
        try:
            return self._stderr.read_text(errors="replace")[-2000:]
        except OSError:  # killed by another thread, and cleared away
            return ""

    def _order(
        self, program: str, stdin: str, files: Mapping[str, bytes], limits: Limits, channel: socket.socket | None
    ) -> None:
        header = {"limits": dataclasses.asdict(limits), "files": list(files), "channel": channel is not None}
        texts = (program.encode("utf-8", "surrogatepass"), stdin.encode("utf-8", "replace"))
        for part in (json.dumps(header).encode(), *texts, *files.values()):
            self._connection.send_bytes(part)
        if channel is not None:
            socket.send_fds(self._control, [b"c"], [channel.fileno()])

    def _follow(self, limits: Limits, stops: Sequence[int]) -> ExecResult:
        kept = limits.output_kb * 1024
        captures = {STDOUT: Capture(kept, keep_end=False), STDERR: Capture(kept, keep_end=True)}
        began, started = time.monotonic(), False
        deadline = began + _SETUP_SECONDS
        while True:
            kind, data = self._receive(deadline, stops)
            if kind in captures:
                captures[kind].add(data)
            elif kind == STARTED:
                began, started = time.monotonic(), True
                deadline = began + limits.wall_seconds + _GRACE_SECONDS
            elif kind == END:
                return _result(json.loads(data), limits, captures[STDOUT], captures[STDERR])
            elif kind == _LATE and not started:
                raise SandboxError(f"the WebAssembly worker did not start the program within {_SETUP_SECONDS:.0f} s")
            else:
                self.kill()
                limit = STOP if kind == _STOPPED else "wall_seconds"
                end = {"end": 9, "limit": limit, "seconds": time.monotonic() - began, "cpu": 0.0, "rss": 0}
                return _result(end, limits, captures[STDOUT], captures[STDERR])

    def _receive(self, deadline: float, stops: Sequence[int]) -> tuple[bytes, bytes]:
        """(kind, content) of the next message; `_LATE` when none came in time, `_STOPPED` when asked to stop.

        Raises EOFError or OSError when the worker is dead.
        """
        ready = wait([self._connection, *stops], max(0.0, deadline - time.monotonic()))
        if any(descriptor in stops for descriptor in ready):
            return _STOPPED, b""
        if not ready:
            return _LATE, b""
        message = self._connection.recv_bytes(_MOST_MESSAGE)
        return message[:1], message[1:]

    def kill(self) -> None:
        """End it at once, and what runs in it."""
        if not self.alive:
            return
        self.alive = False
        self._process.kill()
        self._process.wait()
        self.forget()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def forget(self) -> None:
        """In a forked child: let go of the parent's worker without ending it."""
        self.alive = False
        self._connection.close()
        self._control.close()


def _result(end: dict[str, Any], limits: Limits, output: Capture, errors: Capture) -> ExecResult:
    ending = classify(end, limits, "", errors.text(), group_killed=False)
    return ExecResult(
        status=ending.status,
        stdout=output.text(),
        stderr=errors.text(),
        exit_code=ending.exit_code,
        wall_seconds=end["seconds"],
        cpu_seconds=end["cpu"],
        max_rss_mb=end["rss"] / 1024,
        tier="wasm",
        truncated=output.truncated or errors.truncated,
        limit=ending.limit,
    )
