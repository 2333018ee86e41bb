"""What is read from texts: a yes or a no of users without acts, and the language."""

import pytest

from agentrl.envs.service_desk.verdict.speech import language_of, speaks
from agentrl.simulators.consent import Reply, reply_in


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Yes.", "yes"),
        ("Yes, I don't need it anymore", "yes"),
        ("Sure thing, no rush", "yes"),
        ("好的，不用等了，办吧", "yes"),
        ("是的，我不需要它了", "yes"),
        ("行，别忘了退款", "yes"),
        ("Okay, wait. No, don't do that!", "no"),
        ("Yes... no, I changed my mind.", "no"),
        ("对不起，我不想取消了", "no"),
        ("行李还没到，先别取消", "no"),
        ("不，先别取消了", "no"),
        ("Yes, but not this one", "unclear"),
        ("Yes, if it is free", "unclear"),
        ("My zip code is 12345.", ""),
        ("Yes, I can wait.", "yes"),
        ("Okay hold on", "unclear"),
    ],
)
def test_what_a_user_without_acts_agrees_to(text: str, reply: Reply) -> None:
    assert reply_in(text) == reply


@pytest.mark.parametrize(
    "text",
    [
        "OK wait, is that the right one?",
        "Okay, when will it arrive?",
        "Yes, and how much do I get back?",
        "Sure?",
        "Yes?!",
        "可以吗？",
        "可以吗",
        "行么",
        "好的？",
        "好的，什么时候到？",
        "没问题吧？",
    ],
)
def test_a_question_is_no_yes_whatever_it_begins_with(text: str) -> None:
    assert reply_in(text) == "unclear"


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Yes, please do. Is that all?", "yes"),
        ("Is it free? Yes please.", "yes"),
        ("Yes, go ahead. Will it be done right away?", "yes"),
        ("好的，办吧。多久到账？", "yes"),
        ("好的，没什么", "yes"),
        ("Yes. Is that the right one?", "unclear"),
        ("Go ahead! That was the correct amount?", "unclear"),
        ("好的。是这个订单对吗？", "unclear"),
        ("Where is my order?", ""),
    ],
)
def test_a_yes_stands_beside_a_question_unless_that_doubts_it(text: str, reply: Reply) -> None:
    assert reply_in(text) == reply


def test_a_language_is_seen_by_its_words() -> None:
    assert language_of("我的邮编是47233。新商品是rain jacket。") == "zh"
    assert language_of("把 order #W1 cancel 掉") == ""
    assert language_of("My email is li.wang@example.com, thanks") == "en"
    assert speaks("好的", "zh")
    assert not speaks("OK, done", "zh")
