"""Operators on who the user is: how much they tell at once, their language, their typing, their temper."""

from collections.abc import Callable
from typing import Any, Final

from agentrl.simulators.adversary import evidence
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


def _chinese(draft: Draft) -> bool:
    noise = draft.persona.noise.model_copy(update={"code_switch": None})
    return draft.speaks_freely and draft.persona.locale != "zh" and _persona(locale="zh", noise=noise)(draft)


def _noise(draft: Draft, **rate: float) -> bool:
    """A rate of the noise, when it is lower so far."""
    if any(getattr(draft.persona.noise, name) >= value for name, value in rate.items()):
        return False
    draft.persona = draft.persona.model_copy(update={"noise": draft.persona.noise.model_copy(update=rate)})
    return True


def _typos(draft: Draft) -> bool:
    # Who writes few words has few to get wrong.
    return _noise(draft, typo_rate=draft.pick((0.12, 0.18, 0.25) if draft.speaks_freely else (0.6, 0.9)))


def _misheard(draft: Draft) -> bool:
    return draft.speaks_freely and _noise(draft, asr_rate=draft.pick((0.15, 0.25)))


def _code_switch(draft: Draft) -> bool:
    if draft.persona.locale == "mixed" or not draft.speaks_freely:
        return False
    noise = draft.persona.noise.model_copy(update={"code_switch": 0.5})
    draft.persona = draft.persona.model_copy(update={"locale": "mixed", "noise": noise})
    return True


def _switch(draft: Draft) -> bool:
    draft.args = {"to": "zh" if draft.persona.locale == "en" else "en"}
    return draft.speaks_freely


def _shouting(draft: Draft) -> bool:
    if draft.persona.noise.casing == "upper" or draft.persona.locale == "zh":
        return False
    noise = draft.persona.noise.model_copy(update={"casing": "upper"})
    draft.persona = draft.persona.model_copy(update={"noise": noise, "politeness": 0.1})
    return True


def _impatient(draft: Draft) -> bool:
    if draft.persona.patience <= 3:
        return False
    emotion = EmotionSpec(start=0.7, gain=0.3, decay=0.05)  # complains at once; two good turns put an end to that
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
        shows=evidence.begins_vaguely,
    ),
    Operator(
        name="typos", category="noise", level=1,
        precondition="The user types well so far.",
        correct_behaviour="Understand it all the same, and read identifiers back.",
        examples={"en": "plz cancle my oder #W12", "zh": "帮我取肖订单#W12"},
        change=_typos, writes=aspects("noise"),
        shows=evidence.slips,
    ),
    Operator(
        name="misheard", category="noise", level=2,
        precondition="The user speaks in whole sentences, and is heard well so far.",
        correct_behaviour="Work out what was meant, and read identifiers back.",
        examples={"en": "I want to council my older #W12.", "zh": "我要取消定单#W12。"},
        change=_misheard, writes=aspects("noise"),
        shows=evidence.slips,
    ),
    Operator(
        name="shouting", category="noise", level=1,
        precondition="The user does not write in capitals so far, and in a script that has any.",
        correct_behaviour="Stay polite, and serve the wish as any other.",
        examples={"en": "CANCEL ORDER #W12", "zh": "取消订单#W12"},
        change=_shouting, writes=aspects("noise"),
        shows=evidence.shouts,
    ),
    Operator(
        name="chinese", category="language", level=1,
        precondition="The users of the domain know Chinese, and this one writes in another language so far.",
        correct_behaviour="Answer in Chinese; names and numbers stay as they are.",
        examples={"en": "Sorry, in Chinese please: 我要取消订单#W12。", "zh": "我要取消订单#W12。"},
        change=_chinese, writes=aspects("locale"),
        shows=evidence.in_chinese,
    ),
    Operator(
        name="code_switch", category="language", level=2,
        precondition="The users of the domain know Chinese, and this one writes in one language so far.",
        correct_behaviour="Understand both languages in one sentence, with the same names and numbers.",
        examples={"en": "帮我 check 一下 order #W12 的 status，please", "zh": "帮我 cancel 掉 order #W12，thanks"},
        change=_code_switch, writes=aspects("locale"),
        shows=evidence.mixes,
    ),
    Operator(
        name="switch_language", category="language", level=2,
        precondition="The users of the domain know English and Chinese.",
        correct_behaviour="Follow the user into the other language without losing what was said.",
        examples={"en": "I want to cancel an order. 订单号是#W12。", "zh": "我要取消订单。It's order #W12."},
        change=_switch, writes=aspects("turn"), reads=aspects("locale"),
        shows=evidence.switches,
    ),
    Operator(
        name="impatient", category="patience", level=2,
        precondition="The user has patience for more than three useless turns.",
        correct_behaviour="Never ask for anything twice, apologise at most once, and make progress.",
        examples={"en": "I already told you that!!", "zh": "我刚才不是说过了吗！"},
        change=_impatient, writes=aspects("mood"),
        shows=evidence.says("complain"),
    ),
)  # fmt: skip
