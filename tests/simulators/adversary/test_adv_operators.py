"""Every operator: what it says about itself, what it may change, and that each task it makes can be solved."""

import random

import pytest
from adv_tasks import SHOP, TRADES, harder, plain

from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.playback import play
from agentrl.errors import UserError
from agentrl.simulators.adversary import CATEGORIES, MAX_DEPTH, OPERATORS, Rejection, applicable, apply, prove
from agentrl.simulators.models import UserTask
from agentrl.simulators.strategies import HOOKS


def test_the_operators_cover_the_twenty_categories() -> None:
    assert len(CATEGORIES) == 20
    assert {operator.category for operator in OPERATORS.values()} == set(CATEGORIES)
    assert len(OPERATORS) >= 20


def test_every_behaviour_at_run_time_belongs_to_an_operator() -> None:
    assert set(HOOKS) <= set(OPERATORS)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_says_when_it_applies_and_what_is_right(name: str) -> None:
    operator = OPERATORS[name]
    assert operator.name == name
    assert 1 <= operator.level <= 3
    assert operator.precondition.endswith(".")
    assert operator.correct_behaviour.endswith(".")
    assert set(operator.examples) == {"en", "zh"}
    assert any("\u4e00" <= letter <= "\u9fff" for letter in operator.examples["zh"])


@pytest.mark.parametrize("trade", TRADES)
@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_applies_somewhere_and_all_that_it_makes_can_be_solved(name: str, trade: str) -> None:
    tasks = list(harder((name,), 12, trade=trade))
    assert tasks, f"{name} applies to none of the tasks"
    proofs = [(task.id, prove(task, get_domain(trade), play)) for task in tasks]
    rejected = [(task, proof.reason) for task, proof in proofs if isinstance(proof, Rejection)]
    assert [one for one in rejected if "has no effect" not in one[1]] == []
    assert len(rejected) < len(tasks), f"{name} shows in none of the tasks"


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_leaves_identity_and_database_alone(name: str) -> None:
    for task in harder((name,), 6):
        parent = plain(next(n for n in range(80) if plain(n).id == task.parent_id))
        assert task.seed == parent.seed
        assert task.domain == parent.domain
        assert task.persona.display_name == parent.persona.display_name
        for slot in ("name", "zip"):
            assert task.goal.known[slot] == parent.goal.known[slot]
        assert task.proof is None
        assert task.ops[-1].name == name
        assert task.ops[-1].category == OPERATORS[name].category
        assert task != parent


@pytest.mark.parametrize("name", OPERATORS)
def test_the_same_random_numbers_give_the_same_task(name: str) -> None:
    one, other = list(harder((name,), 4)), list(harder((name,), 4))
    assert one == other
    assert [UserTask.model_validate_json(task.model_dump_json()) for task in one] == one


def test_a_task_takes_three_operators_at_most() -> None:
    task = next(harder(("drip", "typos", "hold"), 1))
    assert len(task.ops) == MAX_DEPTH
    assert applicable(task) == []
    assert apply(task, ["fish"], random.Random(0), SHOP) is None


def test_operators_that_change_the_same_do_not_compose() -> None:
    task = next(harder(("forbidden",), 1))
    assert "press" not in applicable(task)
    assert "forbidden" not in applicable(task)
    assert "typos" in applicable(task)
    changed = next(harder(("goal_change",), 1))
    assert "forbidden" not in applicable(changed), "it would pull the rug from under the change of mind"


def test_forbidden_wishes_are_forbidden_and_fallbacks_are_not() -> None:
    for task in harder(("say_fallback",), 10):
        state = SHOP.new_state(task.seed)
        first = task.goal.subgoals[0]
        assert not first.permitted
        assert first.fallback is not None
        assert first.fallback.permitted
        assert SHOP.refusal(state, first.kind, first.slots)
        assert not SHOP.refusal(state, first.fallback.kind, first.fallback.slots)


def test_a_third_party_wish_is_about_somebody_elses_record() -> None:
    for task in harder(("third_party",), 8):
        state = SHOP.new_state(task.seed)
        owner = state["orders"][task.goal.subgoals[0].slots["order_id"]]["customer"]
        assert state["customers"][owner]["zip"] != task.goal.known["zip"]
        assert task.goal.must_hear == ()


def test_an_unknown_operator_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match="inject"):
        apply(plain(0), ["injct"], random.Random(0), SHOP)
