"""`agentrl generate`: let a policy play, and keep its episodes as data."""

import enum
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentrl.cli.console import progress
from agentrl.cli.words import MaxContext, MaxNewTokens, Split, Template, check_policy
from agentrl.errors import ConfigError, UserError, nearest

if TYPE_CHECKING:
    from agentrl.data.dataset import DataSet
    from agentrl.data.selection import Selection
    from agentrl.episode import Episode

_BOTH = "both"


class Dedup(enum.StrEnum):
    """What counts as a duplicate."""

    OFF = "off"
    EXACT = "exact"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class _Target:
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


def generate(
    env: Annotated[str, typer.Option(help="Environment: a name, ./file.py:Class, gymnasium:ID, ...")],
    out: Annotated[str, typer.Option(help="NAME.jsonl: a file for each form. NAME: a folder of shards with a card.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Arguments of the environment.", show_default=False),
    ] = None,
    policy: Annotated[str, typer.Option(help="expert, noop, a model, or a run.")] = "expert",
    episodes: Annotated[int, typer.Option(min=1, help="How many tasks to play.")] = 100,
    samples: Annotated[int, typer.Option(min=1, help="Episodes of each task; all of them may be kept.")] = 1,
    best_of: Annotated[
        int | None, typer.Option(min=1, help="Episodes of each task, of which the best is kept.", show_default=False)
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="A worse policy that plays each task once, for --format preference.")
    ] = None,
    only_success: Annotated[bool, typer.Option("--only-success", help="Keep successful episodes only.")] = False,
    dedup: Annotated[
        Dedup, typer.Option(help="Drop repeated episodes: exact, or near (equal but for numbers and case).")
    ] = Dedup.OFF,
    cap_per_cell: Annotated[
        int | None, typer.Option(min=1, help="Most episodes of a cell.", show_default=False)
    ] = None,
    cell: Annotated[
        str, typer.Option(help="Labels that make a cell, e.g. persona,goal,operator; all, or the category.")
    ] = "",
    form: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="both (episodes,messages), episodes, messages, sharegpt, alpaca, prompt_response, preference; several "
            "with commas.",
        ),
    ] = None,
    split: Annotated[Split, typer.Option(help="test is held out from training.")] = Split.TRAIN,
    temperature: Annotated[float, typer.Option(min=0.0, help="Sampling temperature; 0 is greedy.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of tasks and sampling.")] = 0,
    template: Template = None,
    max_new_tokens: MaxNewTokens = None,
    max_context: MaxContext = None,
    shard_size: Annotated[int, typer.Option(min=1, help="Most lines of a shard, in a folder.")] = 10_000,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a folder that was interrupted.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Write episodes as JSON lines, and in the forms that other tools fine-tune on.

    Ctrl-C keeps what was played so far; a folder can be gone on with, even after a kill.
    """
    from agentrl.config import parse_env_args
    from agentrl.data.selection import Selection

    env_args = parse_env_args(words or [])
    for one in (policy, against):
        if one is not None:
            check_policy(one, env)
    target = _target(out, form or [_BOTH], shard_size, resume, force)
    if best_of is not None and samples > 1:
        raise ConfigError("--best-of and --samples: give one of them. --best-of keeps one episode of each task.")
    labels = tuple(name.strip() for name in cell.split(",") if name.strip())
    selection = Selection(only_success, best_of is not None, dedup.value, cap_per_cell, labels)
    count = best_of or samples
    asked = {
        "split": str(split),
        "seed": seed,
        "temperature": temperature,
        "env_args": env_args,
        "template": template,
        "max_new_tokens": max_new_tokens,
        "max_context": max_context,
    }
    chosen = {
        "only_success": only_success,
        "best_of": best_of,
        "dedup": str(dedup),
        "cap_per_cell": cap_per_cell,
        "cell": labels,
        "formats": target.kinds,
        "shard_size": shard_size,
    }
    made = {"env": env, "policy": policy, "against": against, "samples": count, **asked, **chosen}
    try:
        with _open(target, selection, made) as data, progress() as bar:
            if (done := data.tasks) >= episodes:
                typer.echo(f"{done} tasks are done already; ask for more with --episodes.")
                return
            groups = _played(policy, env, against, {"episodes": episodes, "first": done, **asked}, count)
            task = bar.add_task("playing", total=episodes, completed=done)
            for group, rivals in groups:
                data.add(group, rivals)
                share = selection.tally["succeeded"] / max(1, selection.tally["played"])
                bar.update(task, advance=1, description=f"playing, {share:.0%} succeed, {selection.tally['kept']} kept")
    finally:
        if selection.tally["played"]:
            _report(selection, target)


def _target(out: str, forms: Sequence[str], shard_size: int, resume: bool, force: bool) -> _Target:
    """What is written where. Raises UserError when something is in the way."""
    from agentrl.data.dataset import EPISODES, KINDS

    named = [name.strip() for form in forms for name in form.split(",") if name.strip()]
    kinds = [kind for name in named for kind in ((EPISODES, "messages") if name == _BOTH else (name,))]
    for kind in kinds:
        if kind not in KINDS:
            known = (_BOTH, *KINDS)
            raise ConfigError(f"--format {kind}: no such form.{nearest(kind, known, 1)} Forms: {', '.join(known)}.")
    target = _Target(Path(out), tuple(dict.fromkeys(kinds)) or (EPISODES,), shard_size, resume, force)
    if target.folder:
        return target
    if resume:
        raise ConfigError(f"--out {out}: only a folder can be gone on with; name one, e.g. --out {target.out.stem}.")
    if target.out.is_dir():
        raise ConfigError(f"--out {out}: this is a folder; name a file, e.g. {target.out / 'episodes.jsonl'}.")
    existing = [str(path) for path in _files(target).values() if path.exists()]
    if existing and not force:
        raise UserError(f"{' and '.join(existing)}: exists already. Choose another --out, or overwrite with --force.")
    return target


def _files(target: _Target) -> dict[str, Path]:
    """The file of each form: the first is the one that was named, the others lie next to it."""
    first, *others = target.kinds
    return {first: target.out} | {kind: target.out.with_name(f"{target.out.stem}.{kind}.jsonl") for kind in others}


def _open(target: _Target, selection: "Selection", made: Mapping[str, Any]) -> "AbstractContextManager[DataSet]":
    from agentrl.data.dataset import open_files, open_folder

    if not target.folder:
        return open_files(_files(target), selection)
    return open_folder(
        target.out,
        target.kinds,
        selection,
        settings=made,
        shard_size=target.shard_size,
        resume=target.resume,
        force=target.force,
    )


def _played(
    policy: str, env: str, against: str | None, asked: Mapping[str, Any], samples: int
) -> "Iterator[tuple[list[Episode], list[Episode]]]":
    """For each task its episodes, and the rival's. Errors of the environment and the policies are raised at once."""
    from agentrl.evaluation.api import generate_episodes

    own = generate_episodes(policy, env, samples=samples, **asked)
    rival = generate_episodes(against, env, samples=1, **asked) if against is not None else iter(())

    def groups() -> "Iterator[tuple[list[Episode], list[Episode]]]":
        while group := list(itertools.islice(own, samples)):
            yield group, list(itertools.islice(rival, 1))

    return groups()


def _report(selection: "Selection", target: _Target) -> None:
    tally = selection.tally
    reasons = {"duplicate": "duplicates", "over_cap": "over the cap of their cell"}
    left_out = [f"{tally[name]} {words}" for name, words in reasons.items() if tally[name]]
    typer.echo(
        f"played {tally['played']} episodes, {tally['succeeded']} with success"
        + (f", {tally['failed']} failed and are left out" if tally["failed"] else "")
        + "".join(f", {one}" for one in left_out)
        + f"; kept {tally['kept']}"
    )
    paths = {kind: target.out / kind for kind in target.kinds} if target.folder else _files(target)
    for kind, path in paths.items():
        if path.exists():
            typer.echo(f"  {kind}: {path}")
    if target.folder and (target.out / "README.md").exists():
        typer.echo(f"  card: {target.out / 'README.md'}")
