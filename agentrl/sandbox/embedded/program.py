"""Runs the program itself, inside its confinement: its files, its `__main__`, a traceback of its own frames."""

import atexit
import json
import linecache
import os
import struct
import sys
import traceback
import types
from collections.abc import Callable, Iterator

NAME = "main.py"
"""The file name that tracebacks of programs show."""


def pack(program: str, files: dict[str, bytes]) -> Iterator[bytes]:
    """The parts of a payload: a length, a JSON header with the program, and the files' contents."""
    header = json.dumps({"program": program, "files": [[name, len(data)] for name, data in files.items()]}).encode()
    yield struct.pack(">Q", len(header)) + header
    yield from files.values()


def unpack(descriptor: int) -> tuple[str, dict[str, bytes]]:
    """Read what `pack` made from a file."""
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        (size,) = struct.unpack(">Q", file.read(8))
        header = json.loads(file.read(size))
        return header["program"], {name: file.read(length) for name, length in header["files"]}


def write_files(files: dict[str, bytes]) -> None:
    """Write the files under the current directory."""
    for name, data in files.items():
        directory = os.path.dirname(name)
        if directory:
            os.makedirs(directory, exist_ok=True)
        with open(name, "wb") as file:
            file.write(data)


def register_source(name: str, source: str) -> None:
    """Let tracebacks show the lines of a source that is no file."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


def execute(program: str) -> int:
    """Run `program` to its end as `__main__`, as `python main.py` would, and return its exit code (0 to 255)."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = [NAME]
    sys.path.insert(0, os.getcwd())
    # Lines are written when they end, so that a program that is killed leaves what it had printed.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    code = _guarded(lambda: exec(compile(program, NAME, "exec", dont_inherit=True), module.__dict__), program)
    if "threading" in sys.modules:
        code = _guarded(sys.modules["threading"]._shutdown, program) or code
    code = _guarded(atexit._run_exitfuncs, program) or code
    return _guarded(_flush, program) or code


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def _guarded(action: Callable[[], object], source: str) -> int:
    """Call `action`; whatever it raises becomes an exit code, with a traceback on stderr as Python prints it."""
    try:
        action()
        return 0
    except SystemExit as leaving:
        return _exit_code(leaving.code)
    except BaseException as error:
        register_source(NAME, source)
        _print(error)
        return 1


def _exit_code(value: object) -> int:
    if value is None or isinstance(value, int):
        return int(value or 0) & 0xFF
    print(value, file=sys.stderr)
    return 1


def _print(error: BaseException) -> None:
    # The first two frames are this module's.
    own = error.__traceback__
    for _ in range(2):
        own = own.tb_next if own is not None else None
    for text in traceback.TracebackException(type(error), error, own).format():
        print(text, end="", file=sys.stderr)
