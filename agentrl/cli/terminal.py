"""Playing an environment in the terminal: what is shown, and how an answer is typed."""

import ast
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from agentrl.cli.console import printable
from agentrl.cli.words import SCRIPTED
from agentrl.envs.play import Choose, Move, Play, Watch, action_of, is_text, text_of
from agentrl.envs.registry import EnvEntry
from agentrl.errors import ConfigError, nearest

_FENCE = "```"


def show_start(entry: EnvEntry, env: Any, *, human: bool, seat: str | None = None) -> None:
    """Print what is played and, for a human, how to answer; with a `seat` what this one is told."""
    typer.secho(f"{entry.name}: {entry.summary}", bold=True)
    system_prompt = getattr(env.unwrapped, "system_prompt", "")
    if seat is not None:
        system_prompt = getattr(env.unwrapped, "system_prompts", {}).get(seat, system_prompt)
    if system_prompt:
        typer.secho(printable(str(system_prompt)), dim=True)
    if human:
        typer.secho(
            f"Answer with a line; {_FENCE} begins several, a line with only a dot ends them. Ctrl-D stops.", dim=True
        )
    if human and (hint := getattr(env.unwrapped, "seat_hints", {}).get(seat)):
        typer.secho(hint, dim=True)


def table_agent(agent: str, entry: EnvEntry, env: Any, multiline: bool) -> Choose:
    """The agent named human, expert or noop, which prints each observation that it answers.

    Raises ConfigError when there is no such agent, or the environment has no expert.
    """
    if agent not in ("human", *SCRIPTED):
        hint = nearest(agent, ("human", *SCRIPTED), 1) or " A run or a model plays where a person takes a seat: --as."
        raise ConfigError(f"--agent {agent}: must be human, expert or noop.{hint}")
    expert = getattr(env.unwrapped, "expert", None)
    if agent == "expert" and not callable(expert):
        raise ConfigError(f"--agent expert: {entry.name} has no expert(). Play it yourself: --agent human.")

    def choose(seat: str, observation: Any, space: Any) -> Any:
        typer.echo()
        if entry.kind != "gymnasium":
            typer.secho(f"{seat} sees:", fg="cyan")
        typer.echo(printable(text_of(observation)))
        if agent == "human":
            return _ask(seat, space, multiline)
        if agent == "noop" and not is_text(space):
            raise ConfigError(f"--agent noop: saying nothing is an action only where actions are text, not {space}.")
        if agent == "noop":
            return action_of(space, "")
        said = expert() if entry.kind == "gymnasium" else expert(seat)  # type: ignore[misc]
        return action_of(space, said) if isinstance(said, str) else said

    return choose


def args_of_run(agent: str, entry: EnvEntry, seat: str) -> dict[str, Any]:
    """The arguments of the environment that a run was trained with, where it is this one, or has it for a table: the
    run knows its domain and its level. Empty for anything but a run's directory.

    Those that a table doesn't take are left out, and said.
    """
    from agentrl.config import load_config
    from agentrl.envs.registry import resolve, with_seat
    from agentrl.runs.directory import RunDirectory

    if not (Path(agent) / "config.yaml").is_file():
        return {}
    config = load_config(str(RunDirectory.open(agent).config), whole=True)
    trained = resolve(config.env)
    if entry.factory not in (trained.factory, with_seat(trained, seat).factory if _seated(trained) else None):
        return {}
    kept = {name: value for name, value in config.env_args.items() if entry.accepts(name)}
    if kept:
        typer.echo(f"as in the run: {', '.join(f'{name}={value}' for name, value in kept.items())}")
    if left := [name for name in config.env_args if name not in kept]:
        typer.secho(f"the run's {', '.join(left)} play no part here", fg="yellow")
    return kept


def _seated(entry: EnvEntry) -> bool:
    """Whether an environment has several seats, or names one that has."""
    return entry.kind != "gymnasium" or bool(getattr(entry.factory, "table", ""))


