"""What a training step plays: groups of episodes that share task and seed, with uninformative groups replaced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentrl.config.schema import TrainConfig
from agentrl.episode import Episode, Trajectory
from agentrl.rollout.collector import Collector
from agentrl.rollout.play import Job, MakeSeat
from agentrl.training.failures import check_failures, failures
from agentrl.training.seeds import SAMPLING, TASKS, derive, task_seed


@dataclass(frozen=True, slots=True)
class Rollouts:
    """The episodes of a step, those that FAILED among them, and how many groups were replaced.

    `failures` are the reasons of all episodes that FAILED, those of replaced groups among them.
    """

    episodes: list[Episode]
    replaced: int
    failures: list[str]


def collect_step(
    collector: Collector, make_seat: MakeSeat, config: TrainConfig, step: int, temperature: float, dynamic: bool
) -> Rollouts:
    """Play the groups of a step.

    With `dynamic`, groups in which all episodes got the same reward are replaced by groups on new tasks (DAPO, Yu et
    al. 2025, arXiv 2503.14476, section 3.2), up to `dynamic_sampling_max_factor` times `num_groups` groups in all; if
    that is not enough, the last uninformative ones are kept. Raises TooManyFailuresError.
    """
    wanted, limit = config.num_groups, int(config.num_groups * config.dynamic_sampling_max_factor)
    good: list[list[Episode]] = []
    spare: list[list[Episode]] = []
    every: list[Episode] = []
    played = 0
    while len(good) < wanted and played < (limit if dynamic else wanted):
        count = min(wanted - len(good), limit - played)
        jobs = [job for i in range(played, played + count) for job in _group(collector, config, step, i, temperature)]
        episodes = collector.collect(jobs, make_seat)
        _report(collector, jobs, episodes, config.group_size)
        every += episodes
        check_failures(every, config.max_failed_share, "episodes of this step")
        played += count
        for group in _grouped(episodes, config.group_size):
            (spare if dynamic and is_constant(group) else good).append(group)
    chosen = (good + spare)[:wanted] if len(good) < wanted else good
    episodes = [episode for group in chosen for episode in group]
    return Rollouts(with_diversity(episodes, config.diversity_coef), played - wanted, failures(every))


def is_constant(group: Sequence[Episode]) -> bool:
    """Whether all episodes of a group that did not fail got the same reward: nothing to compare."""
    return len({round(episode.reward, 9) for episode in group if not episode.failed}) <= 1


def with_diversity(episodes: list[Episode], coef: float) -> list[Episode]:
    """Add `coef` times its distance from its group to the last reward of every trajectory, named "diversity".

    The distance is the mean over the other episodes of the group of 1 - Jaccard similarity of the action-token
    bigrams of the same seat: 0 when all say the same, 1 when none shares two tokens in a row with another.
    """
    if not coef:
        return episodes
    bigrams = [
        {t.agent: _bigrams(t) for t in episode.trajectories} if not episode.failed else {} for episode in episodes
    ]
    result = []
    for index, episode in enumerate(episodes):
        mates = [
            bigrams[i]
            for i, other in enumerate(episodes)
            if i != index and other.group == episode.group and not other.failed
        ]
        trajectories = []
        for trajectory in episode.trajectories:
            others = [mate[trajectory.agent] for mate in mates if trajectory.agent in mate]
            distance = _distance(bigrams[index].get(trajectory.agent, set()), others)
            if trajectory.turns and trajectory.trainable and not episode.failed:
                last = trajectory.turns[-1]
                bonus = coef * distance
                parts = {**last.rewards, "diversity": bonus}
                turns = (*trajectory.turns[:-1], replace(last, reward=last.reward + bonus, rewards=parts))
                trajectory = replace(trajectory, turns=turns)
            trajectories.append(trajectory)
        result.append(replace(episode, trajectories=tuple(trajectories)))
    return result


def _group(collector: Collector, config: TrainConfig, step: int, number: int, temperature: float) -> list[Job]:
    task = task_seed(config.seed, TASKS, step, number)
    options = collector.curriculum.draw(task) if collector.curriculum else {}
    return [
        Job(f"{step}-{number}", task, derive(config.seed, SAMPLING, step, number, i), "train", temperature, options)
        for i in range(config.group_size)
    ]


def _report(collector: Collector, jobs: Sequence[Job], episodes: Sequence[Episode], size: int) -> None:
    """Tell the curriculum how its tasks went."""
    if collector.curriculum:
        for first, group in zip(jobs[::size], _grouped(episodes, size), strict=True):
            collector.curriculum.report(first.options, [one.success for one in group if not one.failed])


def _grouped(episodes: Sequence[Episode], size: int) -> list[list[Episode]]:
    return [list(episodes[start : start + size]) for start in range(0, len(episodes), size)]


def _bigrams(trajectory: Trajectory) -> set[tuple[int, int]]:
    return {pair for turn in trajectory.turns for pair in zip(turn.action, turn.action[1:], strict=False)}


def _distance(own: set[tuple[int, int]], others: Sequence[set[tuple[int, int]]]) -> float:
    if not others:
        return 0.0
    return sum(1 - len(own & other) / max(1, len(own | other)) for other in others) / len(others)
