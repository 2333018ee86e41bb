"""Inside the component: a CPython without processes, sockets or signals, which runs one program in its life.

`component.py` builds it; this module and what it imports are started once, then, and frozen into the component. The
grader's drivers are the ones of the other back-ends, so what they need of an operating system is put in its place
here: descriptor 3, the alarm, and streams that lead nowhere.
"""

import contextlib
import importlib
import io
import os
import random
import signal
import sys
import time
from typing import Any

import wit_world

from agentrl.sandbox.embedded import program

# What is imported here is all that programs find later, hence the drivers.
from agentrl.sandbox.graders import driver_objects, driver_pytest, driver_solution, driver_tests, solution  # noqa: F401

CHANNEL, NOWHERE, DUPLICATE = 3, 900, 910
"""Descriptors: the channel; what os.open gives for /dev/null; what os.dup gives for 0, 1 and 2, plus their number."""
_BROKEN = 0xFFFFFFFF  # as in host.py
_SIGALRM = 14
_SLICE_SECONDS = 0.02
# Only what was imported while the component was built is there later: the library's files do not come along.
_LIBRARY = """
__future__ _ast_unparse _colorize _pydatetime _pydecimal _pyio _pylong _strptime abc annotationlib argparse array ast
asyncio base64 binascii bisect calendar cmath cmd code codecs collections
collections.abc colorsys configparser contextlib contextvars copy csv dataclasses datetime decimal difflib dis doctest
email enum errno fnmatch fractions functools gc getopt gettext glob graphlib gzip hashlib heapq hmac html html.parser
importlib importlib.util inspect io ipaddress itertools json keyword linecache locale logging math mimetypes numbers
opcode operator os os.path pathlib pickle pkgutil platform pprint queue quopri random re reprlib sched secrets select
selectors shelve shlex shutil signal sqlite3 stat statistics string string.templatelib stringprep struct symtable
sysconfig tarfile tempfile textwrap threading time timeit token tokenize traceback tracemalloc types typing unicodedata
unittest unittest.mock urllib.parse uuid warnings wave weakref xml.etree.ElementTree zipfile zlib zoneinfo
concurrent.futures encodings.ascii encodings.idna encodings.latin_1 encodings.utf_16 encodings.utf_32
encodings.utf_8_sig
"""

for _name in _LIBRARY.split():
    with contextlib.suppress(ImportError):  # what needs an operating system
        importlib.import_module(_name)

_read, _write, _open, _close, _sleep, _signal = os.read, os.write, os.open, os.close, time.sleep, signal.signal
_silent: set[int] = set()


class _Null(io.RawIOBase):
    """A stream that is empty, and takes everything."""

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return 0

    def write(self, data: Any) -> int:
        return len(data)


def read(descriptor: int, size: int, /) -> bytes:
    """`os.read`, and of the channel."""
    if descriptor == CHANNEL:
        return bytes(wit_world.channel_read(min(size, 1 << 16)).encode("latin-1"))
    return _read(descriptor, size)


def write(descriptor: int, data: Any, /) -> int:
    """`os.write`, and to the channel."""
    if descriptor == CHANNEL:
        taken = int(wit_world.channel_write(bytes(data).decode("latin-1")))
        if taken == _BROKEN:
            raise BrokenPipeError("nobody reads the channel")
        return taken
    if descriptor in _silent:
        return len(data)
    return _write(descriptor - DUPLICATE if descriptor >= DUPLICATE else descriptor, data)


def open_(path: Any, flags: int, *rest: Any, **named: Any) -> int:
    """`os.open`, and of /dev/null."""
    return NOWHERE if path == os.devnull else _open(path, flags, *rest, **named)


def dup(descriptor: int, /) -> int:
    """`os.dup` of the standard streams."""
    if descriptor not in (0, 1, 2):
        raise OSError("only the standard streams can be duplicated here")
    return DUPLICATE + descriptor


def dup2(descriptor: int, place: int, inheritable: bool = True) -> int:
    """`os.dup2` of /dev/null to a standard stream."""
    if descriptor != NOWHERE or place not in (0, 1, 2):
        raise OSError("only /dev/null can take the place of a standard stream here")
    name = ("stdin", "stdout", "stderr")[place]
    _silent.add(place)
    setattr(sys, name, io.TextIOWrapper(_Null(), write_through=True))
    return place


def close(descriptor: int) -> None:
    """`os.close`."""
    if descriptor < NOWHERE:
        _close(descriptor)


def sleep(seconds: float, /) -> None:
    """`time.sleep` in slices: the host can interrupt the program only between its calls."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > _SLICE_SECONDS:
        _sleep(_SLICE_SECONDS)
    _sleep(max(0.0, left) if seconds >= 0 else seconds)


def setitimer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
    """`signal.setitimer`: the host ends the program as SIGALRM would."""
    wit_world.alarm(float(seconds))
    return 0.0, 0.0


def handle(number: int, handler: Any, /) -> Any:
    """`signal.signal`: nothing can catch the alarm, which ends the program."""
    return None if number == _SIGALRM else _signal(number, handler)


def leave(code: int) -> None:
    """`os._exit`."""
    wit_world.leave(code & 0xFF)


_REPLACED: dict[Any, dict[str, Any]] = {
    os: {"read": read, "write": write, "open": open_, "close": close, "dup": dup, "dup2": dup2, "_exit": leave},
    time: {"sleep": sleep},
    signal: {"ITIMER_REAL": 0, "SIGALRM": _SIGALRM, "setitimer": setitimer, "signal": handle},
    solution: {"spoke_early": wit_world.channel_ready},
}
for _module, _replacements in _REPLACED.items():
    vars(_module).update(_replacements)


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]
    """What the host calls."""

    def run(self, text: str) -> int:
        """Run a program to its end; its exit code."""
        random.seed()  # not left to how the builder treats the frozen state
        sys.path_importer_cache.clear()
        os.environ["HOME"] = os.environ["TMPDIR"] = os.getcwd()
        return program.execute(text)
