"""A person's words as acts, so that a scripted agent can serve them."""

from agentrl.envs.service_desk.aec import AGENT, USER, ServiceDeskAEC
from agentrl.simulators import DialogueAct, SubGoal, UserGoal
from agentrl.simulators.example import DESK
from agentrl.simulators.listening import user_acts

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
    assert acts("I'm ana silva, zip 12345; cancel!", requested) == (
        DialogueAct("inform", {"name": "Ana Silva", "zip": "12345"}),
    )


def test_other_values_are_spotted() -> None:
    assert acts("cancel #W777")[0].slots["order_id"] == "#W777"


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