def one_seat(
    seat: str, agent: str, entry: EnvEntry, env: Any, multiline: bool, env_args: Mapping[str, Any], seed: int
) -> Choose:
    """A human in one seat, who sees only what that seat sees; `agent` (expert, noop, a run or a model) has the others.

    A policy is loaded at once: a wrong name is told before anybody has typed. Raises ConfigError where there is no
    such seat or expert, and the errors of loading a policy.
    """
    if seat not in env.possible_agents:
        seats = ", ".join(env.possible_agents)
        raise ConfigError(f"--as {seat}: no such seat.{nearest(seat, env.possible_agents, 1)} Seats: {seats}.")
    human = table_agent("human", entry, env, multiline)
    expert = getattr(env.unwrapped, "expert", None)
    if agent == "expert" and not callable(expert):
        raise ConfigError(f"--agent expert: {entry.name} has no expert(). Name a run or a model.")
    others = [one for one in env.possible_agents if one != seat]
    players = {} if agent in SCRIPTED else _players(agent, others, entry, env_args, seed)

    def answer(other: str, observation: Any) -> str:
        if agent == "noop":
            return ""
        if agent == "expert":
            return str(expert(other))  # type: ignore[misc]
        return players[other](text_of(observation))

    def choose(other: str, observation: Any, space: Any) -> Any:
        if other == seat:
            return human(other, observation, space)
        return action_of(space, answer(other, observation))

    return choose


def _players(
    policy: str, seats: Sequence[str], entry: EnvEntry, env_args: Mapping[str, Any], seed: int
) -> dict[str, Callable[[str], str]]:
    """What a run or a model says in each of the seats. Raises the errors of loading it."""
    from agentrl.evaluation.api import open_seat

    return {seat: open_seat(policy, entry.spec, seat, env_args=env_args, seed=seed) for seat in seats}


def shower(agent: str, seat: str | None = None) -> Watch:
    """What prints each move: what it earned, with the named parts, and the action unless a human typed it.

    With a `seat` it prints the moves of this one only.
    """

    def show(move: Move) -> None:
        if seat is not None and move.seat != seat:
            return
        parts = move.info.get("rewards") or {}
        named = ", ".join(f"{name} {value:+.3g}" for name, value in parts.items() if value)
        if agent != "human":
            typer.secho(f"> {printable(text_of(move.action))}", fg="green")
        typer.secho(f"reward {move.reward:+.3g}{f'  ({named})' if named else ''}", fg="yellow")

    return show


def show_end(record: Play, seat: str | None = None) -> None:
    """Print the last observation (with a `seat` that of this one only) and the result."""
    typer.echo()
    for name, observation in record.final.items() if record.ended else ():
        if seat in (None, name) and (text := text_of(observation)):
            typer.echo(printable(text))
    outcome = "" if record.success is None else ", success" if record.success else ", no success"
    totals = ", ".join(f"{seat} {total:.3g}" for seat, total in record.totals.items())
    reward = totals if len(record.totals) > 1 else f"{record.score:.3g}"
    typer.secho(
        f"{'the end' if record.ended else 'stopped'}: {len(record.moves)} moves, reward {reward}{outcome}", bold=True
    )


def _ask(seat: str, space: Any, multiline: bool) -> Any:
    """What a person answers; None when they stop. Asks again until it fits the space."""
    while True:
        text = _read(multiline and is_text(space))
        if text is None:
            return None
        action = action_of(space, text) if is_text(space) else _parsed(text, space)
        if space.contains(action):
            return action
        typer.secho(f"not an action of {seat}; it must be in {space}", fg="red")


def _read(multiline: bool) -> str | None:
    lines: list[str] = []
    while True:
        try:
            line = input("" if lines else "> ")
        except EOFError:
            return "\n".join(lines) if lines else None
        if line == "." and (multiline or lines):
            return "\n".join(lines)
        lines.append(line)
        if not multiline and not lines[0].startswith(_FENCE):
            return line


def _parsed(text: str, space: Any) -> Any:
    """A typed number or list as an element of a space of numbers; the text itself when it is neither."""
    import numpy as np

    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    if space.shape and isinstance(value, (int, float, list, tuple)):
        return np.asarray(value, dtype=space.dtype)
    return value
