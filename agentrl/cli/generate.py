"""`agentrl generate`: let a policy play, and keep its episodes as data."""

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from agentrl.cli.console import progress
from agentrl.cli.words import (
    SCRIPTED,
    EnvThreads,
    MaxContext,
    MaxFailedShare,
    MaxNewTokens,
    Split,
    Template,
    check_policy,
)
from agentrl.errors import ConfigError

if TYPE_CHECKING:
    from agentrl.data.selection import Selection
    from agentrl.data.target import Target
    from agentrl.evaluation.data_set import Playing

Env = Annotated[str, typer.Option(help="Environment: a name, ./file.py:Class, gymnasium:ID, ...")]
Out = Annotated[str, typer.Option(help="NAME.jsonl: a file for each form. NAME: a folder of shards with a card.")]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="Arguments of the environment.", show_default=False),
]
Policy = Annotated[str, typer.Option(help="expert, noop, a model, or a run.")]
Episodes = Annotated[int, typer.Option(min=1, help="How many tasks to play.")]
Samples = Annotated[int, typer.Option(min=1, help="Episodes of each task; all of them may be kept.")]
BestOf = Annotated[
    int | None, typer.Option(min=1, help="Episodes of each task, of which the best is kept.", show_default=False)
]
Against = Annotated[str | None, typer.Option(help="A worse policy that plays each task once, for --format preference.")]
AgainstArgs = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="An argument of the environment for --against alone, e.g. expert_mistake_rate=0.5.",
        show_default=False,
    ),
]
OnlySuccess = Annotated[bool, typer.Option("--only-success", help="Keep successful episodes only.")]
CapPerCell = Annotated[int | None, typer.Option(min=1, help="Most episodes of a cell.", show_default=False)]
Cell = Annotated[str, typer.Option(help="Labels that make a cell, e.g. persona,goal,operator; all, or the category.")]
Balance = Annotated[
    int | None,
    typer.Option(
        "--balance", min=1, help="Choose the tasks among so many, one of each cell in turn.", show_default=False
    ),
]
Forms = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        help="both (episodes,messages), episodes, messages, sharegpt, alpaca, prompt_response, preference; several "
        "with commas.",
    ),
]
Temperature = Annotated[float, typer.Option(min=0.0, help="Sampling temperature; 0 is greedy.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of tasks and sampling; --split test has the same tasks for all.")]
ShardSize = Annotated[int, typer.Option(min=1, help="Most lines of a shard, in a folder.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a folder that was interrupted.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]
_LEFT_OUT = {"duplicate": "duplicates", "over_cap": "over the cap of their cell"}


class Dedup(enum.StrEnum):
    """What counts as a duplicate."""

    OFF = "off"
    EXACT = "exact"
    NEAR = "near"


DedupBy = Annotated[
    Dedup, typer.Option("--dedup", help="Drop repeated episodes: exact, or near (equal but for numbers and case).")
]
TasksOf = Annotated[Split, typer.Option("--split", help="test is held out from training.")]


def generate(
    env: Env,
    out: Out,
    words: Arguments = None,
    policy: Policy = "expert",
    episodes: Episodes = 100,
    samples: Samples = 1,
    best_of: BestOf = None,
    against: Against = None,
    against_args: AgainstArgs = None,
    only_success: OnlySuccess = False,
    dedup: DedupBy = Dedup.OFF,
    cap_per_cell: CapPerCell = None,
    cell: Cell = "",
    balance: Balance = None,
    form: Forms = None,
    split: TasksOf = Split.TRAIN,
    temperature: Temperature = 1.0,
    seed: Seed = 0,
    template: Template = None,
    max_new_tokens: MaxNewTokens = None,
    max_context: MaxContext = None,
    env_threads: EnvThreads = None,
    max_failed_share: MaxFailedShare = None,
    shard_size: ShardSize = 10_000,
    resume: Resume = False,
    force: Force = False,
) -> None:
    """Write episodes as JSON lines, and in the forms that other tools fine-tune on.

    Ctrl-C keeps what was played so far; a folder can be gone on with, even after a kill.
    """
    from agentrl.config import parse_env_args
    from agentrl.data.selection import Selection
    from agentrl.data.target import BOTH, make_target
    from agentrl.evaluation.data_set import Playing

    env_args = parse_env_args(words or [])
    for one in (policy, against):
        if one is not None:
            check_policy(one, env)
    target = make_target(out, form or [BOTH], shard_size, resume=resume, force=force)
    if best_of is not None and samples > 1:
        raise ConfigError("--best-of and --samples: give one of them. --best-of keeps one episode of each task.")
    if balance is not None and balance < episodes:
        raise ConfigError(f"--balance {balance}: at least --episodes ({episodes}) are needed to choose from.")
    if against_args and against is None:
        raise ConfigError("--against-args: there is no --against to play with them.")
    rival_args = parse_env_args(against_args) if against_args else None
    labels = tuple(name.strip() for name in cell.split(",") if name.strip())
    selection = Selection(only_success, best_of is not None, dedup.value, cap_per_cell, labels)
    limits = (template, max_new_tokens, max_context, env_threads, max_failed_share)
    who = (env, policy, against, rival_args, best_of or samples, balance)
    _write(Playing(*who, str(split), seed, temperature, env_args, *limits), episodes, target, selection)


def _write(playing: "Playing", episodes: int, target: "Target", selection: "Selection") -> None:
    """Writes the data set under a bar, and tells what became of the episodes, whatever ends it."""
    from agentrl.evaluation.data_set import write_data_set
    from agentrl.runtime import collect_garbage_rarely

    if {playing.policy, playing.against} <= {*SCRIPTED, None}:  # a model's tensors are to go sooner
        collect_garbage_rarely()
    try:
        with progress() as bar:
            task = bar.add_task("playing", total=episodes, visible=False)

            def tell(done: int, counted: "Selection") -> None:
                tally = counted.tally
                share = tally["succeeded"] / max(1, tally["played"] - tally["failed"])
                told = f"playing, {share:.0%} succeed, {tally['kept']} kept"
                bar.update(task, completed=done, description=told, visible=True)

            if not write_data_set(playing, episodes, target, selection, tell):
                typer.echo(f"{episodes} tasks or more are done already; ask for more with --episodes.")
    finally:
        if selection.tally["played"]:
            _report(selection, target)


def _report(selection: "Selection", target: "Target") -> None:
    from agentrl.data.formats import PAIRS

    tally = selection.tally
    left_out = [f"{tally[name]} {words}" for name, words in _LEFT_OUT.items() if tally[name]]
    typer.echo(
        f"played {tally['played']} episodes, {tally['succeeded']} with success"
        + (f", {tally['failed']} failed and are left out" if tally["failed"] else "")
        + "".join(f", {one}" for one in left_out)
        + f"; kept {tally['kept']}"
    )
    if PAIRS in target.kinds:
        rival = f"; the worse policy played {tally['rival_played']} episodes, {tally['rival_succeeded']} with success"
        typer.echo(f"wrote {tally['pairs']} pairs" + (rival if tally["rival_played"] else ""))
    for kind, path in target.paths.items():
        if path.exists():
            typer.echo(f"  {kind}: {path}")
    if target.folder and (target.out / "README.md").exists():
        typer.echo(f"  card: {target.out / 'README.md'}")
