"""`agentrl generate`: let a policy play, and keep its episodes as data."""

import enum
from typing import Annotated

import typer

from agentrl.cli.words import MaxContext, MaxNewTokens, Split, Template, check_policy
from agentrl.errors import ConfigError

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
Seed = Annotated[int, typer.Option(min=0, help="Seed of tasks and sampling.")]
ShardSize = Annotated[int, typer.Option(min=1, help="Most lines of a shard, in a folder.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a folder that was interrupted.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]


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
    shard_size: ShardSize = 10_000,
    resume: Resume = False,
    force: Force = False,
) -> None:
    """Write episodes as JSON lines, and in the forms that other tools fine-tune on.

    Ctrl-C keeps what was played so far; a folder can be gone on with, even after a kill.
    """
    from agentrl.cli.generate_data import BOTH, Playing, make_target, write_data
    from agentrl.config import parse_env_args
    from agentrl.data.selection import Selection

    env_args = parse_env_args(words or [])
    for one in (policy, against):
        if one is not None:
            check_policy(one, env)
    target = make_target(out, form or [BOTH], shard_size, resume=resume, force=force)
    if best_of is not None and samples > 1:
        raise ConfigError("--best-of and --samples: give one of them. --best-of keeps one episode of each task.")
    if balance is not None and balance < episodes:
        raise ConfigError(f"--balance {balance}: at least --episodes ({episodes}) are needed to choose from.")
    labels = tuple(name.strip() for name in cell.split(",") if name.strip())
    selection = Selection(only_success, best_of is not None, dedup.value, cap_per_cell, labels)
    limits = (template, max_new_tokens, max_context)
    count = best_of or samples
    playing = Playing(env, policy, against, count, balance, str(split), seed, temperature, env_args, *limits)
    write_data(playing, episodes, target, selection, best_of)
