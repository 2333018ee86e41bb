"""The numbers of a run: one JSON line per step in metrics.jsonl, the same as TensorBoard scalars."""

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path

from agentrl.errors import RunDirectoryError
from agentrl.runs.board import EventFile
from agentrl.runs.directory import RunDirectory
from agentrl.runs.disk import plain_errors, write_atomically


class MetricsWriter:
    """Appends to the metrics of a run; a line that a crash cut off is removed first."""

    def __init__(self, run: RunDirectory) -> None:
        """Raises RunDirectoryError when the files cannot be written."""
        self._path = run.metrics
        self._board = EventFile(run.tensorboard)
        with plain_errors(RunDirectoryError, self._path):
            _drop_half_line(self._path)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Write one line: `step`, `time` (seconds since 1970), then `metrics`; NaN and infinities become null.

        It is on the disk when this returns, so that a checkpoint never outlives the lines before it.
        Raises RunDirectoryError when the disk refuses.
        """
        now = time.time()
        values = {name: float(value) for name, value in metrics.items()}
        finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
        line = json.dumps({"step": step, "time": round(now, 3), **finite}, allow_nan=False)
        with plain_errors(RunDirectoryError, self._path):
            with self._path.open("ab") as file:
                file.write(line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            self._board.scalars(step, values, now)

    def truncate_after(self, step: int) -> None:
        """Drop the lines beyond a step, so that a resumed run ends with the lines of an uninterrupted one.

        Raises RunDirectoryError when the disk refuses or an earlier line is broken.
        """
        with plain_errors(RunDirectoryError, self._path):
            if self._path.exists():
                lines = self._path.read_bytes().split(b"\n")
                rows = _parse(self._path, lines)
                kept = [line for line, row in zip(lines, rows, strict=False) if row["step"] <= step]
                write_atomically(self._path, b"".join(line + b"\n" for line in kept))
            self._board.forget_from(step + 1)


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The lines of metrics.jsonl in order, null as NaN; [] when there is no file.

    A half-written last line is left out. Raises RunDirectoryError, naming the line, when an earlier one is broken.
    """
    if not path.exists():
        return []
    with plain_errors(RunDirectoryError, path):
        lines = path.read_bytes().split(b"\n")
    return _parse(path, lines)


def _parse(path: Path, lines: list[bytes]) -> list[dict[str, float]]:
    """Read all lines but the last: what follows the last line feed is nothing, or half a line."""
    rows = []
    for number, line in enumerate(lines[:-1], 1):
        try:
            fields = json.loads(line)
            row = {name: math.nan if value is None else float(value) for name, value in fields.items()}
            rows.append({**row, "step": int(row["step"])})
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise RunDirectoryError(f"{path}, line {number} is no line of metrics. Delete that line.") from error
    return rows


def _drop_half_line(path: Path) -> None:
    if path.exists():
        data = path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            write_atomically(path, whole)
