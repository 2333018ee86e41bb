"""Playing a policy without training it: `agentrl eval` and `agentrl generate`, and the same from Python.

A policy is a run directory (its newest whole checkpoint), the folder or hub id of a model, `expert` or `noop`.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentrl.config import load_config, make_config
from agentrl.config.schema import TrainConfig
from agentrl.engines.embedded import EmbeddedEngine
from agentrl.envs.registry import resolve
from agentrl.episode import Episode
from agentrl.errors import CheckpointError, ConfigError, TooManyFailuresError, UserError
from agentrl.evaluation.evaluate import EvalReport, evaluate, evaluation_jobs, hunt, hunter
from agentrl.policies.loading import load_policy
from agentrl.rollout.collector import Collector
from agentrl.rollout.opening import open_game
from agentrl.rollout.play import Job, MakeSeat
from agentrl.rollout.scripts import expert_seat, noop_seat, policy_seats
from agentrl.rollout.seats import Seat
from agentrl.runs.checkpoints import find_checkpoint
from agentrl.runs.directory import RunDirectory
from agentrl.runs.disk import plain_errors, write_atomically
from agentrl.training.failures import tell_failures
from agentrl.training.progress import Display
from agentrl.training.setup import open_collector
from agentrl.training.summary import side


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a policy reached: the counts, and the same as rows of a table for people."""

    report: EvalReport
    rows: list[dict[str, Any]]


def run_evaluation(
    policy: str,
    env: str | None = None,
    *,
    episodes: int = 256,
    split: str = "test",
    temperature: float = 1.0,
    k: Sequence[int] = (1,),
    seed: int = 0,
    env_args: Mapping[str, Any] | None = None,
    template: str | None = None,
    max_new_tokens: int | None = None,
    max_context: int | None = None,
    out: str | None = None,
) -> Evaluation:
    """Play `episodes` tasks, each max(k) times, and count; `out` names a JSON file for the report.

    Without `env` a run plays in its own environment. `template`, `max_new_tokens` and `max_context` are those of
    `TrainConfig`; None takes a run's own, and the defaults for any other policy. pass@k is the chance that one of k
    attempts at a task succeeds, pass^k that all do. Raises the UserErrors of the environment and the policy, and
    TooManyFailuresError when all episodes FAILED.
    """
    display = Display()
    limits = {"template": template, "max_new_tokens": max_new_tokens, "max_context": max_context}
    player = _open_player(policy, env, env_args or {}, limits, display)
    jobs = evaluation_jobs(episodes, max(k), split, seed, temperature)
    done = 0
    with display.phase("evaluation") as progress:

        def tell(_: Episode) -> None:
            nonlocal done
            done += 1
            progress(done, len(jobs), "episodes")

        try:
            hunting, make_seat = hunter(player.collector, split), player.make_seat
            if hunting is None:
                report = evaluate(player.collector, make_seat, jobs, ks=k, on_episode=tell)
            else:
                report = hunt(player.collector, hunting, make_seat, jobs, max(k), ks=k, on_episode=tell)
        finally:
            player.collector.close()
    if report.failed == len(jobs):
        raise TooManyFailuresError(f"all {len(jobs)} episodes FAILED. The first: {report.episodes[0].failure}")
    if told := tell_failures(report.episodes):
        display.say(told, "yellow")
    if out is not None:
        asked = {"policy": policy, "env": player.collector.entry.name, "split": split, "temperature": temperature}
        _write(Path(out), {**asked, "seed": seed, **_as_dict(report)})
    return Evaluation(report, table_rows(report))


