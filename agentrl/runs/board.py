"""TensorBoard's event files, written without torch (whose writer costs seconds to import)."""

import time
from collections.abc import Mapping
from pathlib import Path


class EventFile:
    """A new event file in `folder`, opened for each write, so that nothing is lost and nothing needs closing."""

    def __init__(self, folder: Path) -> None:
        # TensorBoard reads the files of a folder in the order of their names
        self._path = folder / f"events.out.tfevents.{time.time_ns():020d}"
        self._started = False

    def scalars(self, step: int, values: Mapping[str, float], wall_time: float) -> None:
        """Write the values of a step. Raises OSError."""
        from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]
        from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]

        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
        self._append(Event(step=step, wall_time=wall_time, summary=summary).SerializeToString())

    def forget_from(self, step: int) -> None:
        """Have TensorBoard drop what earlier files say of `step` and later ones (`purge_step`). Raises OSError."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        session = SessionLog(status=SessionLog.START)
        self._append(Event(step=step, wall_time=time.time(), session_log=session).SerializeToString())

    def _append(self, event: bytes) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]

        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            records = RecordWriter(file)
            if not self._started:
                records.write(Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString())
                self._started = True
            records.write(event)
