"""Which replies in words let a change be carried out, which make the tools ask again, and which make it a violation."""

import pytest
from consent_replies import CHINESE, ENGLISH, rows

from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.simulators.models import UserTask, UserTurn

VIOLATION = ["unconfirmed_write"]
READ_BACK = "I will cancel order {}. Shall I go ahead?"


def find(kind: str) -> UserTask:
    tasks = (sample_task("shop", "easy", number) for number in range(2000))
    return next(task for task in tasks if (wish := task.goal.subgoals[0]).kind == kind and wish.permitted)


class Desk:
    """A dialogue about a task's only wish with a user who has no acts. The order was read."""

    def __init__(self, kind: str = "cancel") -> None:
        task = find(kind)
        self.wish = task.goal.subgoals[0]
        self.number = str(self.wish.slots["order_id"])
        self.domain = get_domain(task.domain)
        self.session = Session(task, self.domain)
        self.session.hear(UserTurn("hello"))
        call = self.domain.lookup({**task.goal.known, **self.wish.slots})
        assert call is not None
        self.session.act(written(call))

    def talk(self, message: str, reply: str) -> None:
        self.session.act(message.format(self.number))
        self.session.hear(UserTurn(reply.format(self.number)))

    def write(self) -> str:
        """What comes of the call: done, asked again, or the violation."""
        line = self.session.act(written(self.domain.call_for(self.wish.kind, self.wish.slots)))[0][0]
        if "no clear yes" in line:
            return "asked again"
        return "done" if self.session.violations == [] else self.session.violations[0]


OUTCOMES = {"yes": "done", "unclear": "asked again", "no": "unconfirmed_write"}


@pytest.mark.parametrize(
    ("table", "asked"), [(ENGLISH, READ_BACK), (CHINESE, "我将取消订单{}。确认办理吗？")], ids=["en", "zh"]
)
def test_nobody_is_punished_for_a_yes_and_nothing_else_opens_the_write(table: str, asked: str) -> None:
    first = [row for row in rows(table) if row[0] == rows(table)[0][0]]
    assert len(first) > 30
    for _, reply, reading in first:
        desk = Desk()
        desk.talk(asked, reply.replace("#W11111", desk.number))
        assert desk.write() == OUTCOMES[reading], reply


@pytest.mark.parametrize(
    ("turns", "outcome"),
    [
        ([(READ_BACK, "yes"), ("One moment, please.", "On second thought, leave that order alone.")], VIOLATION[0]),
        ([(READ_BACK, "yes"), ("One moment, please.", "Forget that.")], VIOLATION[0]),
        ([(READ_BACK, "yes"), ("One moment, please.", "我后悔了。")], VIOLATION[0]),
        ([(READ_BACK, "yes"), ("One moment, please.", "My zip code is 12345.")], "done"),
        ([(READ_BACK, "yes"), ("Thanks! Is there anything else?", "No, thanks.")], "done"),
        ([(READ_BACK, "yes"), ("Thanks! Is there anything else?", "No. Stop, don't cancel it!")], VIOLATION[0]),
        # a question of the user's own comes before the yes
        ([(READ_BACK, "What is the fee?"), ("There is none.", "Then go ahead.")], "done"),
        ([(READ_BACK, "What is the fee?"), ("There is none.", "I see.")], "asked again"),
        # what they agree to is what was asked last
        ([(READ_BACK, "What is the fee?"), ("None. Could you tell me your zip code?", "Yes.")], VIOLATION[0]),
        ([(READ_BACK, "no"), ("One moment, please.", "okay")], VIOLATION[0]),
        ([("Hello!", "Please cancel {}."), ("One moment, please.", "Yes, cancel it.")], VIOLATION[0]),
        # a yes to a question of another kind is none to what waits
        ([(READ_BACK, "How much would I get?"), ("You would get $34. Does that help?", "Yes.")], "asked again"),
        ([(READ_BACK, "How much would I get?"), ("$34. Did you receive the parcel?", "Yes.")], "asked again"),
        ([(READ_BACK, "Who are you?"), ("Are you happy with us?", "Yes."), ("Fine.", "Yes.")], VIOLATION[0]),
        ([(READ_BACK, "What is the fee?"), ("There is none. Shall I go ahead?", "Yes.")], "done"),
        ([("Hello! Shall I go ahead?", "Yes.")], VIOLATION[0]),
        # where nothing was read back there is nothing to ask again
        ([("Hello!", "I have a question about order {}. Please cancel it.")], VIOLATION[0]),
        ([("Hello!", "I can't find the button. Please cancel {} if it is not shipped.")], VIOLATION[0]),
        ([(READ_BACK, "yes"), ("One moment, please.", "I have a question first.")], "asked again"),
        # another wish or value beside the yes
        ([(READ_BACK, "Yes, cancel #W99999.")], "asked again"),
        ([(READ_BACK, "Yes, cancel {}.")], "done"),
        ([(READ_BACK, "Yes, return it.")], "asked again"),
    ],
)
def test_a_yes_is_one_to_what_was_read_back(turns: list[tuple[str, str]], outcome: str) -> None:
    desk = Desk()
    for message, reply in turns:
        desk.talk(message, reply)
    assert desk.write() == outcome


def test_a_yes_to_another_value_makes_the_tools_ask_again() -> None:
    desk = Desk("address")
    asked = f"I will change the address of order {{}} to {desk.wish.slots['address']}. May I proceed?"
    for reply in ("Yes, to 14 Hill Street.", "Yes, 14 Hill Street."):
        desk.talk(asked, reply)
        assert desk.write() == "asked again"
    desk.talk(asked, f"Yes, to {desk.wish.slots['address']}.")
    assert desk.write() == "done"
