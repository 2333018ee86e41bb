"""`agentrl env`: list, check, play and start environments."""

from pathlib import Path
from typing import Annotated

import typer

from agentrl.cli.console import print_error, stdout, table
from agentrl.cli.words import Split
from agentrl.errors import ConfigError, UserError

app = typer.Typer(help="List, check, play and start environments.", no_args_is_help=True)

Spec = Annotated[str, typer.Argument(metavar="ENV", help="A name, ./file.py:Class, gymnasium:ID or pettingzoo:module.")]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="Arguments of the environment.", show_default=False),
]


@app.command("list")
def list_() -> None:
    """List the environments that are installed."""
    from agentrl.envs.registry import broken_environments, list_environments

    rows = [(entry.name, entry.kind, entry.summary, entry.source) for entry in list_environments()]
    stdout().print(table(("name", "kind", "what", "from"), rows))
    for name, problem in broken_environments().items():
        print_error(f"{name} is registered, but cannot be used. {problem}")
    typer.echo("\nYour own: ./file.py:Class, package.module:Class, gymnasium:ID or pettingzoo:module.")


@app.command()
def check(
    env: Spec,
    words: Arguments = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the episodes that are played.")] = 0,
) -> None:
    """Check that an environment keeps the promises that training relies on. Exit code 1 when it breaks one."""
    from agentrl.config import parse_env_args
    from agentrl.envs.check import check_environment
    from agentrl.envs.registry import resolve

    results = check_environment(resolve(env), parse_env_args(words or []), seed)
    stdout().print(table(("check", "result", "seen"), [(one.name, one.status, one.detail) for one in results]))
    failed = sum(one.status == "fail" for one in results)
    warned = sum(one.status == "warn" for one in results)
    typer.echo(f"\n{len(results)} checks, {failed} failed, {warned} to look at")
    if failed:
        raise typer.Exit(1)


@app.command()
def play(
    env: Spec,
    words: Arguments = None,
    agent: Annotated[
        str | None,
        typer.Option(help="Who plays: human, expert or noop; beside --as also a run or a model.", show_default=False),
    ] = None,
    seat: Annotated[
        str | None,
        typer.Option("--as", help="Play this seat only, e.g. user; --agent (expert unless told) plays the others."),
    ] = None,
    multiline: Annotated[
        bool, typer.Option("--multiline", help="Every answer has several lines; a line with only a dot ends it.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the episode.")] = 0,
    split: Annotated[Split, typer.Option(help="test is held out from training.")] = Split.TRAIN,
) -> None:
    """Play an episode in the terminal, every seat of it or one, or watch the expert."""
    from agentrl.cli.terminal import args_of_run, one_seat, show_end, show_start, shower, table_agent
    from agentrl.config import parse_env_args
    from agentrl.envs.play import play as play_episode
    from agentrl.envs.registry import resolve, with_seat

    env_args = parse_env_args(words or [])
    entry = resolve(env) if seat is None else with_seat(resolve(env), seat)
    if seat is not None and agent is not None:
        env_args = {**args_of_run(agent, entry, seat), **env_args}
    made = entry.make(**env_args)
    try:
        who = agent or ("human" if seat is None else "expert")
        show_start(entry, made, human=who == "human" or seat is not None, seat=seat)
        if seat is None:
            choose, watch = table_agent(who, entry, made, multiline), shower(who)
        else:
            choose, watch = one_seat(seat, who, entry, made, multiline, env_args, seed), shower("human", seat)
        show_end(play_episode(made, entry.kind, seed, choose, split=str(split), watch=watch), seat)
    finally:
        made.close()


@app.command()
def init(
    file: Annotated[str, typer.Argument(metavar="FILE.py", help="File to write.")],
    name: Annotated[str, typer.Option(help="Name of the class.")] = "MyEnv",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a small, commented environment that trains as it is."""
    from agentrl.envs.template import environment_source

    path = Path(file)
    _check_names(path, name, force)
    spec = f"{path if path.is_absolute() else f'./{path}'}:{name}"
    _write(path, environment_source(spec, name))
    typer.echo(f"wrote {path}. Now:\n  agentrl env check {spec}\n  agentrl train --env {spec}")


def _check_names(path: Path, name: str, force: bool) -> None:
    if path.suffix != ".py":
        raise ConfigError(f"{path}: the name of the file must end in .py.")
    if not name.isidentifier():
        raise ConfigError(f"--name {name}: this is no name of a Python class.")
    if path.exists() and not force:
        raise UserError(f"{path}: exists already. Choose another name, or overwrite it with --force.")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}.") from error
