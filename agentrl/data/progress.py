"""How far a data set is whole: what `progress.json` in its folder says, and whether the files are still so."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from agentrl.errors import UserError
from agentrl.runs.disk import write_atomically

FILE = "progress.json"
_Count = Annotated[int, Field(ge=0)]
_Stream = Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
"""A stream's name is that of a folder: it must not lead anywhere else."""


@dataclass(slots=True, config={"extra": "forbid"})
class Place:
    """Where a stream is: the shard under way, the whole lines in it, and their bytes; and the bytes of those before."""

    shard: _Count = 0
    lines: _Count = 0
    size: _Count = 0
    before: list[_Count] = field(default_factory=list)

    def next(self) -> "Place":
        """The beginning of the next shard."""
        return Place(self.shard + 1, before=[*self.before, self.size])


@dataclass(slots=True, config={"extra": "forbid"})
class Progress:
    """What is whole: so many tasks, what was counted with them, and where each stream is."""

    tasks: _Count
    tally: dict[str, int]
    places: dict[_Stream, Place]
    settings: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Put it into the folder. Raises OSError."""
        write_atomically(folder / FILE, json.dumps(asdict(self), indent=1).encode())

    def require(self, settings: Mapping[str, Any], folder: Path) -> None:
        """Raise UserError unless the data set was made with these settings."""
        known = self.settings
        changed = [key for key in {**known, **settings} if known.get(key) != settings.get(key)]
        if changed:
            was = ", ".join(f"{key}={known.get(key)!r} (now {settings.get(key)!r})" for key in changed)
            raise UserError(f"{folder}: was made with {was}. Ask for the same again, or choose another --out.")


def read_progress(folder: Path) -> Progress:
    """What the folder's file says. Raises UserError when it says nothing of this sort, OSError if it can't be read."""
    try:
        progress = _READ.validate_json((folder / FILE).read_bytes(), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{folder / FILE}: is damaged, or not of a data set: {where + ': ' if where else ''}{first['msg']}. "
            "Nothing was changed. Choose another --out, or delete the folder yourself."
        ) from error
    if any(len(place.before) != place.shard for place in progress.places.values()):
        raise UserError(f"{folder / FILE}: is damaged: sizes of shards are missing. Choose another --out.")
    return progress


def cut_to(path: Path, size: int) -> None:
    """Cut off what lies beyond `size` bytes. Raises UserError when the file is shorter, OSError if it can't be cut."""
    if size_of(path) < size:
        raise UserError(f"{path}: was shortened since. Write it anew with --force.")
    if size_of(path) > size:
        os.truncate(path, size)


def size_of(path: Path) -> int:
    """The bytes in a file; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


_READ = TypeAdapter(Progress)
