"""What people who play the user say in other words than those of the ontology's phrases."""

import pytest

from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.simulators.listening import user_acts
from agentrl.simulators.models import SubGoal, UserGoal


@pytest.mark.parametrize(
    ("domain", "kind", "slots", "text"),
    [
        ("shop", "return", {"order_id": "#W11", "refund_to": "card"}, "I want to send #W11 back"),
        ("shop", "exchange", {"order_id": "#W11", "new_item": "yoga mat"}, "Can I get the yoga mat instead in #W11?"),
        ("shop", "address", {"order_id": "#W11", "address": "5 Elm Street"}, "#W11 should go to 5 Elm Street"),
        ("shop", "voucher", {"order_id": "#W11"}, "#W11 is late!"),
        ("shop", "cancel", {"order_id": "#W11"}, "I don't want #W11 any more"),
        ("shop_tiny", "return", {"order_id": "#374"}, "I want to send #374 back"),
        ("shop_tiny", "exchange", {"order_id": "#294", "new_item": "P48"}, "Can I get P48 instead in #294?"),
        ("travel", "rebook", {"booking_id": "#B11", "date": "2026-06-03"}, "I need to fly on 2026-06-03 instead"),
        ("travel", "meal", {"booking_id": "#B11", "meal": "vegetarian"}, "vegetarian food please"),
        ("travel_tiny", "meal", {"booking_id": "#111", "meal": "vegan"}, "#111: vegan food please"),
    ],
)
def test_a_wish_is_understood_in_other_words(domain: str, kind: str, slots: dict[str, str], text: str) -> None:
    ontology = get_domain(domain).ontology
    goal = UserGoal(subgoals=(SubGoal(kind=kind, slots=slots),))
    requested: set[str] = set()
    acts = user_acts(text, goal, ontology, requested)
    assert [act.slots["intent"] for act in acts if act.name == "request"] == [kind]
    assert requested == {kind}
    again = user_acts(text, goal, ontology, requested)
    assert not any(act.name in ("request", "press") for act in again)
    other = UserGoal(subgoals=(SubGoal(kind=next(k for k in ontology.intents if k != kind), slots={}),))
    assert kind not in [act.slots.get("intent") for act in user_acts(text, other, ontology, set())]
