"""`agentrl train`: train a policy in an environment, or go on with a run."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from agentrl.cli.console import stdout

if TYPE_CHECKING:
    from agentrl.training.api import TrainResult

NEWEST = "newest"


class TrainCommand(TyperCommand):
    """`train`, whose `--resume` may stand alone: it then takes the newest run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word for the newest run behind a `--resume` that has no value of its own."""
        completed: list[str] = []
        for index, word in enumerate(args):
            completed.append(word)
            following = args[index + 1] if index + 1 < len(args) else "-"
            if word == "--resume" and (following.startswith("-") or _is_setting(following)):
                completed.append(NEWEST)
        return super().parse_args(ctx, completed)


def train(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CONFIG.yaml|KEY=VALUE",
            help="A file of settings, settings that differ from it (group_size=4), arguments of the environment.",
            show_default=False,
        ),
    ] = None,
    env: Annotated[str | None, typer.Option(help="Environment: a name, ./file.py:Class, gymnasium:ID, ...")] = None,
    algo: Annotated[
        str | None, typer.Option(help="grpo, dr_grpo, dapo, gspo, cispo, rloo, reinforce_pp or ppo.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model to start from; without it, a tiny one made here.")] = None,
    output_dir: Annotated[str | None, typer.Option(help="Folder of the runs.")] = None,
    run_name: Annotated[str | None, typer.Option(help="Name of the run.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything.")] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="[RUN_DIR]", help="Go on with this run; alone, with the newest.")
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print all settings with their meaning, and exit.")
    ] = False,
) -> None:
    """Train a policy in an environment.

    Without any settings this trains a tiny policy in `code_sandbox`, on this machine, in minutes.
    """
    options = {
        "env": env,
        "algo": algo,
        "model_name_or_path": model,
        "output_dir": output_dir,
        "run_name": run_name,
        "seed": seed,
    }
    path, settings = _split(words or [])
    overrides = [f"{key}={value}" for key, value in options.items() if value is not None] + settings
    if resume is not None:
        _print(_resume(resume, path, overrides))
        return
    from agentrl.config import load_config, render_config
    from agentrl.envs.registry import arguments_of

    config = load_config(path, overrides, arguments_of=arguments_of)
    if print_config:
        typer.echo(render_config(config), nl=False)
        return
    from agentrl.training.api import run_training

    _print(run_training(config, console=stdout()))


def _resume(run: str, path: str | None, overrides: list[str]) -> "TrainResult":
    from agentrl.errors import ConfigError
    from agentrl.runs.directory import RunDirectory

    if path is not None:
        raise ConfigError(f"--resume goes on with the settings of the run; give {path}'s changes as key=value.")
    given = [word.removeprefix("output_dir=") for word in overrides if word.startswith("output_dir=")]
    runs = given[-1] if given else "runs"
    if run == NEWEST:
        directory = RunDirectory.latest(runs)
    else:
        inside = os.path.join(runs, run)
        directory = RunDirectory.open(inside if os.path.isdir(inside) and not os.path.isdir(run) else run)
    from agentrl.training.api import resume_training

    kept = [word for word in overrides if not word.startswith("output_dir=")]
    return resume_training(str(directory.path), kept, console=stdout())


def _print(result: "TrainResult") -> None:
    from agentrl.training.summary import print_summary

    print_summary(result, stdout())
    if result.interrupted:
        raise typer.Exit(130)


def _split(words: list[str]) -> tuple[str | None, list[str]]:
    """The configuration file, if one is among the words, and the settings."""
    from agentrl.errors import ConfigError

    settings = [word for word in words if _is_setting(word)]
    files = [word for word in words if not _is_setting(word)]
    if len(files) > 1:
        raise ConfigError(f"one configuration file is enough, but there are {len(files)}: {', '.join(files)}.")
    return (files[0] if files else None), settings


def _is_setting(word: str) -> bool:
    return "=" in word and not os.path.isfile(word)
