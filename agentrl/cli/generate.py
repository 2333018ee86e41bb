"""`agentrl generate`: let a policy play, and keep its episodes as data."""

import contextlib
import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentrl.cli.console import progress
from agentrl.cli.words import MaxContext, MaxNewTokens, Split, Template, check_policy
from agentrl.errors import ConfigError, UserError

if TYPE_CHECKING:
    from agentrl.data.jsonl import JsonlWriter
    from agentrl.episode import Episode


class Format(enum.StrEnum):
    """What is written."""

    BOTH = "both"
    EPISODES = "episodes"
    MESSAGES = "messages"


@dataclass(slots=True)
class _Tally:
    played: int = 0
    kept: int = 0
    failed: int = 0
    successes: int = 0


def generate(
    env: Annotated[str, typer.Option(help="Environment: a name, ./file.py:Class, gymnasium:ID, ...")],
    out: Annotated[str, typer.Option(help="File of episodes to write; messages lie next to it.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Arguments of the environment.", show_default=False),
    ] = None,
    policy: Annotated[str, typer.Option(help="expert, noop, a model, or a run.")] = "expert",
    episodes: Annotated[int, typer.Option(min=1, help="How many episodes to play.")] = 100,
    only_success: Annotated[bool, typer.Option("--only-success", help="Keep successful episodes only.")] = False,
    form: Annotated[Format, typer.Option("--format", help="Our episodes, chat messages, or both.")] = Format.BOTH,
    split: Annotated[Split, typer.Option(help="test is held out from training.")] = Split.TRAIN,
    temperature: Annotated[float, typer.Option(min=0.0, help="Sampling temperature; 0 is greedy.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of tasks and sampling.")] = 0,
    template: Template = None,
    max_new_tokens: MaxNewTokens = None,
    max_context: MaxContext = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Write episodes as JSON lines, and as chat messages to fine-tune on.

    Ctrl-C keeps what was played so far.
    """
    from agentrl.config import parse_env_args

    env_args = parse_env_args(words or [])
    check_policy(policy, env)
    files = _files(Path(out), form, force)
    from agentrl.evaluation.api import generate_episodes

    played = generate_episodes(
        policy,
        env,
        episodes=episodes,
        split=str(split),
        seed=seed,
        temperature=temperature,
        env_args=env_args,
        template=template,
        max_new_tokens=max_new_tokens,
        max_context=max_context,
    )
    tally = _Tally()
    try:
        with _writers(files) as writers, progress() as bar:
            task = bar.add_task("playing", total=episodes)
            for episode in played:
                _keep(episode, only_success, writers, tally)
                bar.update(task, advance=1, description=f"playing, {tally.successes / tally.played:.0%} succeed")
    finally:
        _report(tally, files)


def _files(out: Path, form: Format, force: bool) -> dict[Format, Path]:
    """What is written where. Raises UserError when something is there already."""
    if out.is_dir():
        raise ConfigError(f"--out {out}: this is a folder; name a file, e.g. {out / 'episodes.jsonl'}.")
    files: dict[Format, Path] = {form: out}
    if form is Format.BOTH:
        files = {Format.EPISODES: out, Format.MESSAGES: out.with_name(f"{out.stem}.messages.jsonl")}
    existing = [str(path) for path in files.values() if path.exists()]
    if existing and not force:
        raise UserError(f"{' and '.join(existing)}: exists already. Choose another --out, or overwrite with --force.")
    return files


@contextlib.contextmanager
def _writers(files: dict[Format, Path]) -> "Iterator[dict[Format, JsonlWriter]]":
    from agentrl.data.jsonl import JsonlWriter

    with contextlib.ExitStack() as stack:
        yield {form: stack.enter_context(JsonlWriter(path, keep_partial=True)) for form, path in files.items()}


def _keep(episode: "Episode", only_success: bool, writers: "dict[Format, JsonlWriter]", tally: _Tally) -> None:
    from agentrl.data.export import to_messages

    tally.played += 1
    if episode.failed:  # the machinery broke: this says nothing about the policy
        tally.failed += 1
        return
    tally.successes += episode.success
    if only_success and not episode.success:
        return
    if Format.EPISODES in writers:
        writers[Format.EPISODES].write(episode.to_json())
    if Format.MESSAGES in writers:
        for seat in episode.trajectories:
            if seat.trainable:
                writers[Format.MESSAGES].write(json.dumps(to_messages(episode, seat.agent), ensure_ascii=False))
    tally.kept += 1


def _report(tally: _Tally, files: dict[Format, Path]) -> None:
    typer.echo(
        f"played {tally.played} episodes, {tally.successes} with success"
        + (f", {tally.failed} failed and are left out" if tally.failed else "")
        + f"; kept {tally.kept}"
    )
    for form, path in files.items():
        if path.exists():
            typer.echo(f"  {form}: {path}")
