"""Playing a policy without training it: `agentrl eval` and `agentrl generate`, and the same from Python.

A policy is a run directory (its newest whole checkpoint), the folder or hub id of a model, `expert` or `noop`.
"""

import asyncio
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agentrl.data.worded import Worded, worded
from agentrl.envs.registry import resolve
from agentrl.episode import Episode
from agentrl.errors import UserError
from agentrl.evaluation.evaluate import EvalReport, evaluate, evaluation_jobs, hunt, hunter
from agentrl.evaluation.players import Player, open_player, tell_conditions
from agentrl.rollout.opening import open_game
from agentrl.rollout.play import Job
from agentrl.rollout.seats import Seat
from agentrl.runs.disk import plain_errors, write_atomically
from agentrl.training.failures import FailureLimit, tell_failures
from agentrl.training.progress import Display
from agentrl.training.summary import side

_WINDOW: Final = 64
"""Episodes among which no more than the bearable share may have FAILED while data are generated."""
_ENOUGH_TURNS: Final = 50
"""Turns of users from which on it is plain that a language model is not fit to word them."""


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
    env_threads: int | None = None,
    max_failed_share: float | None = None,
    out: str | None = None,
) -> Evaluation:
    """Play `episodes` tasks, each max(k) times, and count; `out` names a JSON file for the report.

    Without `env` a run plays in its own environment. `template`, `max_new_tokens`, `max_context`, `env_threads` and
    `max_failed_share` are those of `TrainConfig`; None takes a run's own, and the defaults for any other policy. pass@k
    is the chance that one of k attempts at a task succeeds, pass^k that all do. Raises the UserErrors of the
    environment and the policy, and TooManyFailuresError when more than `max_failed_share` of the episodes FAILED, or
    all of them: a rate of the others would flatter.
    """
    display = Display()
    limits: dict[str, Any] = {"template": template, "max_new_tokens": max_new_tokens, "max_context": max_context}
    limits |= {"env_threads": env_threads, "max_failed_share": max_failed_share}
    player = open_player(policy, env, env_args or {}, limits, display)
    tell_conditions(player, display)
    jobs = evaluation_jobs(episodes, max(k), split, seed, temperature)
    limit = FailureLimit(player.max_failed_share, len(jobs))
    done = 0
    with display.phase("evaluation") as progress:

        def tell(episode: Episode) -> None:
            nonlocal done
            limit(episode)
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
    notes = [one.note for one in (report.judged, report.worded) if one]
    for told in filter(None, [tell_failures(report.episodes), *notes]):
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
    env_threads: int | None = None,
    max_failed_share: float | None = None,
    inherit: bool = True,
) -> Iterator[Episode]:
    """Play each of `episodes` tasks `samples` times, and hand the episodes out in the tasks' order, many at a time.

    `order` names the tasks by their numbers, where they aren't 0, 1, 2, ... With `first` the tasks before it are passed
    over: they are those that a call without it would begin with. What is wrong with the environment or the policy is
    raised here, not at the first episode. When more than `max_failed_share` of 64 episodes in a row FAILED, or all,
    TooManyFailuresError is raised, and the tasks that were under way are not handed out. A run plays with its own
    arguments of its environment beneath `env_args`, unless `inherit` is False. The other arguments are those of
    `run_evaluation`.
    """
    numbers = range(episodes) if order is None else order[:episodes]
    limits: dict[str, Any] = {"template": template, "max_new_tokens": max_new_tokens, "max_context": max_context}
    limits |= {"env_threads": env_threads, "max_failed_share": max_failed_share}
    display = Display()
    player = open_player(policy, env, env_args or {}, limits, display, inherit=inherit)
    tell_conditions(player, display)
    limit = FailureLimit(player.max_failed_share, min(_WINDOW, max(1, len(numbers) - first) * samples))
    left, at_once = numbers[first:], max(1, player.at_once // samples)
    batches = _batches(left, at_once, samples, split, seed, temperature)
    return _played(player, batches, math.ceil(len(left) / at_once), limit, display)


def _batches(
    numbers: Sequence[int], at_once: int, samples: int, split: str, seed: int, temperature: float
) -> Iterator[list[Job]]:
    """The attempts at the tasks of these numbers, those of `at_once` tasks together."""
    for start in range(0, len(numbers), at_once):
        some = numbers[start : start + at_once]
        yield [job for n in some for job in evaluation_jobs(n + 1, samples, split, seed, temperature, n)]


def _played(
    player: Player, batches: Iterable[Sequence[Job]], count: int, limit: FailureLimit, display: Display
) -> Iterator[Episode]:
    """The episodes of `count` batches; says once why some FAILED, and that a model is not fit for users."""
    told = warned = ""
    spoken: Worded | None = None
    try:
        for number, jobs in enumerate(batches, 1):
            batch = player.collector.collect(jobs, player.make_seat, limit)
            if not told and (told := tell_failures(batch)):
                display.say(told, "yellow")  # once: the others will have much the same reason
            before = [{"user_turns": spoken.as_dict()}] if spoken else []
            spoken = worded(before + [{"user_turns": one.info.get("user_turns")} for one in batch if not one.failed])
            enough = spoken is not None and (number == count or spoken.by_model >= _ENOUGH_TURNS)
            if spoken and enough and not warned and (warned := spoken.note):
                display.say(warned, "yellow")
            yield from batch
    finally:
        player.collector.close()


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
    player = open_player(policy, env, env_args or {}, {}, Display())
    game = open_game(player.collector.entry, player.collector.env_args, (agent,))
    seat = player.make_seat(game, agent, Job("play", seed, seed, temperature=temperature))
    return lambda observation: asyncio.run(_answer(seat, observation))


async def _answer(seat: Seat, observation: str) -> str:
    return await seat.act(observation) or ""


def table_rows(report: EvalReport) -> list[dict[str, Any]]:
    """The report as rows: all, by category, by turns used, by attempts, the judge's grades, and how many episodes
    FAILED or were cut."""
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
    if report.judged:
        n = report.judged.n
        rows.append({"": "judge: share of the best grades", "episodes": n, "grade": f"{report.judged}"})
        rows += [
            {"": f"judge: {name}", "episodes": n, "grade": f"{grade:.2f}"}
            for name, grade in report.judged.criteria.items()
        ]
    if report.worded:
        told = f"{report.worded.replaced} of {report.worded.by_model}"
        rows.append({"": "turns of users that a template spoke instead of the model", "turns": told})
    if report.cut:
        rows.append({"": "with an answer cut at max_new_tokens", "episodes": report.cut})
    if report.no_room:
        rows.append({"": "ended by max_context", "episodes": report.no_room})
    if report.failed:
        rows.append({"": "FAILED, left out", "episodes": report.failed})
    return rows


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
