"""Episodes as lines of JSON: written so that a file is whole or not there, read so that a broken line is named."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from agentrl.episode import Episode
from agentrl.errors import UserError


class JsonlWriter:
    """Writes lines to `PATH.part`, and renames it to `PATH` at the end of a `with` block.

    When the block raises, the old `PATH` stays as it was; with `keep_partial` the whole lines written so far become
    `PATH` all the same (generated episodes are worth keeping when somebody presses Ctrl-C).
    Raises UserError, which names the file, when it cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, keep_partial: bool = False) -> None:
        self.path, self.keep_partial, self.lines = Path(path), keep_partial, 0
        self._part = self.path.with_name(self.path.name + ".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: a line is on disk when `write` returns, and nothing is left to fail in `close`.
            self._file = self._part.open("wb", buffering=0)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def write(self, line: str) -> None:
        """Add one line, given without its line feed."""
        # In JSON a lone surrogate, which UTF-8 cannot encode, is written \udXXX; that is what backslashreplace writes.
        data = memoryview(line.encode("utf-8", "backslashreplace") + b"\n")
        whole = self._file.tell()
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            self._file.truncate(whole)
            raise _unwritable(self.path, error) from error
        self.lines += 1

    def __enter__(self) -> "JsonlWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None or (self.keep_partial and self.lines):
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)


def write_jsonl(path: str | os.PathLike[str], episodes: Iterable[Episode]) -> int:
    """Write episodes, one a line, and return how many. The file is whole or not there. Raises UserError."""
    with JsonlWriter(path) as writer:
        for episode in episodes:
            writer.write(episode.to_json())
    return writer.lines


def iter_episodes(path: str | os.PathLike[str]) -> Iterator[Episode]:
    """Read the episodes of a file; empty lines are passed over.

    Raises UserError, which names the file and the line, when the file cannot be read or a line is no episode.
    """
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _episode(line, f"{os.fspath(path)}:{number}")
    except OSError as error:
        raise UserError(f"{os.fspath(path)}: cannot be read: {error.strerror}.") from error


def _episode(line: bytes, where: str) -> Episode:
    try:
        return Episode.from_json(line.decode("utf-8"))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        cut = "" if line.endswith(b"\n") else " The file ends within the line: was its writing cut short?"
        raise UserError(f"{where}: this line is no episode: {error}.{cut}") from error


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path}: cannot be written: {error.strerror}.")
