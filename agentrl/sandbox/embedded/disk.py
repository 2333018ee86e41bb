"""Directories of runs that no file system of their own bounds: how full they are, and how to empty them.

What lies there was made by the program: no link is followed, no depth or name is trusted.
"""

import errno
import os
import stat

_INODES, _DEPTH = 4096, 64
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def holds_too_much(path: str, most: int) -> bool:
    """Whether the tree at `path` holds more than `most` bytes, too many files, or what cannot be looked at.

    Raises OSError when this process or the machine is out of open files.
    """
    try:
        directory = os.open(path, _DIRECTORY)
        try:
            return _take(directory, [most, _INODES], _DEPTH)
        finally:
            os.close(directory)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return True


def _take(directory: int, room: list[int], depth: int) -> bool:
    """Count what is there against `room` (bytes, files). What vanishes meanwhile is left out."""
    with os.scandir(directory) as entries:
        for entry in entries:
            try:
                info = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            room[0] -= info.st_blocks * 512
            room[1] -= 1
            if min(room) < 0 or not depth:
                return True
            if stat.S_ISDIR(info.st_mode) and _below(directory, entry.name, room, depth):
                return True
    return False


def _below(directory: int, name: str, room: list[int], depth: int) -> bool:
    try:
        inner = os.open(name, _DIRECTORY, dir_fd=directory)
    except (FileNotFoundError, NotADirectoryError):
        return False  # no longer a directory, or another's name now: it is counted at the next look
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        raise
    try:
        return _take(inner, room, depth - 1)
    finally:
        os.close(inner)


def wipe(path: str) -> None:
    """Remove all that the directory holds, however deep: trees are flattened, links never followed. Raises OSError.

    No process that could change it may live any more.
    """
    os.chmod(path, 0o700)
    directory = os.open(path, _DIRECTORY)
    try:
        _wipe(directory)
    finally:
        os.close(directory)


def _wipe(directory: int) -> None:
    while names := os.listdir(directory):
        for name in names:
            try:
                os.unlink(name, dir_fd=directory)
            except (IsADirectoryError, PermissionError):
                _flatten(directory, name)


def _flatten(directory: int, name: str) -> None:
    """Remove the directory `name`: its files go, its directories move up under new names."""
    os.chmod(name, 0o700, dir_fd=directory)
    inner = os.open(name, _DIRECTORY, dir_fd=directory)
    try:
        for part in os.listdir(inner):
            try:
                os.unlink(part, dir_fd=inner)
            except (IsADirectoryError, PermissionError):
                os.chmod(part, 0o700, dir_fd=inner)  # moving a directory writes its ".."
                # A random name: the program may have taken any that could be guessed.
                os.rename(part, os.urandom(16).hex(), src_dir_fd=inner, dst_dir_fd=directory)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=directory)