def generate_episodes(
    policy: str,
    env: str,
    *,
    episodes: int = 100,
    samples: int = 1,
    first: int = 0,
    order: Sequence[int] | None = None,
    split: str = "train",
    seed: int = 0,
    temperature: float = 1.0,
    env_args: Mapping[str, Any] | None = None,
    template: str | None = None,
    max_new_tokens: int | None = None,
    max_context: int | None = None,
) -> Iterator[Episode]:
    """Play each of `episodes` tasks `samples` times, and hand the episodes out in the tasks' order, many at a time.

    `order` names the tasks by their numbers, where they aren't 0, 1, 2, ... With `first` the tasks before it are passed
    over: they are those that a call without it would begin with. What is wrong with the environment or the policy is
    raised here, not at the first episode. The other arguments are those of `run_evaluation`.
    """
    numbers = range(episodes) if order is None else order[:episodes]
    limits = {"template": template, "max_new_tokens": max_new_tokens, "max_context": max_context}
    display = Display()
    player = _open_player(policy, env, env_args or {}, limits, display)
    tasks_at_once = max(1, player.at_once // samples)

    def played() -> Iterator[Episode]:
        told = ""
        try:
            for start in range(first, len(numbers), tasks_at_once):
                some = numbers[start : start + tasks_at_once]
                jobs = [job for n in some for job in evaluation_jobs(n + 1, samples, split, seed, temperature, n)]
                batch = player.collector.collect(jobs, player.make_seat)
                if not told and (told := tell_failures(batch)):
                    display.say(told, "yellow")  # once: the others will have much the same reason
                yield from batch
        finally:
            player.collector.close()

    return played()


def draw_tasks(
    env: str, *, tasks: int, split: str = "train", seed: int = 0, env_args: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """What the environment tells of each task that `generate_episodes` would play: its labels, its category.

    Each is reset, and none played. Raises the UserErrors of the environment.
    """
    game = open_game(resolve(env), env_args or {})
    try:
        for job in evaluation_jobs(tasks, 1, split, seed, 1.0):
            game.reset(job.task_seed, job.split, job.options)
            yield game.info
    finally:
        game.close()


def open_seat(
    policy: str,
    env: str,
    agent: str,
    *,
    env_args: Mapping[str, Any] | None = None,
    seed: int = 0,
    temperature: float = 1.0,
) -> Callable[[str], str]:
    """A policy in one seat of an episode that somebody else plays: a function from what it observes to what it says.

    It says nothing when the conversation no longer fits its context. Raises what `run_evaluation` raises.
    """
    player = _open_player(policy, env, env_args or {}, {}, Display())
    game = open_game(player.collector.entry, player.collector.env_args, (agent,))
    seat = player.make_seat(game, agent, Job("play", seed, seed, temperature=temperature))
    return lambda observation: asyncio.run(_answer(seat, observation))


async def _answer(seat: Seat, observation: str) -> str:
    return await seat.act(observation) or ""


def table_rows(report: EvalReport) -> list[dict[str, Any]]:
    """The report as rows: all, by category, by turns used, by attempts, and how many episodes FAILED or were cut."""
    rows: list[dict[str, Any]] = [
        {"": "all", "success": report.overall, "episodes": report.overall.n, "mean reward": f"{report.reward:.3f}"}
    ]
    rows += [{"": name, "success": rate, "episodes": rate.n} for name, rate in report.by_category.items()]
    rows += [
        {"": f"operator: {name}", "success": rate, "episodes": rate.n} for name, rate in report.by_operator.items()
    ]
    rows += [{"": f"turns used: {n}", "success": rate, "episodes": rate.n} for n, rate in report.by_turns.items()]
    for k in sorted(report.pass_at):
        if max(report.pass_at) > 1:
            rows.append({"": f"pass@{k}", "success": f"{report.pass_at[k]:.1%}"})
            rows.append({"": f"pass^{k}", "success": f"{report.pass_hat[k]:.1%}"})
    if report.cut:
        rows.append({"": "with an answer cut at max_new_tokens", "episodes": report.cut})
    if report.no_room:
        rows.append({"": "ended by max_context", "episodes": report.no_room})
    if report.failed:
        rows.append({"": "FAILED, left out", "episodes": report.failed})
    return rows


@dataclass(frozen=True, slots=True)
class _Player:
    """A policy ready to play in its environment; `at_once` episodes are in flight."""

    collector: Collector
    make_seat: MakeSeat
    at_once: int


def _open_player(
    policy: str, env: str | None, env_args: Mapping[str, Any], limits: Mapping[str, Any], display: Display
) -> _Player:
    from agentrl import runtime

    runtime.quiet_libraries()
    config, model = _settings(policy, env, env_args, limits, display)
    entry = resolve(config.env)
    if model is None:
        collector = open_collector(config, entry, scripted=True)
        if policy == "expert" and not collector.has_expert:
            raise UserError(
                f"{entry.name} has no expert(), so it cannot be played by one. Write `expert(self) -> str` in the "
                "environment, or name a model or a run."
            )
        return _Player(collector, expert_seat if policy == "expert" else noop_seat, config.concurrency)
    runtime.configure(config.threads)
    loaded = load_policy(model, template=config.template)
    collector = open_collector(config, entry)
    engine = EmbeddedEngine(loaded, slots=config.concurrency * collector.seats, max_context=config.max_context)
    make_seat = policy_seats(engine, loaded.chat, max_new_tokens=config.max_new_tokens)
    return _Player(collector, make_seat, config.concurrency)


def _settings(
    policy: str, env: str | None, env_args: Mapping[str, Any], limits: Mapping[str, Any], display: Display
) -> tuple[TrainConfig, str | None]:
    """The settings to play with, a run's own where the policy is one, and the model's folder or hub id."""
    given = {key: value for key, value in limits.items() if value is not None}
    if (Path(policy) / "config.yaml").is_file():
        run = RunDirectory.open(policy)
        config = load_config(str(run.config), [f"{key}={value}" for key, value in given.items()], whole=True)
        seats = None
        if env is None or env == config.env:
            env_args = {**config.env_args, **env_args}
            seats = config.trainable_seats
        # a checkpoint's tokenizer has the run's template already
        changed = {"env": env or config.env, "env_args": dict(env_args), "template": given.get("template")}
        changed["trainable_seats"] = seats
        return config.model_copy(update=changed), str(_newest_checkpoint(run, display))
    if env is None:
        raise ConfigError(f"{policy} is no run directory, so say in which environment it plays, with --env NAME.")
    model = None if policy in ("expert", "noop") else policy
    return make_config(env=env, env_args=dict(env_args), model_name_or_path=model, **given), model


def _newest_checkpoint(run: RunDirectory, display: Display) -> Path:
    """The newest whole checkpoint of a run, or the policy that it began with."""
    found, notes = find_checkpoint(run.checkpoints)
    for note in notes:
        display.say(note, "yellow")
    if found is None:
        found, _ = find_checkpoint(run.path / "initial")
        display.say("the run has no checkpoint yet: this is the policy that it started from", "yellow")
    if found is None:
        raise CheckpointError(f"{run.path}: the run holds no whole checkpoint. Go on with it: --resume {run.path}")
    return found


def _as_dict(report: EvalReport) -> dict[str, Any]:
    return {
        **side(report),
        "by_operator": {name: rate.as_dict() for name, rate in report.by_operator.items()},
        "pass_at": {str(k): value for k, value in report.pass_at.items()},
        "pass_hat": {str(k): value for k, value in report.pass_hat.items()},
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with plain_errors(UserError, path):
        write_atomically(path, json.dumps(content, indent=2).encode())
