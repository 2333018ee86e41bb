"""What users make of an agent's messages."""

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.simulators.example import DESK
from agentrl.simulators.models import DialogueAct
from agentrl.simulators.nlu import understand
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import Slot

sys.path.insert(0, str(Path(__file__).parent))
from agent_messages import STYLES, UNSEEN_STYLES
from agent_sentences import LABELLED, UNSEEN

COURTESY = {"greet", "apologise", "inform", "smalltalk"}


def found(text: str) -> frozenset[str]:
    """The acts that matter, questions with their slot."""
    acts = understand(text, DESK)
    return frozenset(
        f"ask:{act.slots['slot']}" if act.name == "ask" else act.name for act in acts if act.name not in COURTESY
    )


def one(text: str, name: str) -> DialogueAct:
    return next(act for act in understand(text, DESK) if act.name == name)


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_labelled_sentences_are_understood(locale: str) -> None:
    rows = LABELLED[locale]
    assert len(rows) >= 100
    wrong = [(text, sorted(acts), sorted(found(text))) for text, acts in rows if found(text) != acts]
    assert len(wrong) <= 0.02 * len(rows), wrong


@pytest.mark.parametrize(("locale", "floor"), [("en", 0.75), ("zh", 0.75)])
def test_sentences_that_the_lexicon_was_not_written_for(locale: str, floor: float) -> None:
    rows = UNSEEN[locale]
    right = sum(found(text) == acts for text, acts in rows)
    assert right >= floor * len(rows), [(text, sorted(a), sorted(found(text))) for text, a in rows if found(text) != a]


@pytest.mark.parametrize(("rows", "most_wrong"), [(STYLES, 1), (UNSEEN_STYLES, 3)], ids=["styles", "unseen"])
@pytest.mark.parametrize("locale", ["en", "zh"])
def test_whole_messages_in_the_styles_of_language_models(
    rows: dict[str, list[tuple[str, frozenset[str]]]], most_wrong: int, locale: str
) -> None:
    wrong = [text for text, acts in rows[locale] if found(text) != acts]
    assert len(wrong) <= most_wrong, wrong


def test_a_list_goes_on_with_the_question_before_it() -> None:
    assert found("Could you share the following?\n\n- **Name** on the account\n- Zip code") == {"ask:name", "ask:zip"}
    assert one("Which one?\n1. #W1111\n2. #W2222", "clarify").slots["options"] == ("#W1111", "#W2222")
    assert found("Shall I cancel #W1111?\n\nIt arrived in May.") == {"confirm"}


def test_a_hostile_message_is_read_in_no_time() -> None:
    began = time.perf_counter()
    for piece in ("?\n", "?\n- a ", "\n", "? \t*", "- ", "?\n1. "):
        understand(piece * 8000, DESK)
    assert time.perf_counter() - began < 2.0


def test_a_confirmation_carries_what_is_read_back() -> None:
    text = "I will send order #W12345 to 12 Oak Street instead. The refund of $35.50 goes to your credit card. Ok?"
    slots = one(text, "confirm").slots
    assert slots["order_id"] == ("#W12345",)
    assert slots["address"] == ("12 Oak Street",)
    assert slots["amount"] == ("$35.50",)
    assert slots["payment"] == ("credit_card",)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I'm going to cancel order #W1. Shall I go ahead?", "cancel"),
        ("You want a refund for #W1, correct?", "refund"),
        ("把订单#W1的地址改成12 Oak Street，确认吗？", "address"),
        ("确认取消订单#W1吗？", "cancel"),
    ],
)
def test_a_confirmation_names_its_intent(text: str, intent: str) -> None:
    assert one(text, "confirm").slots["intent"] == intent


SWAP = Ontology(
    name="swap",
    slots={**DESK.slots, "new_item": Slot(kind="text", words={"en": ("new item",), "zh": ("新商品",)})},
    intents=DESK.intents,
    problem=DESK.problem,
)
"""The desk with a slot whose name ends in that of another: "item"."""


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("Could you tell me your new item?", ["new_item"]),
        ("Could you tell me the item?", ["item"]),
        ("Which item do you have, and what is the new item?", ["item", "new_item"]),
        ("What are the new items, and what is the item now?", ["new_item", "item"]),
        ("请问您的新商品是什么？", ["new_item"]),
        ("请问是哪个商品？", ["item"]),
        ("请问商品和新商品分别是什么？", ["item", "new_item"]),
        ("Could you give me your new address?", ["address"]),
    ],
)
def test_a_slot_is_not_heard_in_the_longer_name_of_another(text: str, slots: list[str]) -> None:
    assert [act.slots["slot"] for act in understand(text, SWAP) if act.name == "ask"] == slots


def test_an_unclear_confirmation_names_none() -> None:
    assert "intent" not in one("Shall I cancel it or refund it, and go ahead?", "confirm").slots


def test_a_choice_lists_its_options_wherever_they_stand() -> None:
    text = "I found these orders:\n1. **#W1111** (lamp)\n2. **#W2222** (desk)\n\nWhich one do you mean?"
    assert one(text, "clarify").slots == {"slot": "order_id", "options": ("#W1111", "#W2222")}


def test_several_acts_in_one_message() -> None:
    text = "Hello Ana! I'm sorry about that. I have cancelled #W1. Could you tell me your zip code? Anything else?"
    acts = [act.name for act in understand(text, DESK)]
    assert acts == ["greet", "apologise", "report_done", "ask", "offer_more", "inform"]


def test_the_values_of_a_refusal_are_not_offered() -> None:
    confirm = one("I can't cancel #W1. Shall I refund #W2 instead?", "confirm")
    assert confirm.slots["order_id"] == ("#W2",)


@pytest.mark.parametrize("wrap", ["**{}**", "- {}", "> {}", "### {}", "`{}`", "1. {}", "{}  \n", "\n\n{}\n"])
def test_markdown_changes_nothing(wrap: str) -> None:
    for text in ("Shall I cancel order #W1234?", "请问订单号是多少？", "Your order has been cancelled."):
        assert found(wrap.format(text)) == found(text)


def test_emphasis_inside_a_sentence_changes_nothing() -> None:
    assert found("Your order **has** **been** `cancelled`.") == {"report_done"}
    assert found("Could you give me your **zip** **code**?") == {"ask:zip"}
    assert found("请**提供**您的**邮**编。") == {"ask:zip"}
    assert found("| order |\n| - |\n| #W1234 |\n\n*Shall* I **cancel** it?") == {"confirm"}


def test_a_long_message_is_understood_to_its_end() -> None:
    text = "Thank you for your patience while we look at this together. " * 60 + "Could you give me your zip code?"
    assert "ask:zip" in found(text)


def test_nothing_understood_is_smalltalk() -> None:
    for text in ("", "   ", "🙂", "lorem ipsum dolor"):
        assert understand(text, DESK) == (DialogueAct("smalltalk"),)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    acts = understand(text, DESK)
    assert acts
    assert acts == understand(text, DESK)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([text for rows in LABELLED.values() for text, _ in rows]), min_size=2, max_size=4))
def test_sentences_side_by_side_keep_their_demands(texts: list[str]) -> None:
    """What is asked for in one sentence is still asked for when other sentences stand beside it."""
    together = found("\n".join(texts))
    for text in texts:
        assert {act for act in found(text) if act.startswith("ask:")} <= together | {"ask:intent"} or (
            "clarify" in together
        )
