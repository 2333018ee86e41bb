"""A stateful session: shell commands and files that persist over many requests, in one sandboxed run.

The run is a driver (driver_session.py) that carries out requests from a channel. All that comes back was in reach of
the untrusted commands, so it is data of bounded size: a driver that was killed, stopped or taken over ends the session
with `SessionEndedError`, and can do no more than that.
"""

import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentrl.errors import AgentRLError, SandboxError
from agentrl.sandbox.sessions import driver_session
from agentrl.sandbox.sessions.session_run import BrokenError, SessionRun
from agentrl.sandbox.types import NO_FILES, Limits, Sandbox

SESSION_LIMITS = Limits(
    wall_seconds=3600.0, cpu_seconds=60, memory_mb=512, disk_mb=64, output_kb=64, processes=32, open_files=256
)
"""`wall_seconds` is the life of the session, `output_kb` is for each command, and the rest is for all together."""
MOST_COMMAND_BYTES = 100_000
MOST_FILE_BYTES = 8 << 20

_START_SECONDS = 20.0
_GRACE_SECONDS = 10.0
_FILE_SECONDS = 20.0
_NOT_STARTED = 126
_LONGEST_NAME, _MOST_NOTES = 1000, 8
_WITHOUT_PROCESSES = {
    "lockdown": "its programs cannot start processes",
    "wasm": "its programs cannot start processes",
    "none": "its programs are not isolated, and background processes would outlive it",
}


class SessionEndedError(AgentRLError):
    """The session is over because of what ran in it: its server was killed, or a limit held. The message says which."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of a command.

    `exit_code` is that of the shell, or minus the number of the signal that ended it; None when it was stopped.
    `output` is stdout and stderr as they came, its middle left out when it was `truncated`. `notes` tell what else a
    user should know.
    """

    exit_code: int | None
    output: str
    timed_out: bool = False
    flooded: bool = False
    truncated: bool = False
    notes: tuple[str, ...] = ()


def require_processes(sandbox: Sandbox) -> None:
    """Raises SandboxError when the programs of this sandbox cannot start processes, as sessions must."""
    why = _WITHOUT_PROCESSES.get(sandbox.tier)
    if why is not None:
        raise SandboxError(
            f"a sandbox of the tier {sandbox.tier!r} has no sessions: {why}. Take a machine or a container that allows "
            'the tier "namespaces" (see docs/sandbox.md), or the docker back-end'
        )


