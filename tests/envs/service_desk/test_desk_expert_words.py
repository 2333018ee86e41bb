"""The expert's sentences: what they say, and in which language."""

import re

import pytest

from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.expert.words import Words
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.simulators.adversary import apply
from agentrl.simulators.nlu import understand
from agentrl.simulators.users import seeded

HAN = re.compile("[\u4e00-\u9fff]")
NUMBERS = {"shop": "#W12345", "travel": "#B12345"}
VALUES = {
    "refund_to": "card",
    "new_item": "desk lamp",
    "address": "1 Oak Street",
    "date": "2026-06-22",
    "meal": "halal",
}


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
        for reason in ("holder", "unverified", *domain.ontology.reasons):
            text = words.refuse(kind, {domain.record: NUMBERS[trade]}, reason)
            assert not chinese or HAN.search(text.partition("：")[2]), text
            heard = {act.name for act in understand(text, domain.ontology)}
            assert "refuse" in heard, text
            assert not heard & {"report_done", "confirm", "ask"}, text
            assert "{" not in text
            assert " that " not in text


@pytest.mark.parametrize("name", ["fish", "tangent", "hold"])
@pytest.mark.parametrize("chinese", [False, True])
def test_what_users_say_besides_is_answered_and_changes_nothing_else(name: str, chinese: bool) -> None:
    domain = get_domain("shop")
    words = Words(domain)
    words.chinese = chinese
    slots = {"order_id": "#W12345", "refund_to": "card"}
    for message in (
        words.confirm("return", slots, "order_id"),
        words.ask(["zip"]),
        words.done("return", slots, ("$8",)),
    ):
        besides = words.besides(["request", name, name], message)
        assert besides.endswith(message)
        assert len(besides) > len(message)
        heard, alone = (understand(text, domain.ontology) for text in (besides, message))
        assert [act for act in heard if act.name != "smalltalk"] == list(alone)
    assert words.besides(["request"], "Yes?") == "Yes?"


@pytest.mark.parametrize("name", ["fish", "tangent", "hold"])
def test_demonstrations_answer_what_users_say_besides(name: str) -> None:
    domain = get_domain("travel")
    words, said = Words(domain), []
    for chinese in (False, True):
        words.chinese = chinese
        said.append(words.besides([name], "").strip())
    for number in range(30):
        task = apply(sample_task("travel", "full", number), [name], seeded(number), domain)
        if task is not None:
            played = play(task)
            asked = any(act.name == name for turn in played.said for act in turn.acts)
            told = "\n".join(line for line in played.lines if line.startswith("agent:"))
            assert played.success
            assert asked == any(sentence in told for sentence in said)


def test_who_speaks_for_somebody_is_refused_in_whole_sentences() -> None:
    refused = []
    for number in range(60):
        task = apply(sample_task("shop", "full", number), ["on_behalf"], seeded(number), get_domain("shop"))
        lines = play(task).lines if task else ()
        refused += [line for line in lines if "account's holder only" in line]
    assert len(refused) > 20
    assert not [line for line in refused if re.search(r"\b(?:order|your|the|a|to) that\b", line)]


@pytest.mark.parametrize("trade", ["shop", "travel"])
def test_every_reason_of_a_policy_has_chinese_words(trade: str) -> None:
    domain = get_domain(trade)
    wished = [wish for n in range(600) for wish in sample_task(trade, "full", n).goal.subgoals if not wish.permitted]
    states = [domain.read_state(sample_task(trade, "full", n).seed) for n in range(600)]
    found = {
        domain.refusal(state, wish.kind, wish.slots)
        for state in states
        for wish in wished
        if wish.slots[domain.record] in state[domain.records]
    }
    assert len(found - {""}) > 4
    assert found - {""} <= set(domain.ontology.reasons)


@pytest.mark.parametrize("trade", ["shop", "travel"])
@pytest.mark.parametrize("chinese", [False, True])
def test_what_is_done_is_heard_to_be_done(trade: str, chinese: bool) -> None:
    domain = get_domain(trade)
    words = Words(domain)
    words.chinese = chinese
    for kind in domain.writes:
        slots = {slot: VALUES.get(slot, NUMBERS[trade]) for slot in domain.ontology.intents[kind].slots}
        heard = understand(words.done(kind, slots, ()), domain.ontology)
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
