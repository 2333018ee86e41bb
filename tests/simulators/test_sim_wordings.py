"""The grammar, and the wordings that ship with agentrl."""

import re
from pathlib import Path

import pytest

from agentrl.errors import UserError
from agentrl.simulators.grammar import expand, load_wordings, wordings
from agentrl.simulators.ontology import Tongue

FREQUENT = (
    *("request", "request_info", "change", "affirm", "deny", "correct", "thank", "leave", "complain"),
    *("already_said", "dont_know"),
    *(f"inform_{kind}" for kind in ("id", "name", "zip", "date", "text", "choice", "money")),
)
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


@pytest.mark.parametrize("tongue", ["en", "zh"])
@pytest.mark.parametrize("act", FREQUENT)
def test_frequent_acts_have_fifty_wordings(act: str, tongue: Tongue) -> None:
    plain = {re.sub(r"[\s.!?。！？，,]+", " ", text).strip().lower() for text in wordings(tongue).own[act]}
    assert len(plain) >= 50  # distinct even without punctuation


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
@pytest.mark.parametrize("act", [act for act in FREQUENT if act.startswith("inform") or act == "correct"])
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
