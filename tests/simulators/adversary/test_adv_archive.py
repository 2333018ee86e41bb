"""The archive and the bandit: what is kept, what is drawn, and that a state goes on where it was saved."""

import json
import random
from collections import Counter

import pytest
from adv_tasks import harder

from agentrl.simulators.adversary import Archive, Bandit, Elite
from agentrl.simulators.adversary.archive import similar
from agentrl.simulators.models import UserTask


def cells(count: int) -> list[UserTask]:
    """Tasks of different cells."""
    found: dict[object, UserTask] = {}
    for name in ("drip", "typos", "inject", "fish", "tangent", "press", "chinese", "impatient"):
        for task in harder((name,), 6):
            found.setdefault(task.cell, task)
    assert len(found) >= count
    return list(found.values())[:count]


def test_learnability_is_highest_in_the_middle_and_failure_at_the_bottom() -> None:
    task = cells(1)[0]
    never, half, always = Elite(task, 0, 8), Elite(task, 4, 4), Elite(task, 8, 0)
    assert half.score("learnability") == 1.0
    assert half.score("learnability") > never.score("learnability") == pytest.approx(always.score("learnability"))
    assert never.score("failure") > half.score("failure") > always.score("failure")
    seldom = Elite(task, 1, 7)
    assert seldom.score("regret") > half.score("regret") > always.score("regret") > never.score("regret") == 0.0


def test_weights_are_a_distribution_that_prefers_what_is_learnable() -> None:
    archive = Archive(staleness=0.2)
    for task, wins in zip(cells(5), (0, 1, 4, 8, 8), strict=True):
        archive.report(task, [True] * wins + [False] * (8 - wins))
    weights = dict(zip(archive.elites, archive.weights(list(archive.elites)), strict=True))
    assert sum(weights.values()) == pytest.approx(1.0)
    assert min(weights.values()) > 0
    best = max(archive.elites, key=lambda cell: archive.elites[cell].score("learnability"))
    assert weights[best] == max(weights.values()) > 0.5
    drawn = Counter(archive.pick(random.Random(number)).cell for number in range(400))  # type: ignore[union-attr]
    assert drawn[best] == max(drawn.values())
    assert len(drawn) == 5, "staleness should bring every cell up now and then"


def test_cells_with_the_same_score_are_as_likely() -> None:
    archive = Archive(staleness=0.0)
    for task in cells(5):
        archive.report(task, [True, False] * 4)
    assert archive.weights(list(archive.elites)) == pytest.approx([0.2] * 5)


def test_old_results_are_forgotten() -> None:
    archive, task = Archive(ema=0.4), cells(1)[0]
    for _ in range(20):
        archive.report(task, [False] * 8)
    assert archive.elites[task.cell].success < 0.1
    for _ in range(4):
        archive.report(task, [True] * 8)
    assert archive.elites[task.cell].success > 0.75


def test_an_elite_gives_way_to_a_more_learnable_task_that_is_not_nearly_the_same() -> None:
    tasks = list(harder(("typos",), 60))
    by_cell = Counter(task.cell for task in tasks)
    cell = by_cell.most_common(1)[0][0]
    one, other = [task for task in tasks if task.cell == cell][:2]
    assert not similar(one, other)
    assert similar(one, one)
    archive = Archive()
    archive.report(one, [False] * 8)
    archive.report(other, [False] * 8)
    assert archive.elites[cell].task == one
    archive.report(other, [True, False] * 4)
    assert archive.elites[cell].task == other


def test_only_what_fits_is_picked() -> None:
    archive = Archive()
    assert archive.pick(random.Random(0)) is None
    for task in cells(4):
        archive.report(task, [True, False])
    wanted = cells(4)[2].id
    assert archive.pick(random.Random(0), lambda task: task.id == wanted).id == wanted  # type: ignore[union-attr]
    assert archive.pick(random.Random(0), lambda task: False) is None


