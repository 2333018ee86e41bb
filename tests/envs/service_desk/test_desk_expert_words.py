"""The expert's sentences: what they say, and in which language."""

import re

import pytest

from agentrl.envs.service_desk.domains import get_domain
from agentrl.envs.service_desk.expert_words import _REASONS, Words
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.simulators.nlu import understand

HAN = re.compile("[\u4e00-\u9fff]")
NUMBERS = {"shop": "#W12345", "travel": "#B12345"}


def test_an_amount_is_money_and_a_date_is_said_once() -> None:
    words = Words(get_domain("travel"))
    slots = {"booking_id": "#B12345", "date": "2026-06-22"}
    assert words.done("rebook", slots, ("2026-06-22",)) == "Done, I've moved booking #B12345 to 2026-06-22."
    words.chinese = True
    assert words.done("rebook", slots, ("2026-06-22",)).count("2026-06-22") == 1
    assert words.done("cancel", slots, ("$80",)) == "已完成：取消预订#B12345。金额是$80。"


def test_articles_fit_every_product() -> None:
    for seed in range(150):
        assert not re.search(r"\ba [aeiou]", "\n".join(play(sample_task("shop", "easy", seed)).lines))


@pytest.mark.parametrize("trade", ["shop", "travel"])
@pytest.mark.parametrize("chinese", [False, True])
def test_every_reason_is_heard_as_a_refusal_and_nothing_else(trade: str, chinese: bool) -> None:
    domain = get_domain(trade)
    words = Words(domain)
    words.chinese = chinese
    for kind in domain.does:
        for reason in _REASONS:
            text = words.refuse(kind, {domain.record: NUMBERS[trade]}, reason)
            heard = {act.name for act in understand(text, domain.ontology, "zh" if chinese else "en")}
            assert "refuse" in heard, text
            assert not heard & {"report_done", "confirm", "ask"}, text


@pytest.mark.parametrize("trade", ["shop", "travel"])
@pytest.mark.parametrize("chinese", [False, True])
def test_what_is_done_is_heard_to_be_done(trade: str, chinese: bool) -> None:
    domain = get_domain(trade)
    words = Words(domain)
    words.chinese = chinese
    for kind in domain.writes:
        heard = understand(words.done(kind, {domain.record: NUMBERS[trade]}, ()), domain.ontology, "en")
        assert [act.name for act in heard if act.name != "inform"] == ["report_done"]


@pytest.mark.parametrize("text", ["Ok", "3q", "#W12345", "sofia.757@example.com.", "Ana Silva", "2026-06-07"])
def test_a_few_latin_letters_do_not_change_the_language(text: str) -> None:
    words = Words(get_domain("shop"))
    words.listen(text)
    assert not words.chinese
    words.listen("我想取消订单。")
    words.listen(text)
    assert words.chinese
    words.listen("Sorry, could we go on in English?")
    assert not words.chinese


def test_chinese_users_are_served_in_chinese() -> None:
    """Whatever they write, once they have written a sentence: also "ok" and an email address alone."""
    for seed in range(150):
        task = sample_task("travel", "full", seed)
        if task.persona.locale == "zh":
            lines = [line for line in play(task).lines if line.startswith("agent:") and "<tool_call>" not in line]
            assert all(HAN.search(line) for line in lines[1:]), lines
