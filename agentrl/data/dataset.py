"""Writing a data set: episodes are chosen, turned into records of several forms, and put into files or a folder."""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from agentrl.data.card import write_card
from agentrl.data.formats import FORMATS, PAIRS
from agentrl.data.jsonl import JsonlWriter
from agentrl.data.selection import Selection
from agentrl.data.shards import INDEX, ShardWriter
from agentrl.episode import Episode

EPISODES = "episodes"
KINDS = (EPISODES, *FORMATS)
"""Everything that can be written."""
_COMMIT_SECONDS = 2.0
_MOST_TOOLS = 64
_IN_JSON = json.JSONEncoder(ensure_ascii=False).encode


class Sink(Protocol):
    """Where records go."""

    def write(self, stream: str, line: str) -> None: ...
    def done(self, tasks: int, selection: Selection) -> None: ...


class FileSink:
    """One file for each form, whole or (after an error) with the whole lines that were written."""

    def __init__(self, files: Mapping[str, JsonlWriter]) -> None:
        self._files = files

    def write(self, stream: str, line: str) -> None:
        """Add a line; a single file has no index."""
        if stream != INDEX:
            self._files[stream].write(line)

    def done(self, tasks: int, selection: Selection) -> None:
        """Every line is on the disk already."""


class FolderSink:
    """Shards that can be gone on with; a commit every two seconds."""

    def __init__(self, shards: ShardWriter) -> None:
        self.shards = shards
        self._last = time.monotonic()
        self.write = shards.write

    def done(self, tasks: int, selection: Selection) -> None:
        """Commit now and then."""
        if time.monotonic() - self._last >= _COMMIT_SECONDS:
            self.commit(tasks, selection)

    def commit(self, tasks: int, selection: Selection) -> None:
        """Make what was written last."""
        self.shards.commit(tasks, selection.tally)
        self._last = time.monotonic()


class DataSet:
    """Chooses among the episodes of one task after the other, and writes those that are kept. `tasks` are done."""

    def __init__(self, sink: Sink, kinds: Sequence[str], selection: Selection, tasks: int = 0) -> None:
        self.sink, self.kinds, self.selection, self.tasks = sink, kinds, selection, tasks
        self.whole = True
        """Whether no task is half written."""
        self._tools: dict[tuple[int, ...], tuple[list[Any], str]] = {}

    def add(self, group: Sequence[Episode], against: Sequence[Episode] = ()) -> None:
        """The episodes of the next task; `against` are bad examples to compare with, which are never kept."""
        self.whole = False
        chosen = self.selection.choose(group)
        failures: list[Episode] = []
        tally = self.selection.tally
        if PAIRS in self.kinds:
            failures = self.selection.different(one for one in (*group, *against) if not one.failed and not one.success)
            tally["rival_played"] += len(against)
            tally["rival_succeeded"] += sum(episode.success for episode in against if not episode.failed)
        for kind in self.kinds:
            if kind == EPISODES:
                for episode in chosen:
                    self.sink.write(kind, episode.to_json())
            else:
                for record in FORMATS[kind].records(chosen, failures):
                    self.sink.write(kind, self._line(record))
                    tally.update(["pairs"] if kind == PAIRS else ())
        for episode in chosen:
            self.sink.write(INDEX, _IN_JSON(self._entry(episode)))
        self.tasks += 1
        self.whole = True
        self.sink.done(self.tasks, self.selection)

    def _line(self, record: dict[str, Any]) -> str:
        """The record in JSON. The same schemas of tools stand in most of them, and are turned into text once."""
        tools = record.get("tools")
        if not isinstance(tools, list):
            return _IN_JSON(record)
        key = tuple(map(id, tools))
        if key not in self._tools:
            if len(self._tools) >= _MOST_TOOLS:  # an environment that makes its schemas anew each time
                self._tools.clear()
            self._tools[key] = tools, _IN_JSON(tools)  # keeps them alive, so that no other gets their ids
        del record["tools"]
        return f'{_IN_JSON(record)[:-1]}, "tools": {self._tools[key][1]}}}'

    def _entry(self, episode: Episode) -> dict[str, Any]:
        return {
            "task": self.tasks,
            "task_id": episode.task_id,
            "seed": episode.seed,
            "cell": self.selection.cell_of(episode.info),
            "labels": dict(episode.info.get("labels") or {"category": episode.category}),
            "success": episode.success,
            "reward": round(episode.reward, 6),
            "turns": episode.turns,
            **{name: episode.info[name] for name in ("user_turns",) if name in episode.info},
            "digest": self.selection.digest_of(episode),
        }


@contextlib.contextmanager
def open_files(paths: Mapping[str, Path], selection: Selection) -> Iterator[DataSet]:
    """A data set of one file for each form."""
    with contextlib.ExitStack() as stack:
        files = {kind: stack.enter_context(JsonlWriter(path, keep_partial=True)) for kind, path in paths.items()}
        yield DataSet(FileSink(files), tuple(paths), selection)


@contextlib.contextmanager
def open_folder(
    folder: Path,
    kinds: Sequence[str],
    selection: Selection,
    *,
    settings: Mapping[str, Any],
    shard_size: int,
    resume: bool = False,
    force: bool = False,
) -> Iterator[DataSet]:
    """A data set as a folder of shards with its card. Whatever ends the block, all whole tasks are kept; of a new
    folder nothing is left when an error comes before the first of them.

    With `resume` it goes on after the last whole task: `tasks` says how many were done. Raises UserError.
    """
    new = not folder.exists()
    shards = ShardWriter(folder, kinds, settings=settings, shard_size=shard_size, resume=resume, force=force)
    _remember(shards, selection)
    sink = FolderSink(shards)
    data = DataSet(sink, kinds, selection, shards.tasks)

    def finish() -> None:
        if data.whole:
            sink.commit(data.tasks, selection)
        else:
            shards.cut()
        write_card(shards, kinds)

    with contextlib.closing(shards):
        try:
            yield data
        except BaseException:
            if new and not data.tasks:
                shards.discard()
            else:
                finish()
            raise
        finish()


def _remember(shards: ShardWriter, selection: Selection) -> None:
    """Let the selection know what an earlier process kept."""
    selection.tally = Counter(shards.tally)
    for line in shards.lines(INDEX):
        entry = json.loads(line)
        selection.remember(entry["cell"], entry["digest"])
