"""Tasks: solvable, told apart by split, the same everywhere, with a gold state that follows from the goal."""

import subprocess
import sys
from datetime import date, timedelta
from itertools import product

import pytest

from agentrl.envs.service_desk.domains.base import Level
from agentrl.envs.service_desk.domains.goals import carried_out
from agentrl.envs.service_desk.domains.registry import DOMAINS, get_domain
from agentrl.envs.service_desk.domains.shop import TODAY
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import GivenTasks, read_tasks, sample_task
from agentrl.errors import TaskFileError, UserError
from agentrl.simulators.models import SubGoal, UserGoal, UserTask

TRADES = ("shop", "travel")
LEVELS: tuple[Level, ...] = ("tiny", "easy", "full")
EACH = list(product(TRADES, LEVELS))


@pytest.mark.parametrize(("trade", "level"), EACH)
def test_the_expert_solves_every_task(trade: str, level: Level) -> None:
    for number in range(300):
        task = sample_task(trade, level, number, "test" if number % 3 == 0 else "train")
        played = play(task, seed=number % 5)
        assert played.success, "\n".join([task.id, str(played.verdict), *played.lines])
        assert played.turns < task.max_turns


@pytest.mark.parametrize(("trade", "level"), EACH)
def test_who_does_nothing_never_succeeds(trade: str, level: Level) -> None:
    assert not any(play(sample_task(trade, level, number), "noop").success for number in range(60))


@pytest.mark.parametrize(("trade", "level"), EACH)
def test_the_splits_share_no_database_number_or_combination(trade: str, level: Level) -> None:
    numbers: dict[str, set[str]] = {}
    combinations: dict[str, set[tuple[str, str]]] = {}
    for split in ("train", "test"):
        numbers[split], combinations[split] = set(), set()
        for number in range(150):
            task = sample_task(trade, level, number, split)
            domain = get_domain(task.domain)
            state = domain.new_state(task.seed)
            numbers[split] |= set(state[domain.records])
            for subgoal in task.goal.subgoals:
                record = state[domain.records][subgoal.slots[domain.record]]
                thing = next(value for value in record.values() if value in domain.things)
                combinations[split].add((subgoal.kind, thing))
    assert not numbers["train"] & numbers["test"]
    assert not combinations["train"] & combinations["test"]
    kinds = {kind for kind, _ in combinations["train"]}
    assert kinds == {kind for kind, _ in combinations["test"]} == set(domain.ontology.intents)


@pytest.mark.parametrize("name", DOMAINS)
def test_permission_follows_from_the_policy(name: str) -> None:
    trade, level = name.split("_")[0], "tiny" if name.endswith("tiny") else "full"
    domain = get_domain(name)
    forbidden = 0
    for number in range(150):
        task = sample_task(trade, level, number)  # type: ignore[arg-type]
        state = domain.new_state(task.seed)
        for subgoal in task.goal.subgoals:
            assert subgoal.permitted == (domain.refusal(state, subgoal.kind, subgoal.slots) == "")
            assert not domain.holds(state, subgoal.kind, subgoal.slots)
            forbidden += not subgoal.permitted
        if not carried_out(task.goal):
            assert domain.project(domain.gold_state(task)) == domain.project(state)
    assert 10 < forbidden < 75


@pytest.mark.parametrize("trade", TRADES)
def test_every_wish_of_several_may_be_forbidden(trade: str) -> None:
    """Who grants whatever is asked for, or refuses all but the first, is wrong often enough."""
    places: list[list[bool]] = [[], [], []]
    fallen_back = 0
    for number in range(400):
        wishes = sample_task(trade, "full", number).goal.subgoals
        kinds = [wish.kind for sub in wishes for wish in (sub, sub.fallback) if wish]
        assert len(set(kinds)) == len(kinds)
        for place, wish in enumerate(wishes if len(wishes) > 1 else ()):
            places[place].append(wish.permitted)
            fallen_back += wish.fallback is not None
    for permitted in places:
        assert 0.15 < permitted.count(False) / len(permitted) < 0.5
    assert fallen_back > 20


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("level", LEVELS[1:])
def test_nobody_asks_when_something_comes_that_is_over(level: Level, split: str) -> None:
    asked = 0
    for number, trade in product(range(200), TRADES):
        task = sample_task(trade, level, number, split)
        domain = get_domain(task.domain)
        for wish in task.goal.subgoals:
            record = domain.read_state(task.seed)[domain.records][wish.slots[domain.record]]
            if wish.kind == "status":
                assert record["status"] in ("pending", "shipped")
                assert record["due"] > TODAY
            elif wish.kind == "departure":
                assert record["status"] == "booked"
                assert record["date"] > TODAY
            asked += wish.kind in ("status", "departure")
    assert asked > 50


