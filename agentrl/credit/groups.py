"""Credit by comparison: a trajectory is as good as its reward is better than that of its peers.

Every function takes the total rewards (N,) of N trajectories and the group of each (the episodes that share task and
seed), and returns the advantages (N,) in float64. FAILED trajectories are left out by the caller: they have no
reward, and a 0 in their place would move everybody else's advantage.

A group of one has nothing to compare with. Its advantage is 0, not its raw reward, and an `AgentRLWarning` says so.

Standard deviations are those of the population (divided by n, not n - 1): the group is all that is standardised, not
a sample that estimates something larger, so the squared advantages of a group average to 1 and a group of two gets
exactly -1 and 1. Libraries that divide by n - 1 get advantages smaller by sqrt((n - 1) / n), which is one constant
for groups of equal size.
"""

import warnings
from collections.abc import Callable, Hashable, Sequence
from typing import Concatenate, ParamSpec

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agentrl.errors import AgentRLWarning

FloatArray = NDArray[np.float64]
Options = ParamSpec("Options")

EPSILON = 1e-6
"""Added to every standard deviation; rewards live on a scale of about 1."""


def group_relative(rewards: ArrayLike, groups: Sequence[Hashable], *, std: bool = True) -> FloatArray:
    """Advantages A_i = (r_i - mean of the group) / (std of the group + 1e-6): GRPO.

    `rewards` (N,), `groups` N labels; returns (N,). With `std=False` the division is left out (Dr. GRPO), since it
    gives tasks that are nearly always solved, or nearly never, the largest gradients. A group whose rewards are all
    equal gets exactly 0; a group of one gets 0 and an AgentRLWarning.

    Source: Shao et al. 2024, arXiv 2402.03300, section 4.1.2; without std: Liu et al. 2025, arXiv 2503.20783.
    Raises ValueError when the lengths differ or a reward is not finite.
    """

    def credit(peers: FloatArray) -> FloatArray:
        return _standardise(peers) if std else _centre(peers)

    return _per_group(credit, _rewards(rewards), groups)


def leave_one_out(rewards: ArrayLike, groups: Sequence[Hashable]) -> FloatArray:
    """Advantages A_i = r_i - mean of the *other* rewards of the group: RLOO.

    `rewards` (N,), `groups` N labels; returns (N,). The baseline does not depend on the trajectory itself, so the
    gradient is unbiased. It equals n / (n - 1) times the distance from the mean of all n. A group of one gets 0 and
    an AgentRLWarning.

    Source: Ahmadian et al. 2024, arXiv 2402.14740.
    Raises ValueError when the lengths differ or a reward is not finite.
    """

    def credit(peers: FloatArray) -> FloatArray:
        return _centre(peers) * (len(peers) / (len(peers) - 1))

    return _per_group(credit, _rewards(rewards), groups)


def reinforce_pp(
    rewards: ArrayLike, groups: Sequence[Hashable] | None = None, *, group_baseline: bool = False
) -> FloatArray:
    """Advantages standardised over the whole batch instead of within a group: REINFORCE++.

    `rewards` (N,); returns (N,). With `group_baseline` (the paper's "w/ Baseline", for several trajectories per task)
    the mean of the group in `groups` is subtracted first, and the batch's mean and std are those of the differences;
    a group of one then gets 0 and an AgentRLWarning, and is left out of the batch's statistics. Without it `groups`
    is ignored, and trajectories of easy tasks look better than those of hard ones.

    Source: Hu et al. 2025, arXiv 2501.03262 (version 9, both variants).
    Raises ValueError when the lengths differ, a reward is not finite, or `group_baseline` is asked for without groups.
    """
    totals = _rewards(rewards)
    if not group_baseline:
        return whiten(totals)
    if groups is None:
        raise ValueError("group_baseline needs groups")
    compared = np.zeros(len(totals), dtype=bool)
    for members in _members(totals, groups):
        compared[members] = len(members) > 1
    return whiten(_per_group(_centre, totals, groups), compared)


