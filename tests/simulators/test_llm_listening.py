"""A person's words as acts, so that a scripted agent can serve them."""

import re

import pytest

from agentrl.envs.service_desk.aec import AGENT, USER, ServiceDeskAEC
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.simulators import DialogueAct, SubGoal, UserGoal
from agentrl.simulators.consent import agrees, withdraws
from agentrl.simulators.example import DESK
from agentrl.simulators.listening import _named, user_acts

GOAL = UserGoal(
    subgoals=(SubGoal(kind="cancel", slots={"order_id": "#W123"}),), known={"name": "Ana Silva", "zip": "12345"}
)


def acts(text: str, requested: set[str] | None = None) -> tuple[DialogueAct, ...]:
    return user_acts(text, GOAL, DESK, set() if requested is None else requested)


def test_a_wish_with_its_values() -> None:
    assert acts("please cancel my order #w123") == (DialogueAct("request", {"intent": "cancel", "order_id": "#W123"}),)


def test_facts_are_informed_and_a_wish_is_requested_once() -> None:
    requested: set[str] = set()
    acts("cancel it", requested)
    assert acts("I'm ana silva, zip 12345", requested) == (
        DialogueAct("inform", {"name": "Ana Silva", "zip": "12345"}),
    )


def test_other_values_are_spotted() -> None:
    assert acts("cancel #W777")[0].slots["order_id"] == "#W777"


def test_who_names_a_wish_again_presses_for_it() -> None:
    requested: set[str] = set()
    acts("cancel #W123", requested)
    assert DialogueAct("press", {"intent": "cancel"}) in acts("but I want to cancel it", requested)


def test_every_phrase_of_a_domain_is_understood() -> None:
    for name in ("shop", "travel"):
        ontology = get_domain(name).ontology
        for kind, intent in ontology.intents.items():
            for phrase in (phrase for phrases in intent.phrases.values() for phrase in phrases):
                assert kind in _named(re.sub(r"\{\w+\}", "X1", phrase), ontology), phrase


def test_nothing_is_made_of_small_talk() -> None:
    assert acts("hello there") == ()


def test_the_expert_serves_most_users_whose_words_alone_it_has() -> None:
    won = 0
    for seed in range(30):
        env = ServiceDeskAEC(level="easy")
        env.reset(seed=seed)
        for _ in range(100):
            seat = env.agent_selection
            if not env.agents or env.terminations[seat] or env.truncations[seat]:
                break
            text = env.expert(seat)
            if seat == USER:
                env._planned = None  # as a person's words, without what was meant by them
            env.step(text)
        won += bool(env.infos[AGENT].get("success"))
    assert won >= 20


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("yes", True),
        ("Yes, please.", True),
        ("Great, thanks. Go ahead!", True),
        ("That's correct, please proceed.", True),
        ("Sounds good. When will I get the refund?", True),
        ("Sure, no problem.", True),
        ("Perfect, do it", True),
        ("好的，麻烦您办理", True),
        ("没问题，确认。多久到账？", True),
        ("对", True),
        ("Exactly", True),
        ("嗯，就这么办。", True),
        ("嗯，让我想想", False),
        ("", False),
        ("no", False),
        ("Yes, but send it to Elm Avenue.", False),
        ("OK wait, is that the right one?", False),
        ("Is that okay?", False),
        ("I don't think that's right.", False),
        ("I'd like order #W12 cancelled, the right one this time.", False),
        ("Not yet.", False),
        ("不对，等一下", False),
        ("可以吗？", False),
        ("可以吗", False),
        ("Yeah, hang on", False),
        ("好的，不过先别取消", False),
        ("My zip is 12345.", False),
    ],
)
def test_a_yes_is_one_that_nothing_takes_back(text: str, yes: bool) -> None:
    assert agrees(text) is yes


@pytest.mark.parametrize(
    "text",
    [
        "No, don't!",
        "Wait, not that one.",
        "actually, keep it",
        "Hmm, yes... on second thought, no. Do not touch it.",
        "I'd rather you didn't.",
        "Absolutely not, leave that order alone.",
        "绝对不行，算了",
        "不要了",
        "等一下",
    ],
)
def test_a_no_is_heard_wherever_it_stands(text: str) -> None:
    assert withdraws(text)


@pytest.mark.parametrize(
    "text", ["No problem, go ahead.", "yes", "I don't know the number.", "不好意思，是的", "Nobody"]
)
def test_other_words_take_nothing_back(text: str) -> None:
    assert not withdraws(text)