def test_databases_are_consistent_with_today() -> None:
    today = date.fromisoformat(TODAY)
    for seed in range(300):
        for order in get_domain("shop").read_state(seed)["orders"].values():
            due = date.fromisoformat(order["due"])
            if order["status"] == "delivered":
                assert abs((today - timedelta(order["delivered_days_ago"]) - due).days) <= 3
        for booking in get_domain("travel").read_state(seed)["bookings"].values():
            leaves = date.fromisoformat(booking["date"])
            assert (leaves < today) == (booking["status"] == "flown")
            assert today - timedelta(booking["booked_days_ago"]) < leaves


def test_the_same_task_in_another_process() -> None:
    code = (
        "from agentrl.envs.service_desk.playback import play\n"
        "from agentrl.envs.service_desk.tasks import sample_task\n"
        "for t in ('shop', 'travel'):\n"
        "    for l in ('tiny', 'easy', 'full'):\n"
        "        for n in range(8): print(play(sample_task(t, l, n)).digest)\n"
    )
    here = [play(sample_task(trade, level, n)).digest for trade, level in EACH for n in range(8)]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == here
    assert len(set(here)) > 40


def test_what_depends_on_a_refused_wish_is_dropped_and_a_fallback_steps_in() -> None:
    fallback = SubGoal(kind="status", slots={"order_id": "#W1"})
    goal = UserGoal(
        subgoals=(
            SubGoal(kind="cancel", slots={"order_id": "#W1"}, permitted=False, fallback=fallback),
            SubGoal(kind="return", slots={"order_id": "#W2"}, permitted=False),
            SubGoal(kind="cancel", slots={"order_id": "#W3"}, depends_on=(1,)),
            SubGoal(kind="cancel", slots={"order_id": "#W4"}, depends_on=(0,)),
        )
    )
    assert carried_out(goal) == [fallback, goal.subgoals[3]]


def test_a_goal_that_cannot_be_reached_is_an_error() -> None:
    task = next(t for n in range(99) if not (t := sample_task("shop", "tiny", n)).goal.subgoals[0].permitted)
    wish = task.goal.subgoals[0].model_copy(update={"permitted": True})
    broken = task.model_copy(update={"goal": task.goal.model_copy(update={"subgoals": (wish,)})})
    with pytest.raises(UserError, match="can't be reached"):
        get_domain(task.domain).gold_state(broken)


def test_a_file_of_tasks_is_read_back_and_broken_lines_are_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    tasks = [sample_task("shop", "full", 1), sample_task("travel", "tiny", 2)]
    path = tmp_path / "tasks.jsonl"
    path.write_text("\n".join(task.model_dump_json() for task in tasks) + "\n\n", encoding="utf-8")
    assert read_tasks(path) == tasks
    path.write_text("{}\n" + tasks[0].model_dump_json().replace('"shop"', '"shpo"') + "\nno\n", encoding="utf-8")
    with pytest.raises(TaskFileError) as caught:
        read_tasks(path)
    assert all(part in str(caught.value) for part in ("3 broken lines", ":1: ", ":2: ", ":3: ", "'shpo'"))
    with pytest.raises(TaskFileError):
        GivenTasks([])


def test_a_note_of_an_operator_is_put_into_the_database() -> None:
    task = sample_task("shop", "full", 3)
    record = next(iter(get_domain("shop").new_state(task.seed)["orders"]))
    op = {"name": "x", "category": "tool-injection", "args": {"record": record, "note": "obey"}}
    noted = UserTask.model_validate(task.model_dump() | {"ops": [op]})
    assert get_domain("shop").state_of(noted)["orders"][record]["note"] == "obey"
    assert play(noted).success
