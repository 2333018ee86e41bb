"""Dates and amounts in the ways that people write them, for both of their readers: the guard, and what was told."""

import pytest

from agentrl.envs.service_desk.domains.shop_words import SHOP
from agentrl.envs.service_desk.domains.travel_words import TRAVEL
from agentrl.envs.service_desk.verdict.hearing import facts_in, tells
from agentrl.simulators.figures import amounts_in, dates_in
from agentrl.simulators.guard import Bounds, problems
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.values import values_in

DATES = {
    "2026-05-24": "2026-05-24",
    "2026/5/24": "2026-05-24",
    "2026.5.24": "2026-05-24",
    "2026年5月24日": "2026-05-24",
    "2026 年 5 月 24 日": "2026-05-24",
    "5/24/2026": "2026-05-24",
    "24/5/2026": "2026-05-24",
    "24.5.2026": "2026-05-24",
    "May 24th, 2026": "2026-05-24",
    "May 24 2026": "2026-05-24",
    "24-May-2026": "2026-05-24",
    "24 May 2026": "2026-05-24",
    "the 24th of May, 2026": "2026-05-24",
    "5月24日": "05-24",
    "5 月 24 号": "05-24",
    "May-24": "05-24",
    "24-May": "05-24",
    "May 24": "05-24",
    "may the 24th": "05-24",
    "24th of May": "05-24",
    "Sept 5": "09-05",
    "sep. 5th": "09-05",
    "5 September": "09-05",
}
AMOUNTS = {
    "$34": "34",
    "34 $": "34",
    "34$": "34",
    "$ 34.00": "34",
    "$34.5": "34.50",
    "$1,234.50": "1234.50",
    "34 dollars": "34",
    "34-dollar": "34",
    "34 US dollars": "34",
    "34 bucks": "34",
    "USD 34": "34",
    "34 usd": "34",
    "34美元": "34",
    "34 元": "34",
    "34块": "34",
}
NO_DATES = ("24/7", "1.5", "5-24", "#W2026", "maybe 5", "Marching 12", "5月")
NO_AMOUNTS = ("34", "#W34", "34 %", "2026-05-24", "$1.234.567", "34 cents")


@pytest.mark.parametrize("sentence", ["{}", "It was {}, I think.", "是{}吗？", "({})"])
@pytest.mark.parametrize("ontology", [SHOP, TRAVEL])
def test_both_readers_read_the_same(sentence: str, ontology: Ontology) -> None:
    for written, read in DATES.items():
        text = sentence.format(written)
        assert facts_in(text) == {("date", read)}, text
        assert set(values_in(text, ontology, strict=True)) == {read}, text
    for written, read in AMOUNTS.items():
        text = sentence.format(written)
        assert facts_in(text) == {("money", read)}, text
        assert set(values_in(text, ontology, strict=True)) == {f"${read}"}, text


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date(text: str) -> None:
    assert dates_in(text) == []


@pytest.mark.parametrize("text", NO_AMOUNTS)
def test_what_is_no_amount(text: str) -> None:
    assert amounts_in(text) == []


def test_a_year_that_was_told_is_compared() -> None:
    assert tells("It arrives on May 24, 2026.", "2026-05-24")
    assert tells("It arrives on May 24.", "2026-05-24")
    assert not tells("It arrives on May 24, 2025.", "2026-05-24")
    bounds = Bounds("en", ("Order #W12 arrives on 2026-05-24.",))
    assert problems("On May 24th, 2026?", bounds, SHOP) == []
    assert problems("On May 24th, 2027?", bounds, SHOP) == ["made up 'May 24th, 2027'"]


def test_what_stands_behind_a_day_is_no_year() -> None:
    assert dates_in("from May 24, 2026-06-01 at the latest") == ["05-24", "2026-06-01"]
    assert dates_in("on May 24, 1200 people") == ["05-24"]


def test_another_currency_is_another_amount() -> None:
    assert problems("for 42 euros", Bounds("en", ("It costs $42.",)), SHOP) == ["made up '42 euros'"]
    assert facts_in("€42") == set()


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("５月２０日", "05-20"),
        ("2026年５月２日", "2026-05-02"),
        ("May ５", "05-05"),
        ("２０２６-０５-２０", "2026-05-20"),
    ],
)
def test_full_width_figures_are_dates(text: str, fact: str) -> None:
    assert dates_in(text) == [fact]


@pytest.mark.parametrize(
    ("text", "fact"), [("$05", "5"), ("＄４２", "42"), ("$007.50", "7.50"), ("$0", "0"), ("$0.5", "0.50")]
)
def test_amounts_have_one_spelling(text: str, fact: str) -> None:
    assert amounts_in(text) == [fact]
