"""One message that reads several changes back: what the user's yes covers, and says that it covers."""

from collections.abc import Iterator

import pytest

from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.envs.service_desk.users import agenda_user, hear
from agentrl.simulators.models import DialogueAct, SubGoal, UserTask, UserTurn
from agentrl.simulators.nlu import understand

SHOP = get_domain("shop").ontology


def tasks_of_two(trade: str, most: int) -> Iterator[UserTask]:
    """Tasks with two changes that are allowed, of plain users."""
    writes = get_domain(trade).writes
    for seed in range(400):
        task = sample_task(trade, "full", seed)
        wishes = task.goal.subgoals
        plain = task.persona.locale == "en" and not task.ops
        if plain and len(wishes) == 2 and all(wish.kind in writes and wish.permitted for wish in wishes) and most:
            most -= 1
            yield task


def asked(task: UserTask, *wishes: SubGoal) -> tuple[Session, UserTurn]:
    """The dialogue up to the user's answer to one question about these wishes."""
    domain = get_domain(task.domain)
    session, user = Session(task, domain), agenda_user(task, domain, 1)
    hear(session, user.open(session), set())
    for wish in wishes:
        lookup = domain.lookup({**task.goal.known, **wish.slots})
        for call in (lookup, *domain.checks(session.desk.state, wish.kind, wish.slots)):
            session.act(written(call))
    said = [
        domain.does[wish.kind][0].format_map({slot: domain.ontology.say(slot, v) for slot, v in wish.slots.items()})
        for wish in wishes
    ]
    message = f"I will {', and '.join(said)}. Shall I go ahead with everything?"
    session.act(message)
    turn = user.reply(message, session)
    hear(session, turn, set())
    return session, turn


@pytest.mark.parametrize("trade", ["shop", "travel"])
def test_a_yes_to_both_covers_both(trade: str) -> None:
    for task in tasks_of_two(trade, 6):
        session, turn = asked(task, *task.goal.subgoals)
        assert [act.name for act in turn.acts if act.name != "complain"] == ["affirm", "affirm"], turn.text
        for wish in task.goal.subgoals:
            session.act(written(session.domain.call_for(wish.kind, wish.slots)))
        assert session.violations == []


def test_who_wants_one_of_them_says_which() -> None:
    for task in tasks_of_two("shop", 12):
        first, second = task.goal.subgoals
        alone = task.model_copy(update={"goal": task.goal.model_copy(update={"subgoals": (first,)})})
        if first.kind == second.kind:
            continue
        session, turn = asked(alone, first, second)
        assert [act.slots.get("intent") for act in turn.acts if act.name == "affirm"] == [first.kind]
        assert str(first.slots["order_id"]) in turn.text
        assert str(second.slots["order_id"]) not in turn.text
        assert session.consented((first.kind, first.slots))
        assert not session.consented((second.kind, second.slots))


def test_one_act_for_each_change_with_the_values_of_its_clause() -> None:
    text = "I'll cancel order #W11, and return order #W22, with the money back on your gift card. Shall I go ahead?"
    confirms = [act.slots for act in understand(text, SHOP) if act.name == "confirm"]
    assert confirms[0]["intent"] == "cancel"
    assert confirms[0]["order_id"] == ("#W11",)
    assert confirms[1] == {"intent": "return", "order_id": ("#W22",), "refund_to": ("gift_card",)}
    listed = "1. Cancel order #W11\n2. Swap the item of order #W22 for a yoga mat\n\nDo you confirm both?"
    assert [
        (act.slots["intent"], act.slots["order_id"]) for act in understand(listed, SHOP) if act.name == "confirm"
    ] == [("cancel", ("#W11",)), ("exchange", ("#W22",))]


def test_two_orders_of_one_kind_are_two_consents() -> None:
    task = next(tasks_of_two("shop", 1))
    wishes = tuple(SubGoal(kind="cancel", slots={"order_id": f"#W{n}{n}"}) for n in (1, 2))
    task = task.model_copy(update={"goal": task.goal.model_copy(update={"subgoals": wishes})})
    session, turn = asked(task, *wishes)
    assert all(session.consented((wish.kind, wish.slots)) for wish in wishes)
    assert DialogueAct("affirm", {"intent": "cancel", "order_id": "#W22"}) in turn.acts
    assert not asked(task, wishes[1])[0].consented(("cancel", wishes[0].slots))
