"""What a reply in words says to a change that was read back: a yes, a no, or neither."""

import random
import time

import pytest
from consent_hostile import FRESH, HOSTILE
from consent_replies import CHINESE, ENGLISH, TAKEN_BACK, rows

from agentrl.simulators import DialogueAct, Persona
from agentrl.simulators.consent import doubts, questions, reply_in, without_no
from agentrl.simulators.example import DESK
from agentrl.simulators.nlg import render

MISSED = {
    "Sure, but do I keep my seat?": "no",
    "差不多，就是卡不对。": "no",
    "好的，就这么定了。": "unclear",
    "好，升级吧，我腿不好。": "unclear",
    "Cancel that, I don't want the upgrade.": "unclear",
    "Please ignore my last message.": "unclear",
    "先停一下。": "unclear",
    "Yeah go ahead, the money goes to my card, right?": "unclear",
    "可以，退到卡里就行": "unclear",
    "Yes, because I won't be home.": "unclear",
    "Yes, a rain jacket is what I need.": "unclear",
}
"""What is read otherwise than people read it. It may cost a turn: none of it is a yes, and no yes is a no."""
ASKED = "I will cancel order #W1 and refund it. Shall I go ahead?"
ASKED_ZH = "我将取消订单#W1。确认办理吗？"


TABLES = {"en": ENGLISH, "zh": CHINESE, "taken back": TAKEN_BACK, "hostile": HOSTILE, "fresh": FRESH}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_replies_are_read_as_people_read_them(table: str) -> None:
    read = [(reply_in(reply, asked), wanted, reply) for asked, reply, wanted in rows(table)]
    wrong = {reply: got for got, wanted, reply in read if got != wanted}
    assert wrong.items() <= MISSED.items()
    assert not [row for row in read if row[:2] in (("yes", "no"), ("yes", "unclear"), ("no", "yes"))]


def test_no_reply_stands_there_twice() -> None:
    assert all(len(set(rows(table))) == len(rows(table)) for table in TABLES.values())


@pytest.mark.parametrize(
    ("asked", "reply", "reading"),
    [
        (ASKED, "Please cancel it.", "yes"),
        (ASKED, "Please return it.", "unclear"),
        ("I will return order #W1. Shall I go ahead?", "Please return it.", "yes"),
        ("", "Please cancel it.", ""),
        ("", "My zip code is 12345.", ""),
        (ASKED, "My zip code is 12345.", "unclear"),
        (ASKED, "Right now I am at work.", "unclear"),
        (ASKED, "Great, thanks!", "yes"),
        (ASKED, "Great. Where is it now?", "unclear"),
        (ASKED, "👍", "yes"),
        (ASKED_ZH, "取消吧", "yes"),
        (ASKED_ZH, "退货吧", "unclear"),
        (ASKED_ZH, "对了，我的邮编是12345。", "unclear"),
        (ASKED_ZH, "行程有变化。", "unclear"),
        (ASKED_ZH, "没问题", "yes"),
        (ASKED_ZH, "没问题吧？", "unclear"),
    ],
)
def test_telling_the_agent_to_do_what_it_asked_is_a_yes(asked: str, reply: str, reading: str) -> None:
    assert reply_in(reply, asked) == reading


@pytest.mark.parametrize(("locale", "asked"), [("en", ASKED), ("zh", ASKED_ZH), ("mixed", ASKED_ZH)])
def test_the_grammars_own_yes_is_one_and_its_no_is_none(locale: str, asked: str) -> None:
    rng = random.Random(0)
    for _ in range(200):
        traits = {"politeness": rng.random(), "verbosity": rng.random()}
        persona = Persona.model_validate({"id": "p", "display_name": "Ana", "locale": locale, **traits})
        for act, reading in ((DialogueAct("affirm", {"intent": "cancel"}), "yes"), (DialogueAct("deny"), "no")):
            text = render((act,), DESK, persona, rng, emotion=rng.choice((0.0, 0.9)))
            assert reply_in(text, asked) in (reading, "unclear" if reading == "no" else reading), text


def test_a_no_to_another_question_is_cut_off() -> None:
    assert without_no("No, thanks.") == ", thanks."
    assert without_no("不用了，谢谢") == "，谢谢"
    assert without_no("Now, please.") == "Now, please."


def test_questions_and_doubts_are_found() -> None:
    assert questions("It costs 3.50. Is that right? 可以吗") == [" Is that right?", " 可以吗"]
    assert doubts("Only if it is free.")
    assert not doubts("Yes, please do.")


@pytest.mark.parametrize("piece", ["我在在在在在", "好", "yes ", "i have had just ", "x就", "cancel it "])
def test_a_long_answer_is_read_at_once(piece: str) -> None:
    start = time.perf_counter()
    reply_in(piece * 1000, f"{ASKED} {ASKED_ZH}")
    assert time.perf_counter() - start < 5
