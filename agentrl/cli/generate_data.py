"""What `agentrl generate` does: tasks are played, episodes chosen, records written, and counts told."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from agentrl.cli.console import progress
from agentrl.cli.words import SCRIPTED
from agentrl.data.dataset import EPISODES, KINDS, open_files, open_folder
from agentrl.errors import ConfigError, UserError, nearest
from agentrl.runtime import collect_garbage_rarely

if TYPE_CHECKING:
    from agentrl.data.dataset import DataSet
    from agentrl.data.selection import Selection
    from agentrl.episode import Episode

BOTH = "both"
_WHO = ("policy", "against", "samples", "balance")
_LEFT_OUT = {"duplicate": "duplicates", "over_cap": "over the cap of their cell"}


@dataclass(frozen=True, slots=True)
class Playing:
    """Who plays what: `policy` plays each task `samples` times, and `against`, if there is one, once.

    With `balance` the tasks are chosen among so many, one of each cell in turn.
    """

    env: str
    policy: str
    against: str | None
    samples: int
    balance: int | None
    split: str
    seed: int
    temperature: float
    env_args: Mapping[str, Any]
    template: str | None
    max_new_tokens: int | None
    max_context: int | None

    def groups(
        self, first: int, episodes: int, cell_of: "Callable[[Mapping[str, Any]], str]"
    ) -> "Iterator[tuple[list[Episode], list[Episode]]]":
        """For each task from `first` on its episodes, and the rival's.

        Errors of the environment and the policies are raised at once.
        """
        from agentrl.evaluation.api import generate_episodes

        asked = {name: value for name, value in asdict(self).items() if name not in _WHO}
        asked |= {"first": first, "episodes": episodes, "order": self._order(cell_of)}
        own = generate_episodes(self.policy, samples=self.samples, **asked)
        rival = iter(()) if self.against is None else generate_episodes(self.against, samples=1, **asked)

        def groups() -> "Iterator[tuple[list[Episode], list[Episode]]]":
            while group := list(itertools.islice(own, self.samples)):
                yield group, list(itertools.islice(rival, 1))

        return groups()

    def _order(self, cell_of: "Callable[[Mapping[str, Any]], str]") -> list[int] | None:
        """The numbers of the tasks, where they are chosen by their cells."""
        if self.balance is None:
            return None
        from agentrl.data.selection import in_turn
        from agentrl.evaluation.api import draw_tasks

        where: dict[str, Any] = {"split": self.split, "seed": self.seed, "env_args": self.env_args}
        return in_turn(map(cell_of, draw_tasks(self.env, tasks=self.balance, **where)))


@dataclass(frozen=True, slots=True)
class Target:
    """Where the data go, and how."""

    out: Path
    kinds: tuple[str, ...]
    shard_size: int
    resume: bool
    force: bool

    @property
    def folder(self) -> bool:
        """Whether it is a folder of shards: a name without an ending, or one that is such a folder already."""
        return not self.out.suffix or (self.out / "progress.json").exists()

    @property
    def paths(self) -> dict[str, Path]:
        """Where each form is. Of single files the first is the one that was named; the others lie next to it."""
        if self.folder:
            return {kind: self.out / kind for kind in self.kinds}
        first, *others = self.kinds
        return {first: self.out} | {kind: self.out.with_name(f"{self.out.stem}.{kind}.jsonl") for kind in others}

    def open(self, selection: "Selection", settings: Mapping[str, Any]) -> "AbstractContextManager[DataSet]":
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


def make_target(out: str, forms: Sequence[str], shard_size: int, *, resume: bool, force: bool) -> Target:
    """What is written where.

    Raises ConfigError for an unknown form or a name that does not fit, UserError when something is in the way.
    """
    target = Target(Path(out), _kinds(forms), shard_size, resume, force)
    if target.folder:
        return target
    if resume:
        raise ConfigError(f"--out {out}: only a folder can be gone on with; name one, e.g. --out {target.out.stem}.")
    if target.out.is_dir():
        raise ConfigError(f"--out {out}: this is a folder; name a file, e.g. {target.out / 'episodes.jsonl'}.")
    existing = [str(path) for path in target.paths.values() if path.exists()]
    if existing and not force:
        raise UserError(f"{' and '.join(existing)}: exists already. Choose another --out, or overwrite with --force.")
    return target


def write_data(playing: Playing, episodes: int, target: Target, selection: "Selection", best_of: int | None) -> None:
    """Plays `episodes` tasks, less those that the folder has already, and writes what is chosen; then tells it."""
    if {playing.policy, playing.against} <= {*SCRIPTED, None}:  # a model's tensors are to go sooner
        collect_garbage_rarely()
    try:
        settings = _settings(playing, target, selection, best_of)
        with target.open(selection, settings) as data, progress() as bar:
            if (done := data.tasks) >= episodes:
                typer.echo(f"{done} tasks are done already; ask for more with --episodes.")
                return
            groups = playing.groups(done, episodes, selection.cell_of)
            task = bar.add_task("playing", total=episodes, completed=done)
            for group, rivals in groups:
                data.add(group, rivals)
                share = selection.tally["succeeded"] / max(1, selection.tally["played"])
                bar.update(task, advance=1, description=f"playing, {share:.0%} succeed, {selection.tally['kept']} kept")
    finally:
        if selection.tally["played"]:
            _report(selection, target)


def _settings(playing: Playing, target: Target, selection: "Selection", best_of: int | None) -> dict[str, Any]:
    """What the card tells, and what a folder that is gone on with must have been made with."""
    return asdict(playing) | {
        "only_success": selection.only_success,
        "best_of": best_of,
        "dedup": selection.dedup,
        "cap_per_cell": selection.cap_per_cell,
        "cell": selection.cell,
        "formats": target.kinds,
        "shard_size": target.shard_size,
    }


def _kinds(forms: Sequence[str]) -> tuple[str, ...]:
    named = [name.strip() for form in forms for name in form.split(",") if name.strip()]
    kinds = [kind for name in named for kind in ((EPISODES, "messages") if name == BOTH else (name,))]
    for kind in kinds:
        if kind not in KINDS:
            known = (BOTH, *KINDS)
            raise ConfigError(f"--format {kind}: no such form.{nearest(kind, known, 1)} Forms: {', '.join(known)}.")
    return tuple(dict.fromkeys(kinds)) or (EPISODES,)


def _report(selection: "Selection", target: Target) -> None:
    tally = selection.tally
    left_out = [f"{tally[name]} {words}" for name, words in _LEFT_OUT.items() if tally[name]]
    typer.echo(
        f"played {tally['played']} episodes, {tally['succeeded']} with success"
        + (f", {tally['failed']} failed and are left out" if tally["failed"] else "")
        + "".join(f", {one}" for one in left_out)
        + f"; kept {tally['kept']}"
    )
    for kind, path in target.paths.items():
        if path.exists():
            typer.echo(f"  {kind}: {path}")
    if target.folder and (target.out / "README.md").exists():
        typer.echo(f"  card: {target.out / 'README.md'}")
