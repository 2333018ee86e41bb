"""Writing files so that a crash leaves the old or the new content, and saying in plain words why a disk refuses."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentrl.errors import UserError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def plain_errors(error_class: type[UserError], path: Path) -> Iterator[None]:
    """Turn an OSError of the body into `error_class`, with words that say what to do about `path`."""
    try:
        yield
    except OSError as error:
        raise error_class(explain(error, path)) from error


def explain(error: OSError, path: Path) -> str:
    """One sentence on what is wrong with `path`, and one on what to do."""
    if error.errno in FULL:
        return explain_full(path)
    if error.errno in FORBIDDEN:
        return f"{path} cannot be written: {error.strerror}. Change its permissions, or set another output_dir=PATH."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{path} cannot be used as a folder: a file is in the way. Set another output_dir=PATH."
    return f"{path} cannot be used: {error.strerror or error}. Check the disk, or set another output_dir=PATH."


def explain_full(path: Path) -> str:
    """The words for a disk (or a quota) without room for `path`."""
    return (
        f"The disk is full: {path} could not be written ({free_space(path)} free there). "
        "Delete what is no longer needed, or set another output_dir=PATH."
    )


def free_space(path: Path) -> str:
    """The free space of the file system that holds `path` (or would), e.g. "1.2 GB"."""
    return readable_size(free_bytes(path))


def free_bytes(path: Path) -> int:
    """The free space in bytes of the file system that holds `path`, or would once its folders exist."""
    existing = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), Path("/"))
    return shutil.disk_usage(existing).free


def readable_size(size: float) -> str:
    """A number of bytes for people: "512 B", "3.4 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the content of `path` by `data`: whoever reads it, even after a power cut, sees all or nothing of it.

    Raises OSError; the old content is then still there.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the kernel write a file, or a folder's list of names, to the disk now."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