def test_a_saved_archive_goes_on_the_same() -> None:
    archive = Archive()
    for task in cells(5):
        archive.report(task, [True, False, False])
    archive.pick(random.Random(1))
    other = Archive()
    other.load_state_dict(json.loads(json.dumps(archive.state_dict())))
    assert other.elites == archive.elites
    assert other.step == archive.step
    for number in range(30):
        assert other.pick(random.Random(number)) == archive.pick(random.Random(number))


def test_the_bandit_finds_the_best_arm_and_follows_it_when_it_moves() -> None:
    bandit, rng, arms = Bandit(discount=0.95), random.Random(0), [f"a{i}" for i in range(10)]

    def pulls(best: str, times: int) -> Counter[str]:
        count: Counter[str] = Counter()
        for _ in range(times):
            arm = bandit.ranked(arms, rng)[0]
            bandit.drawn([arm])
            bandit.update([arm], 0.9 if arm == best else 0.1)
            count[arm] += 1
        return count

    assert pulls("a3", 300).most_common(1)[0][0] == "a3"
    pulls("a7", 200)
    assert pulls("a7", 200).most_common(1)[0][0] == "a7"


def test_choices_without_results_yet_are_spread() -> None:
    bandit, rng = Bandit(), random.Random(0)
    chosen = Counter[str]()
    for _ in range(8):
        arm = bandit.ranked(["a", "b", "c", "d"], rng)[0]
        bandit.drawn([arm])
        chosen[arm] += 1
    assert set(chosen.values()) == {2}


def test_draws_whose_results_never_come_are_forgotten() -> None:
    bandit, rng = Bandit(discount=0.9), random.Random(0)
    bandit.drawn(["lost"] * 6)
    for _ in range(60):
        bandit.drawn(["other"])
        bandit.update(["other"], 0.5)
    assert bandit.ranked(["lost", "other"], rng)[0] == "lost"


def test_arms_that_are_worth_the_same_are_drawn_as_often_whatever_is_rejected() -> None:
    bandit, rng, arms, used = Bandit(), random.Random(0), list("abcdefgh"), Counter[str]()
    for number in range(400):
        free = [arm for arm in bandit.ranked(arms, rng) if arm != arms[number % 8]]  # the others can't be applied now
        bandit.drawn(free[:1])
        bandit.update(free[:1], 0.6)
        used[free[0]] += 1
    assert max(used.values()) < 1.5 * min(used.values())


def test_a_saved_bandit_goes_on_the_same() -> None:
    bandit = Bandit()
    for number in range(30):
        arm = bandit.ranked(["a", "b", "c"], random.Random(number))[0]
        bandit.drawn([arm])
        bandit.update([arm], number % 3 / 2)
    bandit.drawn(["b"])
    other = Bandit()
    other.load_state_dict(json.loads(json.dumps(bandit.state_dict())))
    for number in range(10):
        assert other.ranked(["a", "b", "c"], random.Random(number)) == bandit.ranked(
            ["a", "b", "c"], random.Random(number)
        )
    assert other.means() == bandit.means()


def test_a_cell_is_as_stale_as_it_was_not_played() -> None:
    archive = Archive()
    first, second = cells(2)
    for task in (first, second, second):
        archive.report(task, [True, False])
    state = archive.state_dict()
    for number in range(20):
        archive.pick(random.Random(number))
    assert archive.state_dict() == state, "to be looked at, as a parent of other tasks, is not to be played"
    assert [elite.last for elite in archive.elites.values()] == [1, 3]


def test_under_regret_a_task_that_fails_takes_the_place_of_one_that_is_solved() -> None:
    tasks = list(harder(("typos",), 60))
    cell = Counter(task.cell for task in tasks).most_common(1)[0][0]
    one, other = [task for task in tasks if task.cell == cell][:2]
    archive = Archive(aim="regret")
    archive.report(one, [True])
    archive.report(other, [False])
    assert archive.elites[cell].task == other


def test_what_does_not_fit_is_forgotten() -> None:
    archive = Archive()
    for task in cells(4):
        archive.report(task, [True, False])
    archive.keep(lambda task: task == cells(4)[2])
    assert [elite.task for elite in archive.elites.values()] == [cells(4)[2]]
