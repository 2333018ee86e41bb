"""What the names in settings stand for: a name stays the same when what is behind it changes."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def file_digests(settings: Any) -> dict[str, str]:
    """A digest of the content of each file that is named somewhere in settings, as PATH or PATH:CLASS.

    `settings` are nested mappings and lists; what is no text or path in them, and names that are no files, are nothing.
    """
    found: dict[str, str] = {}
    for name in _names(settings):
        for path in (name, name.rpartition(":")[0]):
            with contextlib.suppress(OSError, ValueError):  # most texts are no names of files
                found[name] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
                break
    return found


def file_stamps(folder: str | Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of the files in a folder, e.g. of a model; none where there is no such folder."""
    paths = sorted(Path(folder).glob("*"))
    return [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, (str, Path)):
        yield str(value)
    elif isinstance(value, (Mapping, list, tuple)):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _names(one)
