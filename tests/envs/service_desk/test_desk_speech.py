"""What is read from texts: a yes or a no of users without acts, and the language."""

import pytest

from agentrl.envs.service_desk.speech import Reply, language_of, reply_in, speaks


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
    ],
)
def test_what_a_user_without_acts_agrees_to(text: str, reply: Reply) -> None:
    assert reply_in(text) == reply


def test_a_language_is_seen_by_its_words() -> None:
    assert language_of("我的邮编是47233。新商品是rain jacket。") == "zh"
    assert language_of("把 order #W1 cancel 掉") == ""
    assert language_of("My email is li.wang@example.com, thanks") == "en"
    assert speaks("好的", "zh")
    assert not speaks("OK, done", "zh")
