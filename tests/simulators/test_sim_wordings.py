"""The grammar, and the wordings that ship with agentrl."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.errors import UserError
from agentrl.simulators.grammar import expand, load_wordings, wordings
from agentrl.simulators.nlg import _Voice
from agentrl.simulators.schema import Tongue

FREQUENT = 0.02
"""An act is frequent when this share of a locale's sentences are of it."""
VARIED = (
    *("request", "request_info", "change", "affirm", "deny", "correct", "thank", "leave", "complain"),
    *("already_said", "dont_know"),
    *(f"inform_{kind}" for kind in ("id", "name", "zip", "date", "text", "choice", "money")),
)
"""What has fifty wordings in English and in Chinese, however often it is said."""
HOLES = {
    "vp",
    "Vp",
    "q",
    "label",
    "my_label",
    "My_label",
    "value",
    "noun",
    "problem",
    "vague",
    "Vague",
    "claim",
    "relation",
}
TONGUES: tuple[Tongue, ...] = ("en", "zh", "mixed")


def distinct(act: str, tongue: Tongue) -> int:
    """How many wordings of an act differ, even without punctuation."""
    texts = wordings(tongue).own.get(act, frozenset())
    return len({re.sub(r"[\s.!?:。！？，,：]+", " ", text).strip().lower() for text in texts})


@cache
def sentences() -> dict[str, Counter[str]]:
    """Locale -> how many sentences of each act the users of both trades say in whole dialogues with the expert."""
    counts: dict[str, Counter[str]] = {tongue: Counter() for tongue in TONGUES}
    draw = _Voice._draw

    def counted(voice: _Voice, kind: str, **holes: str) -> str:
        counts[voice.persona.locale][kind] += 1
        return draw(voice, kind, **holes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Voice, "_draw", counted)
        for trade in ("shop", "travel"):
            for seed in range(400):
                play(sample_task(trade, "full", seed))
    return counts


@pytest.mark.parametrize("tongue", ["en", "zh", "mixed"])
def test_frequent_acts_have_fifty_wordings(tongue: Tongue) -> None:
    said = sentences()[tongue]
    frequent = [act for act, count in said.items() if count >= FREQUENT * said.total()]
    assert said.total() > 700
    assert len(frequent) >= 10
    assert {act: number for act in frequent if (number := distinct(act, tongue)) < 50} == {}


@pytest.mark.parametrize("tongue", ["en", "zh"])
@pytest.mark.parametrize("act", VARIED)
def test_these_acts_have_fifty_wordings_as_well(act: str, tongue: Tongue) -> None:
    assert distinct(act, tongue) >= 50


@pytest.mark.parametrize("tongue", ["en", "zh", "mixed"])
def test_punctuation_and_blanks_are_right(tongue: Tongue) -> None:
    wrong = re.compile(
        r" ['’]"  # "I 'm"
        r"|[吗么]。|(?:谢谢|麻烦您了|[Tt]hanks)[？?]"  # a question without its mark, a statement with one
        r"|[？?][。.，,]|[，,、][。.！!？?]|。。|(?<!\.)\.\.(?!\.)|\s[?!.,](?!\.)"
        r"|[A-Za-z][\u4e00-\u9fff]|[\u4e00-\u9fff][A-Za-z]"
        r"|你您|您您|你你|是是(?!的)|我我|的的|(?<!不)了了|\b(the|a|is|to|my|it) \1\b",
    )
    found = [(act, text) for act in wordings(tongue).acts for text in wordings(tongue).own[act] if wrong.search(text)]
    assert found == []


@pytest.mark.parametrize("tongue", ["en", "zh", "mixed"])
def test_requests_greet_nobody(tongue: Tongue) -> None:
    """They follow a greeting, or come in the middle of a dialogue."""
    greeting = re.compile(r"^(?:hi|hello|hey|good (?:morning|day))\b|你好|您好|哈喽|在吗", re.IGNORECASE)
    for act in ("request", "request_info", "request_vague", "tell_name", "inform_name"):
        assert [text for text in wordings(tongue).own[act] if greeting.search(text)] == []


@pytest.mark.parametrize("tongue", ["en", "zh", "mixed"])
def test_facts_that_were_not_asked_for_are_named(tongue: Tongue) -> None:
    for kind in ("id", "zip", "text", "date", "choice"):
        texts = wordings(tongue).own[f"tell_{kind}"]
        named = [text for text in texts if "label" in text]
        assert len(named) >= 0.85 * len(texts), kind
        assert not [text for text in texts if re.match("sure|ok[,，]|yes|it's|好的|嗯|就是", text, re.IGNORECASE)]


def test_english_and_chinese_word_the_same_acts() -> None:
    assert wordings("en").acts.keys() == wordings("zh").acts.keys()
    assert wordings("mixed").acts.keys() <= wordings("zh").acts.keys()


@pytest.mark.parametrize("tongue", TONGUES)
def test_holes_are_known_and_balanced(tongue: Tongue) -> None:
    for act in wordings(tongue).acts:
        for text in wordings(tongue).own[act]:
            assert set(re.findall(r"\{(\w+)\}", text)) <= HOLES, (act, text)
            assert not set("[]<>|") & set(text), (act, text)
            assert text.count("{") == text.count("}") == len(re.findall(r"\{\w+\}", text)), (act, text)
            assert text == text.strip()
            assert text


def test_wordings_are_in_their_language() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    for act in wordings("en").acts:
        assert not [text for text in wordings("en").own[act] if han.search(text)]
    for act in wordings("zh").acts:
        for text in wordings("zh").own[act]:
            said = re.sub(r"\{\w+\}", "", text)
            assert han.search(said) or len(said) < 4 or not re.search("[a-z]{4}", said), (act, text)


@pytest.mark.parametrize("tongue", ["en", "zh"])
@pytest.mark.parametrize("act", [act for act in VARIED if act.startswith("inform") or act == "correct"])
def test_values_are_never_left_out(act: str, tongue: Tongue) -> None:
    assert all("{value}" in text for text in wordings(tongue).own[act])


def test_alternatives_nest_and_symbols_expand() -> None:
    assert expand("[a|b [c|]]<x>!", {"x": ("1", "2")}) == ("a1!", "a2!", "b c1!", "b c2!", "b 1!", "b 2!")


@pytest.mark.parametrize("broken", ["[a|b", "a]b", "<nothing>", "[a|[b]"])
def test_malformed_templates_are_named(broken: str) -> None:
    with pytest.raises(UserError, match="template"):
        expand(broken, {})


def test_a_wordings_file_names_the_place_of_its_mistake(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("acts:\n  affirm:\n    polite: [yes, '<oops>']\n")
    with pytest.raises(UserError, match=r"own\.yaml: acts\.affirm\.polite must be a list of strings"):
        load_wordings(path)
    path.write_text("acts:\n  affirm:\n    loud: ['YES']\n")
    with pytest.raises(UserError, match=r"no style is called 'loud'"):
        load_wordings(path)


def test_too_many_expansions_are_a_mistake() -> None:
    with pytest.raises(UserError, match="4096 expansions"):
        expand("[a|b]" * 12, {})
