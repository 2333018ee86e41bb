"""Which episodes are kept, and why not the others."""

from collections import Counter
from collections.abc import Mapping

import pytest

from agentrl.data.selection import Selection, in_turn
from agentrl.episode import End, Episode, Trajectory, Turn
from agentrl.errors import ConfigError


def episode(
    text: str = "a",
    reward: float = 1.0,
    turns: int = 1,
    labels: Mapping[str, str] | None = None,
    end: End = End.TERMINATED,
) -> Episode:
    played = tuple(Turn(observation="?", text=text, reward=reward / turns) for _ in range(turns))
    info = {"success": reward > 0, "category": "c", **({"labels": labels} if labels else {})}
    return Episode("game", "t", 0, "g", (Trajectory("agent", played, end),), info=info)


def test_everything_is_kept_unless_told() -> None:
    group = [episode(), episode(reward=0.0), episode()]
    selection = Selection()
    assert selection.choose(group) == group
    assert selection.tally == {"played": 3, "failed": 0, "succeeded": 2, "unsuccessful": 0, "kept": 3}


def test_what_the_machinery_broke_is_left_out() -> None:
    selection = Selection()
    assert selection.choose([episode(end=End.FAILED)]) == []
    assert selection.tally["failed"] == 1


def test_success_alone() -> None:
    assert [one.reward for one in Selection(only_success=True).choose([episode(reward=0.0), episode()])] == [1.0]


def test_the_best_succeeds_then_earns_then_is_brief() -> None:
    group = [episode("long", 1.0, 3), episode("brief", 1.0, 1), episode("poor", 0.5), episode("none", 0.0)]
    assert [one.trajectories[0].turns[0].text for one in Selection(best_only=True).choose(group)] == ["brief"]


def test_the_best_of_failures_is_none_when_success_is_asked_for() -> None:
    assert Selection(best_only=True, only_success=True).choose([episode(reward=0.0)]) == []


def test_duplicates() -> None:
    group = [episode("cancel #W12"), episode("cancel #W12"), episode("Cancel  #W99"), episode("refund")]
    assert len(Selection(dedup="off").choose(group)) == 4
    assert len(Selection(dedup="exact").choose(group)) == 3
    assert len(Selection(dedup="near").choose(group)) == 2


def test_no_cell_has_more_than_the_cap() -> None:
    group = [episode(labels={"goal": goal, "persona": who}) for goal, who in zip("aaab", "xyxx", strict=True)]
    by_goal = Selection(cap_per_cell=2, cell=("goal",))
    assert by_goal.choose(group) == [group[0], group[1], group[3]]
    assert by_goal.tally["over_cap"] == 1
    assert len(Selection(cap_per_cell=1).choose(group)) == 3
    assert Selection(cap_per_cell=1).choose([episode(), episode()]) == [episode()]


def test_what_an_earlier_process_kept_counts() -> None:
    before = Selection(dedup="exact", cap_per_cell=2)
    before.choose([episode("a")])
    after = Selection(dedup="exact", cap_per_cell=2)
    after.remember("c", before.digest_of(episode("a")))
    assert after.choose([episode("a"), episode("b"), episode("d")]) == [episode("b")]


@pytest.mark.parametrize(("labels", "told"), [({"goal": "a"}, "Its labels: goal."), (None, "It tells none")])
def test_a_cell_is_made_of_labels_that_there_are(labels: Mapping[str, str] | None, told: str) -> None:
    selection = Selection(cap_per_cell=1, cell=("goal", "who") if labels else ("goal",))
    with pytest.raises(ConfigError, match=told):
        selection.choose([episode(labels=labels)])
    assert selection.tally.total() == 0


def test_cells_take_turns_for_as_long_as_they_last() -> None:
    cells = "aabacaabca"
    order = in_turn(cells)
    assert sorted(order) == list(range(10))
    assert [cells[position] for position in order] == list("abcabcaaaa")
    for taken in range(11):
        counts = Counter(cells[position] for position in order[:taken])
        left = Counter(cells) - counts
        assert all(counts[cell] <= counts[other] + 1 for cell in counts for other in left)


def test_of_episodes_alike_the_first_is_different() -> None:
    group = [episode("I paid 5", 1.0), episode("i  paid 7", 0.0), episode("no", 0.0), episode("no", 1.0)]
    assert Selection().different(group) == group[:3]
    assert Selection(dedup="near").different(group) == [group[0], group[2]]
