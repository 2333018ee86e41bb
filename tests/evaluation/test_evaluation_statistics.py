"""Rates, their intervals, and the chance that one of k attempts, or all of them, succeed."""

import itertools

import numpy as np
import pytest

from agentrl.episode import End, Episode, Trajectory, Turn
from agentrl.evaluation.evaluate import evaluation_jobs, report_on
from agentrl.evaluation.statistics import pass_at_k, pass_hat_k, rate
from agentrl.training.seeds import TEST_OFFSET


def played(success: bool, *, turns: int = 1, category: str = "", group: str = "g", failed: bool = False) -> Episode:
    end = End.FAILED if failed else End.TERMINATED
    trajectory = Trajectory("agent", (Turn(reward=0.5),) * turns, end)
    return Episode("e", "t", 0, group, (trajectory,), info={"success": success, "category": category})


def test_wilson_s_interval_agrees_with_the_published_example() -> None:
    # Newcombe 1998, table I: 81 of 263, method 3
    result = rate([True] * 81 + [False] * 182)
    assert (result.low, result.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 1.0])
def test_the_interval_covers_the_truth_as_often_as_it_says(share: float) -> None:
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(600):
        result = rate([bool(x) for x in rng.random(60) < share])
        inside += result.low <= share <= result.high
    assert inside / 600 > 0.92


def test_nothing_played_is_no_rate() -> None:
    assert str(rate([])) == "-"
    assert (rate([]).low, rate([]).high) == (0.0, 1.0)


@pytest.mark.parametrize(("n", "successes", "k"), [(5, 2, 1), (5, 2, 3), (6, 0, 2), (4, 4, 4), (6, 1, 6)])
def test_pass_at_k_and_pass_hat_k_are_averages_over_all_choices(n: int, successes: int, k: int) -> None:
    choices = list(itertools.combinations([True] * successes + [False] * (n - successes), k))
    assert pass_at_k(successes, n, k) == pytest.approx(sum(map(any, choices)) / len(choices))
    assert pass_hat_k(successes, n, k) == pytest.approx(sum(map(all, choices)) / len(choices))


def test_success_is_counted_by_category_and_by_turns_used() -> None:
    report = report_on([played(True, category="b", turns=2), played(False, category="a"), played(True, category="a")])
    assert {name: (r.success, r.n) for name, r in report.by_category.items()} == {"a": (0.5, 2), "b": (1.0, 1)}
    assert {turns: (r.success, r.n) for turns, r in report.by_turns.items()} == {1: (0.5, 2), 2: (1.0, 1)}
    assert report.reward == pytest.approx((1.0 + 0.5 + 0.5) / 3)


def test_failed_episodes_count_for_nothing_but_themselves() -> None:
    report = report_on([played(True), played(False, failed=True)])
    assert (report.overall.n, report.overall.success, report.failed) == (1, 1.0, 1)


def test_attempts_are_counted_per_task() -> None:
    tries = {"x": [True, False], "y": [False, False], "z": [True, True]}
    report = report_on([played(success, group=task) for task, all_ in tries.items() for success in all_], (1, 2))
    assert report.pass_at == pytest.approx({1: 0.5, 2: 2 / 3})
    assert report.pass_hat == pytest.approx({1: 0.5, 2: 1 / 3})


def test_held_out_tasks_are_the_same_for_every_seed_and_far_from_training() -> None:
    one, other = (evaluation_jobs(20, 1, "test", seed, 1.0) for seed in (0, 1))
    assert [job.task_seed for job in one] == [job.task_seed for job in other]
    assert [job.sampling_seed for job in one] != [job.sampling_seed for job in other]
    assert min(job.task_seed for job in one) >= TEST_OFFSET
    assert max(job.task_seed for job in evaluation_jobs(20, 1, "train", 0, 1.0)) < TEST_OFFSET


def test_each_task_is_tried_several_times_with_other_random_numbers() -> None:
    jobs = evaluation_jobs(3, 4, "test", 0, 1.0)
    assert len({job.sampling_seed for job in jobs}) == 12
    assert len({(job.group, job.task_seed) for job in jobs}) == 3
