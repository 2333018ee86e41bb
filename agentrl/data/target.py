"""Where a data set goes: a folder of shards with its card, or a file for each form."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agentrl.data.dataset import EPISODES, KINDS, DataSet, open_files, open_folder
from agentrl.data.selection import Selection
from agentrl.errors import ConfigError, UserError, nearest

BOTH: Final = "both"
"""Short for the forms episodes and messages."""
_LINES: Final = ".jsonl"
_OTHER_FILES: Final = (".json", ".ndjson", ".parquet", ".arrow", ".csv", ".tsv", ".txt", ".gz", ".zst")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the data go, and how; `make_target` checks it."""

    out: Path
    kinds: tuple[str, ...]
    shard_size: int
    resume: bool
    force: bool

    @property
    def folder(self) -> bool:
        """Whether it is a folder of shards: any name that doesn't end in .jsonl, or one that is such a folder."""
        return self.out.suffix != _LINES or (self.out / "progress.json").exists()

    @property
    def paths(self) -> dict[str, Path]:
        """Where each form is. Of single files the first is the one that was named; the others lie next to it."""
        if self.folder:
            return {kind: self.out / kind for kind in self.kinds}
        first, *others = self.kinds
        return {first: self.out} | {kind: self.out.with_name(f"{self.out.stem}.{kind}{_LINES}") for kind in others}

    def open(self, selection: Selection, settings: Mapping[str, Any]) -> AbstractContextManager[DataSet]:
        """The data set there. Raises UserError for a folder that was made with other settings."""
        if not self.folder:
            return open_files(self.paths, selection)
        return open_folder(
            self.out,
            self.kinds,
            selection,
            settings=settings,
            shard_size=self.shard_size,
            resume=self.resume,
            force=self.force,
        )


def make_target(
    out: str, forms: Sequence[str] = (BOTH,), shard_size: int = 10_000, *, resume: bool = False, force: bool = False
) -> Target:
    """What is written where: single files when `out` ends in .jsonl, else a folder with at most `shard_size` lines in
    a file, with which `resume` goes on.

    Raises ConfigError for an unknown form or a name that does not fit, UserError when something is in the way.
    """
    target = Target(Path(out), _kinds(forms), shard_size, resume, force)
    if target.out.suffix in _OTHER_FILES and not target.out.is_dir():
        raise ConfigError(f"{out}: only JSON Lines are written. End the name in .jsonl, or name a folder.")
    if target.folder:
        return target
    if resume:
        raise ConfigError(f"{out}: only a folder can be gone on with; name one, e.g. {target.out.stem}.")
    if target.out.is_dir():
        raise ConfigError(f"{out}: this is a folder; name a file, e.g. {target.out / 'episodes.jsonl'}.")
    existing = [str(path) for path in target.paths.values() if path.exists()]
    if existing and not force:
        raise UserError(f"{' and '.join(existing)}: exists already. Choose another name, or overwrite with --force.")
    return target


def _kinds(forms: Sequence[str]) -> tuple[str, ...]:
    named = [name.strip() for form in forms for name in form.split(",") if name.strip()]
    kinds = [kind for name in named for kind in ((EPISODES, "messages") if name == BOTH else (name,))]
    for kind in kinds:
        if kind not in KINDS:
            known = (BOTH, *KINDS)
            raise ConfigError(f"{kind}: no such form.{nearest(kind, known, 1)} Forms: {', '.join(known)}.")
    return tuple(dict.fromkeys(kinds)) or (EPISODES,)
