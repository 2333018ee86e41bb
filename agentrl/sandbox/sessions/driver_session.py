"""Inside the sandbox: carry out the requests of a session, one after the other, until its channel ends.

A request and its answer are each one message: two lengths, a JSON header, and a body of bytes. Commands run in a
fresh shell each; what persists between them is the directory and the exported variables, which the shell reports
through a pipe of its own when it exits.
"""

import contextlib
import errno
import json
import os
import signal
import stat
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, NoReturn

from agentrl.sandbox.sessions.driver_shell import MOST_STATE, SHELLS, Command

CHANNEL = 3
LENGTHS = struct.Struct(">II")
"""Before each message: the bytes of its header, and of its body."""
MOST_HEADER = 1 << 20
MOST_LISTED = 500
"""Of at most 255 bytes each, which JSON may write as 6 characters each: they fit into a header."""

_CHUNK = 1 << 20
_KEPT_PIPES = 8
_RETRIES, _RETRY_SECONDS = 25, 0.02


def pack(header: dict[str, Any], body: bytes = b"") -> bytes:
    """A message."""
    text = json.dumps(header).encode()
    return LENGTHS.pack(len(text), len(body)) + text + body


class Driver:
    """What persists over the requests of a session."""

    def __init__(self) -> None:
        self.home = os.getcwd()
        self.shell = next(shell for shell in SHELLS if os.access(shell.path, os.X_OK))
        self.state = _exports(_first_variables(self.home))
        # The reading ends of commands whose background processes still write: closing them would kill these.
        self.pipes: deque[int] = deque()

    def run(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Run the command in `body`."""
        notes: list[str] = []
        self._find_directory(notes)
        command = self._start(body, header["most"], notes)
        stopped = command.follow(header["seconds"])
        code = command.end(stop=bool(stopped))
        if not stopped:
            self._take_state(bytes(command.state), notes)
        if command.output >= 0:
            self._keep(command.output)
        kept = command.kept
        left_out = kept.total - len(kept.first) - len(kept.last)
        answer = {"exit": None if stopped else code, "stopped": stopped, "left_out": left_out, "notes": notes}
        return answer | {"split": len(kept.first)}, bytes(kept.first + kept.last)

    def _start(self, text: bytes, most: int, notes: list[str]) -> Command:
        """Start a command. Where others took all processes, these are killed: signals reach this session only."""
        for attempt in range(_RETRIES):
            try:
                return Command(self.shell, text, self.state, most)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.ENOMEM) or attempt == _RETRIES - 1:
                    raise
            if not attempt:
                notes.append("no process could be started, so all others were killed")
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
            time.sleep(_RETRY_SECONDS)
        raise AssertionError("unreachable")

    def _find_directory(self, notes: list[str]) -> None:
        with contextlib.suppress(OSError):
            os.getcwd()
            return
        self._go_home(notes)

    def _go_home(self, notes: list[str]) -> None:
        os.makedirs(self.home, exist_ok=True)
        os.chdir(self.home)
        notes.append(f"the working directory is gone; the next is {self.home}")

    def _take_state(self, state: bytes, notes: list[str]) -> None:
        """Take over directory and variables. A shell that was replaced (`exec`) or killed reports none: all stays."""
        if len(state) > MOST_STATE:
            notes.append("the exported variables are too large to be kept")
            return
        parts = state.split(b"\0")
        if len(parts) != 3:
            return
        self.state = parts[1]
        with contextlib.suppress(OSError):
            os.chdir(parts[0].removesuffix(b"\n"))
            return
        self._go_home(notes)

    def _keep(self, descriptor: int) -> None:
        self.pipes.append(descriptor)
        if len(self.pipes) > _KEPT_PIPES:
            os.close(self.pipes.popleft())

    def write(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Write a regular file, making the directories that lead to it."""
        path = self._inside(header["path"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with _regular(path, os.O_WRONLY | os.O_CREAT) as descriptor, open(descriptor, "wb", closefd=False) as file:
            file.truncate()
            file.write(body)
        return {}, b""

    def read(self, header: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        """Read a regular file of at most `most` bytes."""
        path = self._inside(header["path"])
        with _regular(path, os.O_RDONLY) as descriptor, open(descriptor, "rb", closefd=False) as file:
            data = file.read(header["most"] + 1)
        if len(data) > header["most"]:
            raise OSError(errno.EFBIG, f"it has more than {header['most']} bytes")
        return {}, data

    def list(self, header: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        """The first names of a directory in alphabetical order, those of directories with a slash."""
        with os.scandir(self._inside(header["path"])) as entries:
            names = [entry.name + "/" * entry.is_dir(follow_symlinks=False) for entry in entries]
        return {"names": sorted(names)[:MOST_LISTED]}, b""

    def _inside(self, name: str) -> str:
        """The real path of a file of the session. Raises OSError when it lies, or a link leads, elsewhere."""
        home = os.path.realpath(self.home)
        path = os.path.realpath(os.path.join(home, name))
        if os.path.commonpath([home, path]) != home:
            raise OSError(errno.EPERM, f"it leads out of {self.home}")
        return path


@contextlib.contextmanager
def _regular(path: str, flags: int) -> Iterator[int]:
    """A descriptor of a regular file, for as long as it lasts. Raises OSError for anything else, and keeps none."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def _first_variables(home: str) -> dict[str, str]:
    """The environment of the first command: `python` and `python3` are the interpreter that runs programs."""
    programs = os.path.join(home, ".local", "bin")
    os.makedirs(programs, exist_ok=True)
    for name in ("python", "python3"):
        os.symlink(sys.executable, os.path.join(programs, name))
    own = {"HOME": home, "TMPDIR": home, "TERM": "dumb", "PAGER": "cat", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **own, "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}"}


def _exports(variables: dict[str, str]) -> bytes:
    quoted = ((name, value.replace("'", "'\\''")) for name, value in variables.items())
    return "\n".join(f"export {name}='{value}'" for name, value in quoted if name.isidentifier()).encode()


def _read(size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = os.read(CHANNEL, min(_CHUNK, size - len(data)))
        if not part:
            os._exit(0)
        data += part
    return bytes(data)


def _receive() -> tuple[dict[str, Any], bytes]:
    header, body = LENGTHS.unpack(_read(LENGTHS.size))
    return json.loads(_read(header)), _read(body)


def _send(header: dict[str, Any], body: bytes = b"") -> None:
    rest = memoryview(pack(header, body))
    while rest:
        rest = rest[os.write(CHANNEL, rest) :]


def main() -> NoReturn:
    """The whole program of a session's run."""
    from agentrl.sandbox.embedded import kernel

    # Commands must not inherit the channel, nor reach into this process.
    os.set_inheritable(CHANNEL, False)
    kernel.set_dumpable(False)
    driver = Driver()
    actions = {"run": driver.run, "write": driver.write, "read": driver.read, "list": driver.list}
    _send({"ready": driver.home})
    while True:
        header, body = _receive()
        try:
            _send(*actions[header["do"]](header, body))
        except OSError as error:
            _send({"error": error.strerror or str(error)})
