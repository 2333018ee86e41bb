"""A data set as a folder of shards that can be killed at any point and gone on with.

    FOLDER/messages/00000.jsonl, 00001.jsonl, ...     one folder for each form, at most `shard_size` lines in a file
    FOLDER/index.jsonl                                one line for each kept episode: its task, seed, cell and digest
    FOLDER/progress.json                              how far everything is whole: written last, atomically

What lies beyond the bytes that `progress.json` vouches for was being written when the process died. Going on cuts it
off and plays those tasks again: no record is there twice, and none is half. Files that are shorter than it says, or
are no longer there, are refused.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from agentrl.data.progress import FILE, Place, Progress, cut_to, read_progress, size_of
from agentrl.errors import UserError
from agentrl.runs.disk import sync

INDEX = "index"
_SHARD = re.compile(r"\d{5,}\.jsonl")


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
        self.settings: dict[str, Any] = json.loads(json.dumps(settings, default=repr))
        self.tasks = 0
        self.tally: dict[str, int] = {}
        self._places = {name: Place() for name in (*streams, INDEX)}
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
                self._places[stream] = place = place.next()
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
            Progress(tasks, dict(tally), self._places, self.settings).write(self.folder)
        except OSError as error:
            raise self._unwritable(error) from error
        self.tasks, self.tally = tasks, dict(tally)

    def cut(self) -> None:
        """Cut off what was written since the last commit."""
        self.close()
        try:
            self._go_on(read_progress(self.folder))
        except OSError as error:
            raise self._unwritable(error) from error

    def discard(self) -> None:
        """Delete what was written, and the folder unless it holds something else."""
        self.close()
        with contextlib.suppress(OSError):  # whoever gives up has an error of its own to tell
            self._clear(read_progress(self.folder))
            self.folder.rmdir()

    def close(self) -> None:
        """Close the files; what was not committed is cut off by whoever goes on."""
        for stream in list(self._open):
            with contextlib.suppress(OSError):
                self._close(stream)

    def path(self, stream: str) -> Path:
        """The file that the stream is writing."""
        if stream == INDEX:
            return self.folder / f"{INDEX}.jsonl"
        return _shard(self.folder / stream, self._places[stream].shard)

    def files(self, stream: str) -> list[Path]:
        """All files of a stream, in order."""
        return [self.path(INDEX)] if stream == INDEX else _shards(self.folder / stream)

    def lines(self, stream: str) -> Iterator[bytes]:
        """The lines of a stream that were written so far."""
        if stream in self._open:
            self._open[stream].flush()
        for path in self.files(stream):
            if path.exists():
                with path.open("rb") as file:
                    yield from file

    def _prepare(self, resume: bool, force: bool) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise UserError(f"{self.folder}: is a file. Name a folder, or end the name in .jsonl for a single file.")
        if self.folder.exists() and any(self.folder.iterdir()):
            if not (self.folder / FILE).exists():
                raise UserError(f"{self.folder}: this folder holds something else. Choose another --out.")
            progress = read_progress(self.folder)
            if progress.tasks and resume:
                self._go_on(progress)
                return
            if progress.tasks and not force:
                raise UserError(f"{self.folder}: exists already. Go on with --resume, or overwrite it with --force.")
            self._clear(progress)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.commit(0, {})

    def _clear(self, progress: Progress) -> None:
        """Delete the data set, and nothing else that lies there."""
        for stream in progress.places:
            for path in _shards(self.folder / stream):
                path.unlink()
            with contextlib.suppress(OSError):
                (self.folder / stream).rmdir()
        self.path(INDEX).unlink(missing_ok=True)
        (self.folder / FILE).unlink()

    def _go_on(self, progress: Progress) -> None:
        progress.require(self.settings, self.folder)
        if progress.places.keys() != self._places.keys():
            raise UserError(f"{self.folder / FILE}: is damaged: it names other forms than were asked for.")
        self.tasks, self.tally, self._places = progress.tasks, progress.tally, progress.places
        for stream, place in self._places.items():
            for number, size in enumerate(place.before):
                path = _shard(self.folder / stream, number)
                if size_of(path) != size:
                    raise UserError(f"{path}: was changed since, or is gone. Write the data anew with --force.")
            for path in () if stream == INDEX else self.files(stream):
                if int(path.stem) > place.shard:
                    path.unlink()
            cut_to(self.path(stream), place.size)

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


def _shard(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.jsonl"


def _shards(folder: Path) -> list[Path]:
    """The shards in a folder, in order; none where it leads elsewhere by a link."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted((one for one in folder.iterdir() if _SHARD.fullmatch(one.name)), key=lambda one: int(one.stem))
