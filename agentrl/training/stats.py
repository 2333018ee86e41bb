"""The numbers of a step that come from its episodes."""

from collections.abc import Sequence

import numpy as np

from agentrl.data.worded import worded
from agentrl.episode import Episode, Stop
from agentrl.evaluation.statistics import judged
from agentrl.training.rollouts import Rollouts, is_constant


def rollout_metrics(rollouts: Rollouts, group_size: int) -> dict[str, float]:
    """Rewards, lengths, groups and failures of a step's episodes; FAILED ones count as failures only."""
    episodes = rollouts.episodes
    played = [episode for episode in episodes if not episode.failed]
    rewards = np.array([episode.reward for episode in played])
    turns = [turn for episode in played for t in episode.trajectories if t.trainable for turn in t.turns]
    groups = [episodes[start : start + group_size] for start in range(0, len(episodes), group_size)]
    return {
        "reward/mean": float(rewards.mean()),
        "reward/std": float(rewards.std()),
        "reward/success": float(np.mean([episode.success for episode in played])),
        **_parts(played),
        **_grades(played),
        **_users(played),
        "episode/turns": float(np.mean([episode.turns for episode in played])),
        "episode/tokens": float(np.mean([sum(t.sampled_tokens for t in e.trajectories) for e in played])),
        "episode/failed_share": len(rollouts.failures) / (len(episodes) + rollouts.replaced * group_size),
        "episode/no_room_share": float(np.mean([episode.no_room for episode in played])),
        "episode/length_stop_share": float(np.mean([turn.stop is Stop.LENGTH for turn in turns])),
        "groups/constant_share": float(np.mean([is_constant(group) for group in groups])),
        "groups/replaced": float(rollouts.replaced),
    }


def _parts(episodes: Sequence[Episode]) -> dict[str, float]:
    """The mean of each named part of the reward, over the seats that learn as `Episode.reward` is; and with several of
    them the mean reward of each, as "seat_reward/NAME"."""
    sums: dict[str, float] = {}
    for episode in episodes:
        learning = [trajectory for trajectory in episode.trajectories if trajectory.trainable]
        for trajectory in learning:
            parts = {f"reward/{name}": value / len(learning) for name, value in trajectory.rewards.items()}
            own = {f"seat_reward/{trajectory.agent}": trajectory.reward} if len(learning) > 1 else {}
            for name, value in (parts | own).items():
                sums[name] = sums.get(name, 0.0) + value
    return {name: value / len(episodes) for name, value in sums.items()}


def _grades(episodes: Sequence[Episode]) -> dict[str, float]:
    """What the environment's judge thought, where it has one and graded any."""
    found = judged(episodes)
    if found is None:
        return {}
    missing = {"judge/missing_share": found.missing / (found.n + found.missing)}
    named = {f"judge/{name}": grade for name, grade in found.criteria.items()}
    return missing | ({"judge/share": found.share} | named if found.n else {})


def _users(episodes: Sequence[Episode]) -> dict[str, float]:
    """How often a template spoke for the language model that words the users, where one does."""
    found = worded(episode.info for episode in episodes)
    return {} if found is None else {"users/template_share": found.share}


def mismatch(own: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> float:
    """The mean absolute difference in nats of two policies' log-probs of the same tokens, given per row (A,)."""
    return float(np.abs(np.concatenate(own) - np.concatenate(theirs)).mean())


def explained_variance(values: np.ndarray, returns: np.ndarray) -> float:
    """1 - Var(returns - values) / Var(returns): 1 for a perfect critic, 0 for a constant one; NaN without variance."""
    spread = float(returns.var())
    return 1 - float((returns - values).var()) / spread if spread > 0 else float("nan")
