"""Operators on who the user is: how much they tell at once, their language, their typing, their temper."""

from collections.abc import Callable
from typing import Any, Final

from agentrl.simulators.adversary.operator import Draft, Operator, aspects
from agentrl.simulators.models import EmotionSpec


def _persona(**changes: Any) -> Callable[[Draft], bool]:
    """Sets fields of the persona; not when it has them already."""

    def change(draft: Draft) -> bool:
        if all(getattr(draft.persona, name) == value for name, value in changes.items()):
            return False
        draft.persona = draft.persona.model_copy(update=changes)
        return True

    return change


def _noise(least: float, field: str, rates: tuple[float, ...]) -> Callable[[Draft], bool]:
    """A rate of the noise, when it is lower so far."""

    def change(draft: Draft) -> bool:
        if getattr(draft.persona.noise, field) >= least:
            return False
        noise = draft.persona.noise.model_copy(update={field: draft.pick(rates)})
        draft.persona = draft.persona.model_copy(update={"noise": noise})
        return True

    return change


def _code_switch(draft: Draft) -> bool:
    if draft.persona.locale == "mixed":
        return False
    noise = draft.persona.noise.model_copy(update={"code_switch": 0.5})
    draft.persona = draft.persona.model_copy(update={"locale": "mixed", "noise": noise})
    return True


def _switch(draft: Draft) -> bool:
    draft.args = {"to": draft.pick([locale for locale in ("en", "zh", "mixed") if locale != draft.persona.locale])}
    return True


def _shouting(draft: Draft) -> bool:
    if draft.persona.noise.casing == "upper":
        return False
    noise = draft.persona.noise.model_copy(update={"casing": "upper"})
    draft.persona = draft.persona.model_copy(update={"noise": noise, "politeness": 0.1})
    return True


def _impatient(draft: Draft) -> bool:
    if draft.persona.patience <= 3:
        return False
    emotion = EmotionSpec(start=0.4, gain=0.3, decay=0.02)
    changes = {"patience": 3, "emotion": emotion, "politeness": min(0.2, draft.persona.politeness)}
    draft.persona = draft.persona.model_copy(update=changes)
    return True


OPERATORS: Final = (
    Operator(
        name="drip", category="disclosure", level=1,
        precondition="The user tells more than one thing at a time so far.",
        correct_behaviour="Ask for what is missing, and for nothing twice.",
        examples={"en": "I have a problem with an order.", "zh": "我的订单有点问题。"},
        change=_persona(disclosure="drip"), writes=aspects("disclosure"),
    ),
    Operator(
        name="typos", category="noise", level=1,
        precondition="The user types well so far.",
        correct_behaviour="Understand it all the same, and read identifiers back.",
        examples={"en": "plz cancle my oder #W12", "zh": "帮我取肖订单#W12"},
        change=_noise(0.12, "typo_rate", (0.12, 0.18, 0.25)), writes=aspects("noise"),
    ),
    Operator(
        name="misheard", category="noise", level=2,
        precondition="The user is heard well so far.",
        correct_behaviour="Work out what was meant, and read identifiers back.",
        examples={"en": "I want to council my older #W12.", "zh": "我要取消定单#W12。"},
        change=_noise(0.15, "asr_rate", (0.15, 0.25)), writes=aspects("noise"),
    ),
    Operator(
        name="shouting", category="noise", level=1,
        precondition="The user does not write in capitals so far.",
        correct_behaviour="Stay polite, and serve the wish as any other.",
        examples={"en": "CANCEL ORDER #W12", "zh": "取消订单#W12"},
        change=_shouting, writes=aspects("noise"),
    ),
    Operator(
        name="chinese", category="language", level=1,
        precondition="The user writes in another language so far.",
        correct_behaviour="Answer in Chinese; names and numbers stay as they are.",
        examples={"en": "(in Chinese) I want to cancel order #W12.", "zh": "我要取消订单#W12。"},
        change=_persona(locale="zh"), writes=aspects("locale"),
    ),
    Operator(
        name="code_switch", category="language", level=2,
        precondition="The user writes in one language so far.",
        correct_behaviour="Understand both languages in one sentence, with the same names and numbers.",
        examples={"en": "(Chinese with English words in it)", "zh": "帮我 cancel 掉 order #W12，thanks"},
        change=_code_switch, writes=aspects("locale"),
    ),
    Operator(
        name="switch_language", category="language", level=2,
        precondition="None.",
        correct_behaviour="Follow the user into the other language without losing what was said.",
        examples={"en": "I want to cancel an order. 订单号是#W12。", "zh": "我要取消订单。It's order #W12."},
        change=_switch, writes=aspects("turn"), reads=aspects("locale"),
    ),
    Operator(
        name="impatient", category="patience", level=2,
        precondition="The user has patience for more than three useless turns.",
        correct_behaviour="Never ask for anything twice, apologise at most once, and make progress.",
        examples={"en": "I already told you that!!", "zh": "我刚才不是说过了吗！"},
        change=_impatient, writes=aspects("mood"),
    ),
)  # fmt: skip
