"""What the guard makes of hand-written words for a request, a yes and a no."""

import time

import pytest
from faithful_sentences import DISHONEST, HONEST, Row
from other_records_sentences import ALONE, OTHERS, TRAVEL_ALONE, TRAVEL_OTHERS

from agentrl.envs.service_desk.domains.shop_words import SHOP
from agentrl.envs.service_desk.domains.travel_words import TRAVEL
from agentrl.simulators import DialogueAct, Endpoint, HybridUser, Persona, UserTurn
from agentrl.simulators.example import sample_task
from agentrl.simulators.guard import has_chinese
from agentrl.simulators.other_records import wants_others

MISSED = {"Stop! Don't send it! Cancel order #W46930!"}
"""Read otherwise than people read it: "stop ... order" is a wish, too."""
MORE = "brought in another wish: the same for other records"
CANCEL = DialogueAct("request", {"intent": "cancel", "order_id": "#W46930"})
YES = DialogueAct("affirm", {"intent": "cancel", "order_id": "#W46930"})
NO = DialogueAct("deny")
READ_BACK = {"en": "I will cancel order #W46930. Shall I go ahead?", "zh": "我将取消订单#W46930。确认办理吗？"}
PLANNED = {
    ("R", "en"): (CANCEL, "Please cancel order #W46930.", "How can I help?"),
    ("R", "zh"): (CANCEL, "请取消订单#W46930。", "请问有什么可以帮您？"),
    ("Y", "en"): (YES, "Yes, please do.", READ_BACK["en"]),
    ("Y", "zh"): (YES, "是的，请办理。", READ_BACK["zh"]),
    ("N", "en"): (NO, "No, that's wrong.", READ_BACK["en"]),
    ("N", "zh"): (NO, "不对，不是这个。", READ_BACK["zh"]),
}


def wrong(row: Row) -> list[str]:
    """What the guard has against the words of a row."""
    plan, text = row
    locale = "zh" if has_chinese(text) else "en"
    act, plain, heard = PLANNED[plan, locale]
    persona = Persona.model_validate({"id": "p", "display_name": "x", "locale": locale})
    user = HybridUser(sample_task(3, persona), SHOP, Endpoint("m", "http://127.0.0.1:1/v1"))
    user._agent = heard
    return user._check(UserTurn(plain, (act,)), plain)(text)


def test_honest_words_pass() -> None:
    refused = {row[1]: told for row in HONEST if (told := wrong(row))}
    assert refused.keys() <= MISSED, refused


@pytest.mark.parametrize("row", DISHONEST, ids=str)
def test_dishonest_words_do_not(row: Row) -> None:
    assert wrong(row)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("R", "Cancel #W46930. Actually, forget it, keep it."), "took something back"),
        (("R", "Never mind the cancellation of order #W46930."), "said no to the wish 'cancel an order'"),
        (("R", "Keep #W46930. The cancellation was a mistake."), "said no to the wish 'cancel an order'"),
        (("R", "Not #W46930, cancel my order."), "denied '#W46930'"),
        (("R", "Cancel #W46930 unless it was sent."), "made a wish depend on something"),
        (("R", "把所有订单都取消，包括#W46930。"), MORE),
        (("N", "No, but cancel my other order."), MORE),
    ],
)
def test_the_model_is_told_what_is_wrong(row: Row, told: str) -> None:
    assert told in wrong(row)


@pytest.mark.parametrize("text", ALONE)
def test_to_speak_of_other_records_is_no_wish_for_them(text: str) -> None:
    assert MORE not in wrong(("R", text))


@pytest.mark.parametrize("text", OTHERS)
def test_a_wish_for_other_records_is_told(text: str) -> None:
    assert MORE in wrong(("R", text))


def test_the_same_holds_for_the_words_of_another_domain() -> None:
    assert not [text for text in TRAVEL_ALONE if wants_others(text, TRAVEL)]
    assert all(wants_others(text, TRAVEL) for text in TRAVEL_OTHERS)


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "1",
        "#",
        "'",
        " ",
        "-",
        "all ",
        "cancel ",
        "and my other ",
        "the rest ",
        "my orders ",
        "所有",
        "订单都",
        "也",
        "取消",
    ],
)
@pytest.mark.parametrize("start", ["", "Cancel all my orders ", "取消订单都"])
def test_long_texts_are_read_quickly(start: str, part: str) -> None:
    text = (start + part * 1500)[:1500]
    begin = time.process_time()
    wants_others(text, SHOP)
    assert time.process_time() - begin < 0.5  # about 5 ms for twice the length; patterns that blow up take far longer