def by_agent(
    credit: Callable[Concatenate[ArrayLike, Sequence[Hashable], Options], FloatArray],
) -> Callable[Concatenate[ArrayLike, Sequence[Hashable], Sequence[str], Options], FloatArray]:
    """Apply a credit function to the trajectories of each seat separately, as if no other seat existed.

    `credit` is one of the functions above; the result takes the seat of each trajectory as a third argument:

        by_agent(group_relative)(rewards, groups, agents, std=False)   # (N,), N labels, N names -> (N,)

    For group functions this equals groups keyed by (group, seat); for `reinforce_pp` the batch statistics are per seat
    too. Seats have different reward distributions (a buyer's and a seller's), so a common baseline teaches one of them
    that everything it does is good.

    Source: Dr. MAS, Feng et al. 2026, arXiv 2602.08847; role-conditioned advantages, Liu et al. 2025, arXiv 2506.24119.
    The result raises ValueError when the lengths differ, and whatever `credit` raises.
    """

    def per_seat(
        rewards: ArrayLike,
        groups: Sequence[Hashable],
        agents: Sequence[str],
        /,
        *args: Options.args,
        **options: Options.kwargs,
    ) -> FloatArray:
        totals = _rewards(rewards)
        _check_length("groups", groups, totals)
        advantages = np.zeros_like(totals)
        for members in _members(totals, agents, "agents"):
            labels = [groups[index] for index in members]
            advantages[members] = credit(totals[members], labels, *args, **options)
        return advantages

    return per_seat


def whiten(x: ArrayLike, mask: ArrayLike | None = None) -> FloatArray:
    """(x - mean) / (std + 1e-6) over the entries where `mask` is true; 0 elsewhere, and 0 when all are equal.

    `x` of any shape, `mask` of the same shape (None: all); returns the shape of `x`. What stands outside of the mask is
    never read, NaN included. Raises ValueError when the shapes differ.
    """
    values = np.asarray(x, dtype=np.float64)
    chosen = np.ones(values.shape, dtype=bool) if mask is None else np.asarray(mask, dtype=bool)
    if chosen.shape != values.shape:
        raise ValueError(f"mask has shape {chosen.shape}, x has shape {values.shape}")
    whitened = np.zeros_like(values)
    if chosen.any():
        whitened[chosen] = _standardise(values[chosen])
    return whitened


def _centre(peers: FloatArray) -> FloatArray:
    # The rounded mean of equal numbers may differ from them by an ulp, which must not become a gradient.
    centred: FloatArray = np.zeros_like(peers) if np.ptp(peers) == 0 else peers - peers.mean()
    return centred


def _standardise(peers: FloatArray) -> FloatArray:
    standardised: FloatArray = _centre(peers) / (peers.std() + EPSILON)
    return standardised


def _per_group(
    credit: Callable[[FloatArray], FloatArray], rewards: FloatArray, groups: Sequence[Hashable]
) -> FloatArray:
    advantages = np.zeros_like(rewards)
    members = _members(rewards, groups)
    for indices in members:
        if len(indices) > 1:
            advantages[indices] = credit(rewards[indices])
    _warn_about_singletons(sum(len(indices) == 1 for indices in members), len(members))
    return advantages


def _members(rewards: FloatArray, labels: Sequence[Hashable], name: str = "groups") -> list[list[int]]:
    """The indices that carry each label, in order of first appearance."""
    _check_length(name, labels, rewards)
    members: dict[Hashable, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    return list(members.values())


def _rewards(rewards: ArrayLike) -> FloatArray:
    totals = np.asarray(rewards, dtype=np.float64)
    if totals.ndim != 1:
        raise ValueError(f"rewards must have shape (N,), not {totals.shape}")
    if not np.isfinite(totals).all():
        raise ValueError(f"{np.count_nonzero(~np.isfinite(totals))} of {len(totals)} rewards are not finite")
    return totals


def _check_length(name: str, labels: Sequence[object], rewards: FloatArray) -> None:
    if len(labels) != len(rewards):
        raise ValueError(f"{len(labels)} {name} for {len(rewards)} rewards")


def _warn_about_singletons(alone: int, total: int) -> None:
    if alone:
        warnings.warn(
            f"{alone} of {total} groups hold one trajectory only: there is nothing to compare it with, so its "
            "advantage is 0 and nothing is learnt from it. Play each task at least twice (group_size), or use a "
            "credit that needs no groups.",
            AgentRLWarning,
            stacklevel=4,  # the caller of the public function
        )
