"""What `run` and `arun` of the back-ends share: a look at the files, and a run that ends with the task awaiting it."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import PurePosixPath

from agentrl.errors import SandboxError
from agentrl.sandbox.types import ExecResult, Limits

PAGE = 4096
"""What files and directories take are multiples of it (bytes)."""
_MOST_ENTRIES = 4000
"""A run's directory has 4096 inodes, and a program needs some of its own."""
_MOST_PARTS, _MOST_IN_NAME = 15, 255
"""The kernel's bound on a path is 4096 bytes."""


def check_files(files: Mapping[str, bytes], limits: Limits) -> None:
    """Raises ValueError when a name is not plain and relative, or all together are more than the disk holds."""
    directories: set[PurePosixPath] = set()
    for name in files:
        path = PurePosixPath(name)
        plain = path.parts and not path.is_absolute() and ".." not in path.parts and str(path) == name
        if not plain or "\0" in name:
            raise ValueError(f"{name!r} cannot be a file's name: it must be a plain relative path without '..'")
        if any(str(parent) in files for parent in path.parents):
            raise ValueError(f"{name!r} cannot be a file's name: a part of its path is a file, too")
        if len(path.parts) > _MOST_PARTS or any(len(part) > _MOST_IN_NAME for part in _encoded(name).split(b"/")):
            raise ValueError(f"{name[:80]!r}... cannot be a file's name: it is too long")
        directories.update(path.parents[:-1])
    if len(files) + len(directories) > _MOST_ENTRIES:
        raise ValueError(f"{len(files)} files in {len(directories)} directories: they may be {_MOST_ENTRIES} together")
    total = (sum(-(-len(data) // PAGE) for data in files.values()) + len(directories)) * PAGE
    if total > limits.disk_mb << 20:
        raise ValueError(f"the files take {total} bytes in whole pages, but Limits.disk_mb is {limits.disk_mb}")


def _encoded(name: str) -> bytes:
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ValueError(f"{name!r} cannot be a file's name: it is no text") from error


async def in_thread(run: Callable[[int], ExecResult]) -> ExecResult:
    """Call `run` with a descriptor that hangs up when this task is cancelled; the run is over before this goes on.

    A daemon thread of its own: the event loop's pool is small, and runs may need each other.
    """
    result: Future[ExecResult] = Future()
    stop, cancel = os.pipe()

    def work() -> None:
        try:
            result.set_result(run(stop))
        except BaseException as error:
            result.set_exception(error)

    try:
        threading.Thread(target=work, name="agentrl-sandbox-run", daemon=True).start()
    except RuntimeError as error:
        os.close(cancel)
        os.close(stop)
        raise SandboxError(f"the trusted side failed: {error}") from error
    ended = asyncio.wrap_future(result)
    try:
        return await asyncio.shield(ended)
    finally:
        os.close(cancel)
        while not ended.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([ended])
        ended.exception()  # else asyncio complains that nobody looked at it
        os.close(stop)
