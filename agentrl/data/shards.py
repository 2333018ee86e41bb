"""A data set as a folder of shards that can be killed at any point and gone on with.

    FOLDER/messages/00000.jsonl, 00001.jsonl, ...     one folder for each form, at most `shard_size` lines in a file
    FOLDER/index.jsonl                                one line for each kept episode: its task, seed, cell and digest
    FOLDER/progress.json                              how far everything is whole: written last, atomically

What lies beyond the bytes that `progress.json` vouches for was being written when the process died. Going on cuts it
off and plays those tasks again: no record is there twice, and none is half.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from agentrl.errors import UserError
from agentrl.runs.disk import sync, write_atomically

INDEX = "index"
_PROGRESS = "progress.json"


@dataclass(slots=True)
class _Place:
    """Where a stream is: the shard under way, the whole lines in it, and their bytes."""

    shard: int = 0
    lines: int = 0
    size: int = 0


class ShardWriter:
    """Writes streams of lines into a folder; `commit` makes what was written so far last.

    `tasks` is how many tasks are done, and `tally` what was counted with them, as of the last commit. Raises UserError
    when the folder holds something else, cannot be written, or was made with other `settings`.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        streams: Sequence[str],
        *,
        settings: Mapping[str, Any],
        shard_size: int = 10_000,
        resume: bool = False,
        force: bool = False,
    ) -> None:
        self.folder, self.shard_size = Path(folder), shard_size
        self.settings: dict[str, Any] = json.loads(json.dumps(settings))
        self.tasks = 0
        self.tally: dict[str, int] = {}
        self._places = {name: _Place() for name in (*streams, INDEX)}
        self._open: dict[str, BinaryIO] = {}
        self._full: list[Path] = []
        try:
            self._prepare(resume, force)
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, stream: str, line: str) -> None:
        """Add one line, given without its line feed."""
        place = self._places[stream]
        try:
            if stream != INDEX and place.lines >= self.shard_size:
                self._close(stream)
                self._full.append(self.path(stream))
                self._places[stream] = place = _Place(place.shard + 1)
            data = line.encode("utf-8", "backslashreplace") + b"\n"
            self._file(stream).write(data)
        except OSError as error:
            raise self._unwritable(error) from error
        place.lines += 1
        place.size += len(data)

    def commit(self, tasks: int, tally: Mapping[str, int]) -> None:
        """Put everything on the disk, and vouch for it: `tasks` tasks are done."""
        try:
            for file in self._open.values():
                file.flush()
                os.fsync(file.fileno())
            for path in self._full:
                sync(path)
            self._full.clear()
            places = {name: asdict(place) for name, place in self._places.items()}
            progress = {"tasks": tasks, "tally": dict(tally), "places": places, "settings": self.settings}
            write_atomically(self.folder / _PROGRESS, json.dumps(progress, indent=1).encode())
        except OSError as error:
            raise self._unwritable(error) from error
        self.tasks, self.tally = tasks, dict(tally)

    def cut(self) -> None:
        """Cut off what was written since the last commit."""
        self.close()
        try:
            self._go_on(json.loads((self.folder / _PROGRESS).read_bytes()))
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Close the files; what was not committed is cut off by whoever goes on."""
        for stream in list(self._open):
            with contextlib.suppress(OSError):
                self._close(stream)

    def path(self, stream: str) -> Path:
        """The file that the stream is writing."""
        if stream == INDEX:
            return self.folder / f"{INDEX}.jsonl"
        return self.folder / stream / f"{self._places[stream].shard:05d}.jsonl"

    def files(self, stream: str) -> list[Path]:
        """All files of a stream, in order."""
        return [self.path(INDEX)] if stream == INDEX else sorted((self.folder / stream).glob("*.jsonl"))

    def lines(self, stream: str) -> Iterator[bytes]:
        """The lines of a stream that were written so far."""
        if stream in self._open:
            self._open[stream].flush()
        for path in self.files(stream):
            if path.exists():
                with path.open("rb") as file:
                    yield from file

    def _prepare(self, resume: bool, force: bool) -> None:
        found = self.folder / _PROGRESS
        if self.folder.exists() and not self.folder.is_dir():
            raise UserError(f"{self.folder}: is a file. Name a folder, or end the name in .jsonl for a single file.")
        if found.exists() and resume:
            self._go_on(json.loads(found.read_bytes()))
            return
        if self.folder.exists() and any(self.folder.iterdir()):
            if not found.exists():
                raise UserError(f"{self.folder}: this folder holds something else. Choose another --out.")
            if not force:
                raise UserError(f"{self.folder}: exists already. Go on with --resume, or overwrite it with --force.")
            for name in json.loads(found.read_bytes())["places"]:
                shutil.rmtree(self.folder / name, ignore_errors=True)
            found.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path(INDEX).unlink(missing_ok=True)
        self.commit(0, {})

    def _go_on(self, progress: Mapping[str, Any]) -> None:
        known = progress["settings"]
        changed = [key for key in {**known, **self.settings} if known.get(key) != self.settings.get(key)]
        if changed:
            was = ", ".join(f"{key}={known.get(key)!r} (now {self.settings.get(key)!r})" for key in changed)
            raise UserError(f"{self.folder}: was made with {was}. Ask for the same again, or choose another --out.")
        self.tasks, self.tally = progress["tasks"], progress["tally"]
        self._places = {name: _Place(**place) for name, place in progress["places"].items()}
        for stream, place in self._places.items():
            for path in self.files(stream):
                if path > self.path(stream):
                    path.unlink()
            size = self.path(stream).stat().st_size if self.path(stream).exists() else 0
            if size < place.size:
                raise UserError(f"{self.path(stream)}: was shortened since. Write it anew with --force.")
            if size > place.size:
                os.truncate(self.path(stream), place.size)

    def _file(self, stream: str) -> BinaryIO:
        if stream not in self._open:
            path = self.path(stream)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[stream] = path.open("ab")
        return self._open[stream]

    def _close(self, stream: str) -> None:
        if stream in self._open:
            file = self._open.pop(stream)
            with contextlib.closing(file):
                file.flush()

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(f"{self.folder}: cannot be written: {error.strerror}.")
