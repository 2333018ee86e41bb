"""Held-out evaluation: the same tasks for every policy, and what share of them it solves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agentrl.data.worded import Worded, worded
from agentrl.envs.base import Curriculum
from agentrl.episode import Episode, Stop
from agentrl.evaluation.statistics import (
    Judged,
    Rate,
    by_category,
    by_operator,
    by_turns,
    judged,
    pass_at_k,
    pass_hat_k,
    rate,
)
from agentrl.rollout.collector import Collector
from agentrl.rollout.play import Job, MakeSeat
from agentrl.training.seeds import EVALUATION, derive, held_out_seed, task_seed

HUNTED: Final = 16
"""Tasks that are chosen at a time while an evaluation hunts for faults."""


@dataclass(frozen=True, slots=True)
class EvalReport:
    """What an evaluation found. `failed` episodes are in none of the rates; those with an action that was `cut` at
    `max_new_tokens`, and those that ended because they had `no_room` in the context, are in all.

    `judged` is what the environment's judge thought of them, where it has one, and `worded` how often a language model
    that words simulated users could not be kept to what they mean.
    `pass_at` and `pass_hat` map k to the chance that one of k samples, or all of k, solve a task, averaged over tasks.
    """

    episodes: tuple[Episode, ...]
    overall: Rate
    by_category: dict[str, Rate]
    by_turns: dict[int, Rate]
    by_operator: dict[str, Rate]
    reward: float
    failed: int
    cut: int
    no_room: int
    judged: Judged | None
    worded: Worded | None
    pass_at: dict[int, float]
    pass_hat: dict[int, float]


def evaluation_jobs(tasks: int, samples: int, split: str, seed: int, temperature: float, first: int = 0) -> list[Job]:
    """`samples` episodes for each task of a split, from number `first` up to `tasks`; held-out tasks are the same for
    every seed.

    The environment is told the number too, so that one which plays a given list of tasks plays each of them once.
    """
    jobs = []
    for index in range(first, tasks):
        task = held_out_seed(index) if split == "test" else task_seed(seed, EVALUATION, index)
        for sample in range(samples):
            sampling = derive(seed, EVALUATION, index, sample)
            jobs.append(Job(f"{split}-{index}", task, sampling, split, temperature, {"number": index}))
    return jobs


def evaluate(
    collector: Collector,
    make_seat: MakeSeat,
    jobs: Sequence[Job],
    *,
    ks: Sequence[int] = (1,),
    on_episode: Callable[[Episode], None] | None = None,
) -> EvalReport:
    """Play the jobs and count."""
    return report_on(collector.collect(jobs, make_seat, on_episode), ks)


def hunter(collector: Collector, split: str) -> Curriculum | None:
    """What chooses the tasks of an evaluation by how the policy does, where the environment was asked for it."""
    make = getattr(collector.curriculum, "in_evaluation", None)
    return make(split) if make else None


def hunt(
    collector: Collector,
    curriculum: Curriculum,
    make_seat: MakeSeat,
    jobs: Sequence[Job],
    samples: int,
    *,
    ks: Sequence[int] = (1,),
    on_episode: Callable[[Episode], None] | None = None,
) -> EvalReport:
    """Play the jobs, `samples` of them a task, with tasks that follow from how the ones before went; and count.

    The rates are no estimate for tasks drawn at random, and two policies are not played the same ones.
    """
    episodes: list[Episode] = []
    for start in range(0, len(jobs), HUNTED * samples):
        groups = [list(jobs[at : at + samples]) for at in range(start, len(jobs), samples)][:HUNTED]
        chosen = [curriculum.draw(group[0].task_seed) for group in groups]
        drawn = zip(groups, chosen, strict=True)
        played = collector.collect(
            [replace(job, options=one) for group, one in drawn for job in group], make_seat, on_episode
        )
        for number, one in enumerate(chosen):
            tries = played[number * samples : (number + 1) * samples]
            curriculum.report(one, [episode.success for episode in tries if not episode.failed])
        episodes += played
    return report_on(episodes, ks)


def report_on(episodes: Sequence[Episode], ks: Sequence[int] = (1,)) -> EvalReport:
    """Rates of episodes that have been played."""
    played = [episode for episode in episodes if not episode.failed]
    outcomes: dict[str, list[bool]] = {}
    for episode in played:
        outcomes.setdefault(episode.group, []).append(episode.success)
    return EvalReport(
        episodes=tuple(episodes),
        overall=rate([episode.success for episode in played]),
        by_category=by_category(played),
        by_turns=by_turns(played),
        by_operator=by_operator(played),
        reward=sum(episode.reward for episode in played) / max(1, len(played)),
        failed=len(episodes) - len(played),
        cut=sum(_is_cut(episode) for episode in played),
        no_room=sum(episode.no_room for episode in played),
        judged=judged(played),
        worded=worded(episode.info for episode in played),
        pass_at={k: _mean_over_tasks(outcomes, k, pass_at_k) for k in ks},
        pass_hat={k: _mean_over_tasks(outcomes, k, pass_hat_k) for k in ks},
    )


def _is_cut(episode: Episode) -> bool:
    return any(turn.stop is Stop.LENGTH for trajectory in episode.trajectories for turn in trajectory.turns)


def _mean_over_tasks(outcomes: dict[str, list[bool]], k: int, estimate: Callable[[int, int, int], float]) -> float:
    values = [estimate(sum(tries), len(tries), k) for tries in outcomes.values() if len(tries) >= k]
    return sum(values) / len(values) if values else 0.0