class Session:
    """A shell with files in a sandbox of its own. For one thread at a time; `close` may be called from any.

    Each command runs in a fresh shell (bash where the sandbox has it, else sh); the working directory and the exported
    variables persist, and so do files and background processes. It ends with `close`, with the last reference to it,
    or after `limits.wall_seconds`.
    """

    def __init__(
        self, sandbox: Sandbox, *, files: Mapping[str, bytes] = NO_FILES, limits: Limits = SESSION_LIMITS
    ) -> None:
        """Start the session in a directory that holds `files`.

        Raises SandboxError when the sandbox cannot have sessions or the start fails, ValueError for wrong files.
        """
        require_processes(sandbox)
        self._sandbox, self._limits = sandbox, limits
        self._run = SessionRun(sandbox, files, limits)
        self._end = weakref.finalize(self, self._run.release)
        try:
            ready, _ = self._run.receive(time.monotonic() + _START_SECONDS, 0)
            self.directory = _clean(ready["ready"])
            """Where the session began, and what relative file names start from."""
        except (BrokenError, KeyError) as error:
            self.close()
            raise SandboxError(f"the session did not start: {self._run.story() or error}") from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def run(self, command: str, timeout: float = 30.0) -> CommandResult:
        """Run a command of one or many lines, for at most `timeout` seconds; then its process group is killed.

        Its stdin is empty. Raises SessionEndedError when the session is over, SandboxError when the machinery failed,
        ValueError for a command that no shell can take.
        """
        text = command.encode("utf-8", "replace")
        if b"\0" in text or len(text) > MOST_COMMAND_BYTES:
            raise ValueError(f"a command must have at most {MOST_COMMAND_BYTES} bytes, none of them NUL")
        if not timeout > 0:
            raise ValueError(f"timeout must be positive, not {timeout!r}")
        most = self._limits.output_kb * 1024
        request = {"do": "run", "seconds": timeout, "most": most}
        with self._sandbox.place():
            answer, body = self._ask(request, text, timeout + _GRACE_SECONDS, most)
        try:
            return _command_result(answer, body)
        except (KeyError, TypeError, ValueError) as error:
            raise self._over("a malformed answer") from error

    def write_file(self, name: str, data: bytes) -> None:
        """Write a regular file of the session, and the directories that lead to it. No link is followed out of it.

        Raises OSError when it cannot be written, ValueError for more than `MOST_FILE_BYTES`; else as `run`.
        """
        if len(data) > MOST_FILE_BYTES:
            raise ValueError(f"a file must have at most {MOST_FILE_BYTES} bytes, not {len(data)}")
        self._ask_for_file({"do": "write", "path": _checked(name)}, data, 0)

    def read_file(self, name: str, most: int = MOST_FILE_BYTES) -> bytes:
        """The contents of a regular file of the session that has at most `most` bytes.

        Raises OSError when there is none: no file, a directory, a pipe, a device, a link that leads out, or too large;
        else as `run`.
        """
        return self._ask_for_file({"do": "read", "path": _checked(name), "most": most}, b"", most)[1]

    def list_files(self, name: str = ".") -> list[str]:
        """The first 500 names in a directory of the session, in order; those of directories end with a slash.

        Raises OSError when there is no such directory; else as `run`.
        """
        answer, _ = self._ask_for_file({"do": "list", "path": _checked(name)}, b"", 0)
        names = answer.get("names")
        if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
            raise self._over("a malformed answer")
        return [_clean(item) for item in names[: driver_session.MOST_LISTED]]

    def close(self) -> None:
        """End the session and all its processes, and wait until they are gone. Closing twice is allowed."""
        self._end()
        self._run.wait()

    def _ask_for_file(self, request: dict[str, Any], body: bytes, most: int) -> tuple[dict[str, Any], bytes]:
        answer, data = self._ask(request, body, _FILE_SECONDS, most)
        if "error" in answer:
            raise OSError(f"{request['path']}: {_clean(answer['error'])}")
        return answer, data

    def _ask(self, request: dict[str, Any], body: bytes, seconds: float, most: int) -> tuple[dict[str, Any], bytes]:
        """One request and its answer, whose body has at most `most` bytes."""
        deadline = time.monotonic() + seconds
        if not self._end.alive:
            raise SessionEndedError("the session is closed")
        try:
            self._run.send(driver_session.pack(request, body), deadline)
            return self._run.receive(deadline, most)
        except BrokenError as error:
            raise self._over(str(error)) from error

    def _over(self, what: str) -> SessionEndedError:
        """End the session; what to raise. Raises SandboxError itself when the machinery is to blame."""
        self.close()
        return SessionEndedError(f"the session ended: {self._run.story() or what}")


def _checked(name: str) -> str:
    if not name or "\0" in name or len(name) > _LONGEST_NAME:
        raise OSError(f"{_clean(name)!r} cannot be a file's name")
    return _clean(name)


def _clean(text: object) -> str:
    """What came from inside, as text of bounded length that UTF-8 can encode."""
    return str(text)[:_LONGEST_NAME].encode("utf-8", "replace").decode()


def _command_result(answer: dict[str, Any], body: bytes) -> CommandResult:
    """Raises KeyError, TypeError or ValueError for an answer that no driver sends."""
    if "error" in answer:
        answer = {"exit": _NOT_STARTED, "notes": [f"the command could not be started: {answer['error']}"]}
    code, stopped, notes = answer["exit"], answer.get("stopped", ""), answer["notes"]
    left_out, split = answer.get("left_out", 0), answer.get("split", 0)
    if any(type(number) is not int for number in (left_out, split, 0 if code is None else code)):
        raise TypeError("no integers")
    if stopped not in ("", "time", "output") or abs(code or 0) > 255 or not 0 <= left_out < 1 << 60:
        raise ValueError("out of bounds")
    if left_out:
        body = body[:split] + f"\n[{left_out} bytes left out]\n".encode() + body[split:]
    return CommandResult(
        exit_code=code,
        output=body.decode("utf-8", "replace"),
        timed_out=stopped == "time",
        flooded=stopped == "output",
        truncated=left_out > 0,
        notes=tuple(_clean(note) for note in notes[:_MOST_NOTES]),
    )
