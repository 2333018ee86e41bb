"""The language of what a model says that plays a user: English, Chinese or both, and no other."""

from typing import Any

import pytest
from consent_replies import CHINESE as REPLIES_ZH
from consent_replies import ENGLISH as REPLIES_EN
from consent_replies import rows
from tongue_sentences import CHINESE, ENGLISH, OTHER

from agentrl.envs.service_desk import ServiceDeskEnv
from agentrl.envs.service_desk.domains.shop_words import SHOP
from agentrl.envs.service_desk.domains.travel_words import TRAVEL
from agentrl.simulators import AgendaUser, UserTurn
from agentrl.simulators.example import DESK
from agentrl.simulators.guard import Bounds, facts_of, has_chinese, problems
from agentrl.simulators.models import Locale
from agentrl.simulators.tongues import foreign

PASSES = {
    "Berapa harganya?",
    "D'accord, faites-le",
    "Er ontbreekt een onderdeel",
    "Falta una pieza",
    "Ik ben erg teleurgesteld",
    "Ile to kosztuje?",
    "Llevo dos semanas esperando",
    "Manca un pezzo",
    "Nie, to nieprawda",
    "Non, je refuse",
    "Pourquoi si long ?",
    "Produkt jest uszkodzony",
    "Qing bangwo quxiao dingdan #W11111",
    "Quiero hablar con un supervisor",
    "Saya sangat kecewa",
    "Tuote on rikki",
    "Wo xiang quxiao wo de dingdan",
}
"""Another language that passes for English: too few of its words are known."""


@pytest.mark.parametrize("ontology", [SHOP, TRAVEL, DESK], ids=["shop", "travel", "desk"])
def test_short_honest_messages_pass(ontology: Any) -> None:
    english = [*ENGLISH, *(row[1] for row in rows(REPLIES_EN))]
    chinese = [*CHINESE, *(row[1] for row in rows(REPLIES_ZH) if has_chinese(row[1]))]
    assert not [text for text in english if foreign(text, "en", (), ontology)]
    assert not [text for text in chinese if foreign(text, "zh", (), ontology)]
    assert not [text for text in (*english, *chinese) if foreign(text, "mixed", (), ontology)]


def test_another_language_passes_for_none() -> None:
    assert not [text for text in OTHER if not foreign(text, "zh", (), SHOP)]
    for locale in ("en", "mixed"):
        assert {text for text in OTHER if not foreign(text, locale, (), SHOP)} <= PASSES


@pytest.mark.parametrize(
    ("text", "locale", "told"),
    [
        ("Veuillez annuler la commande #W11111", "en", "not in English"),
        ("请取消订单", "en", "not in English"),
        ("ご注文をキャンセル", "zh", "not in Chinese"),
        ("주문 취소", "zh", "not in Chinese"),
        ("Please cancel my order", "zh", "not in Chinese"),
        ("cancel", "zh", "not in Chinese"),
        ("No funciona", "zh", "not in Chinese"),
        ("好 please cancel the order right now", "zh", "not in Chinese"),
        ("请 annuler la commande s'il vous plaît", "mixed", "neither in English nor in Chinese"),
    ],
)
def test_what_is_wrong_is_named(text: str, locale: Locale, told: str) -> None:
    assert told in problems(text, Bounds(locale, ("#W11111",)), SHOP)


@pytest.mark.parametrize("text", ["二〇〇〇年的订单", "ＯＫ，好的", "(´･ω･`)", "¯\\_(ツ)_/¯ 好", "2ⁿᵈ one", "Ⅲ 号"])
def test_signs_are_no_language(text: str) -> None:
    assert not foreign(text, "zh" if has_chinese(text) else "en", (), SHOP)


def test_names_that_were_given_are_in_no_language() -> None:
    assert not foreign("李伟", "en", ("李伟",), SHOP)
    assert not foreign("chez nous, rue de la paix", "en", ("7 rue de la paix", "Chez Nous"), SHOP)
    assert foreign("chez nous, rue avec merci", "en", (), SHOP)
    assert not problems("My name is 李伟 here", Bounds("en", (), ("李伟",)), SHOP)


NOISE: dict[str, Any] = {"typos": {"share": 1.0, "most": 0.4}, "misheard": {"share": 1.0, "most": 0.4}}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[AgendaUser, Locale, UserTurn]]:
    """What agenda users say from now on, and in which language."""
    heard: list[tuple[AgendaUser, Locale, UserTurn]] = []

    def noted(method: Any) -> Any:
        def call(user: AgendaUser, *args: Any) -> UserTurn:
            turn: UserTurn = method(user, *args)
            heard.append((user, user.agenda.locale, turn))
            return turn

        return call

    monkeypatch.setattr(AgendaUser, "open", noted(AgendaUser.open))
    monkeypatch.setattr(AgendaUser, "reply", noted(AgendaUser.reply))
    return heard


@pytest.mark.parametrize("noise", [{}, NOISE], ids=["clean", "noisy"])
@pytest.mark.parametrize("locale", ["en", "zh", "mixed"])
@pytest.mark.parametrize("domain", ["both", "./docs/examples/library.py:Library"], ids=["both", "library"])
def test_what_the_grammar_says_passes(
    said: list[tuple[AgendaUser, Locale, UserTurn]], domain: str, locale: str, noise: dict[str, Any]
) -> None:
    personas = {"locale": {locale: 1.0}, **noise}
    env = ServiceDeskEnv(domain=domain, level="full", personas=personas, adversary={"share": 0.5})
    for seed in range(15):
        env.reset(seed=seed)
        while not any(env.step(env.expert())[2:4]):
            pass
    wrong = [
        (turn.text, tongue)
        for user, spoken, turn in said
        if not any(act.name == "inject" for act in turn.acts)
        and (tongue := foreign(turn.text, spoken, facts_of(user.task, user.ontology), user.ontology))
    ]
    assert len(said) > 100
    assert not wrong
