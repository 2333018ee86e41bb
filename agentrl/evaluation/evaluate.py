"""Held-out evaluation: the same tasks for every policy, and what share of them it solves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentrl.episode import Episode, Stop
from agentrl.evaluation.statistics import Rate, by_category, by_turns, pass_at_k, pass_hat_k, rate
from agentrl.rollout.collector import Collector
from agentrl.rollout.play import Job, MakeSeat
from agentrl.training.seeds import EVALUATION, derive, held_out_seed, task_seed


@dataclass(frozen=True, slots=True)
class EvalReport:
    """What an evaluation found. `failed` episodes are in none of the rates; those with an action that was `cut` at
    `max_new_tokens`, and those that ended because they had `no_room` in the context, are in all.

    `pass_at` and `pass_hat` map k to the chance that one of k samples, or all of k, solve a task, averaged over tasks.
    """

    episodes: tuple[Episode, ...]
    overall: Rate
    by_category: dict[str, Rate]
    by_turns: dict[int, Rate]
    reward: float
    failed: int
    cut: int
    no_room: int
    pass_at: dict[int, float]
    pass_hat: dict[int, float]


def evaluation_jobs(tasks: int, samples: int, split: str, seed: int, temperature: float, first: int = 0) -> list[Job]:
    """`samples` episodes for each task of a split, from number `first` up to `tasks`; held-out tasks are the same for
    every seed."""
    jobs = []
    for index in range(first, tasks):
        task = held_out_seed(index) if split == "test" else task_seed(seed, EVALUATION, index)
        for sample in range(samples):
            sampling = derive(seed, EVALUATION, index, sample)
            jobs.append(Job(f"{split}-{index}", task, sampling, split, temperature))
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
        reward=sum(episode.reward for episode in played) / max(1, len(played)),
        failed=len(episodes) - len(played),
        cut=sum(_is_cut(episode) for episode in played),
        no_room=sum(episode.no_room for episode in played),
        pass_at={k: _mean_over_tasks(outcomes, k, pass_at_k) for k in ks},
        pass_hat={k: _mean_over_tasks(outcomes, k, pass_hat_k) for k in ks},
    )


def _is_cut(episode: Episode) -> bool:
    return any(turn.stop is Stop.LENGTH for trajectory in episode.trajectories for turn in trajectory.turns)


def _mean_over_tasks(outcomes: dict[str, list[bool]], k: int, estimate: Callable[[int, int, int], float]) -> float:
    values = [estimate(sum(tries), len(tries), k) for tries in outcomes.values() if len(tries) >= k]
    return sum(values) / len(values) if values else 0.0
