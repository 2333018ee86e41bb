"""What a domain defines, and what follows from it."""

from typing import Any

import pytest
from pydantic import ValidationError

from agentrl.errors import UserError
from agentrl.simulators.example import DESK, sample_task
from agentrl.simulators.models import SubGoal
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import Intent, Slot

BOTH = {"en": ("thing",), "zh": ("东西",)}


def intent(**fields: Any) -> Intent:
    return Intent.model_validate({"slots": ("a",), "phrases": BOTH, "vague": BOTH, "noun": BOTH, **fields})


def ontology(**fields: Any) -> Ontology:
    base = {"name": "t", "slots": {"a": Slot(kind="text", words=BOTH)}, "intents": {"do": intent()}, "problem": BOTH}
    return Ontology.model_validate({**base, **fields})


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Slot(kind="id", words={"en": ("x",)}), "'zh'"),
        (lambda: Slot(kind="id", words=BOTH, pattern="(a)b"), "groups"),
        (lambda: Slot(kind="choice", words=BOTH), "choice"),
        (lambda: Slot(kind="text", words=BOTH, values={"x": BOTH}), "choice"),
        (lambda: ontology(intents={"do": intent(slots=("b",))}), "not defined: b"),
        (lambda: ontology(intents={"do": intent(phrases={"en": ("do {b}",), "zh": ("做",)})}), "b"),
        (lambda: ontology(intents={"do": intent(vague={"en": ("do {a}",), "zh": ("做",)})}), "vague"),
        (lambda: ontology(slots={"a": Slot(kind="text", words=BOTH, instead=("z",))}), "instead"),
        (lambda: ontology(intents={}), "intents"),
        (lambda: ontology(claims={"x": {"en": ("y",)}}), "zh"),
    ],
)
def test_what_does_not_fit_together_is_refused(build: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        build()


def test_values_are_spotted_by_kind() -> None:
    found = DESK.spot("Refund $12.50 for #W123 and #W4 to your gift card on 2026-05-12, zip 10001, 12 Oak Street.")
    assert found["amount"] == ("$12.50",)
    assert found["order_id"] == ("#W123", "#W4")
    assert found["payment"] == ("gift_card",)
    assert found["date"] == ("2026-05-12",)
    assert found["zip"] == ("10001",)
    assert found["address"] == ("12 Oak Street",)


def test_chinese_words_of_a_choice_are_spotted() -> None:
    assert DESK.spot("退到信用卡")["payment"] == ("credit_card",)


@pytest.mark.parametrize(
    ("slot", "one", "other", "same"),
    [
        ("order_id", "#W12", "w12", True),
        ("order_id", "#W12", "#W123", False),
        ("payment", "credit_card", "Credit Card", True),
        ("payment", "credit_card", "信用卡", True),
        ("amount", 12.5, "$12.50", True),
        ("amount", "$1,200", "1200.00", True),
        ("address", "12 Oak Street", "12 oak street.", True),
    ],
)
def test_sameness_ignores_how_it_is_written(slot: str, one: Any, other: Any, same: bool) -> None:
    assert DESK.same(slot, one, other) is same


def test_values_are_said_in_the_language() -> None:
    assert DESK.say("payment", "gift_card", "en") == "gift card"
    assert DESK.say("payment", "gift_card", "zh") == "礼品卡"
    assert DESK.say("amount", 5) == "$5.00"
    assert DESK.say("order_id", ["#W1", "#W2"], "en") == "#W1, #W2"


def test_a_task_about_something_else_is_refused() -> None:
    task = sample_task(1)
    goal = task.goal.model_copy(update={"subgoals": (SubGoal(kind="cancle"),)})
    with pytest.raises(UserError, match=r"subgoals\[0\].*'cancle'.*Did you mean 'cancel'"):
        DESK.check(task.model_copy(update={"goal": goal}))
    goal = task.goal.model_copy(update={"unknown": ("zipp",)})
    with pytest.raises(UserError, match="'zipp'"):
        DESK.check(task.model_copy(update={"goal": goal}))
    DESK.check(task)
