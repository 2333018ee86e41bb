"""Operators have an effect that the agent gets to see, at every level, and the gate rejects those that have none."""

import random
from functools import cache

import pytest
from adv_tasks import SHOP, TINY, harder, plain

from agentrl.envs.service_desk.adversarial import dialogues
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.plain_user import PlainUser
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.simulators.adversary import CATEGORIES, OPERATORS, SEEDS, Rejection, apply, prove
from agentrl.simulators.models import DialogueAct, Op, Trigger, UserTask

ACTS = {"inject", "tangent", "preconsent", "on_behalf", "fish", "claim_done", "complain", "hold", "refer", "fallback"}
NOT_TINY = {
    "interleave", "sequel", "withhold", "ambiguous", "goal_change", "note_injection", "claim_done", "fish",
    "misheard", "chinese", "code_switch", "switch_language",
}  # fmt: skip


@cache
def tiny(name: str, trade: str, count: int = 6) -> tuple[tuple[UserTask, UserTask], ...]:
    """Tasks of the level tiny that were proven with the operator, each with its plain parent."""
    found = []
    for number in range(120):
        parent = sample_task(trade, "tiny", number)
        world = get_domain(parent.domain)
        task = apply(parent, [name], random.Random(number), world)
        if task is not None and not isinstance(prove(task, world, play), Rejection):
            found.append((parent, task))
        if len(found) == count:
            break
    return tuple(found)


@pytest.mark.parametrize("trade", ["shop", "travel"])
@pytest.mark.parametrize("name", OPERATORS)
def test_at_level_tiny_an_operator_shows_in_words_or_does_not_apply(name: str, trade: str) -> None:
    found = tiny(name, trade)
    if name in NOT_TINY:
        assert not found
        return
    if name != "contradict":  # the travellers of this level have nothing to contradict themselves about
        assert found
    for parent, task in found:
        for seed in SEEDS:
            hard, easy = play(task, seed=seed), play(parent, seed=seed)
            heard = [turn.text for turn in hard.said if not turn.done]
            assert heard != [turn.text for turn in easy.said if not turn.done], heard
            words = {word.strip(".,!?") for text in heard for word in text.split()}
            assert not words & (ACTS - {"hold"}), "an act was said by its name"


@pytest.mark.parametrize("trade", ["shop", "travel"])
@pytest.mark.parametrize("name", OPERATORS)
def test_at_level_full_what_is_proven_is_another_dialogue_than_the_plain_one(name: str, trade: str) -> None:
    world, same, proven = get_domain(trade), 0, 0
    for task in harder((name,), 8, trade=trade):
        if isinstance(prove(task, world, play), Rejection):
            continue
        parent = next(plain(n, trade) for n in range(80) if plain(n, trade).id == task.parent_id)
        proven += 1
        same += all(play(task, seed=seed).lines == play(parent, seed=seed).lines for seed in SEEDS)
    assert proven > 0
    assert same == 0


def test_a_trick_that_never_comes_is_rejected() -> None:
    task = next(harder(("tangent",), 1))
    late = Op(name="tangent", category="distraction", args={"topic": "food"}, trigger=Trigger(on="turn", match="25"))
    rejection = prove(task.model_copy(update={"ops": (late,)}), SHOP, play)
    assert isinstance(rejection, Rejection)
    assert "the operator tangent has no effect" in rejection.reason


def test_what_is_said_at_the_very_end_is_no_effect() -> None:
    """A typing error in the goodbye is nothing that an agent could have to do with."""
    for parent, task in tiny("typos", "shop"):
        assert any(turn.distorted for turn in play(task).said[:-1]), parent.id


def test_an_act_without_words_is_an_error_and_not_said_by_its_name() -> None:
    task = sample_task("shop", "tiny", 0)
    user = PlainUser(task, TINY.ontology, 0)
    with pytest.raises(KeyError, match="bow"):
        user._words([DialogueAct("bow")])


def test_every_category_has_a_dialogue_that_shows_it() -> None:
    shown = list(dialogues())
    assert [one.category for one in shown] == list(CATEGORIES)
