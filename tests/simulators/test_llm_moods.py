"""Whom a language model plays: every part of the persona that is told, and the mood of each turn."""

from collections.abc import Sequence
from typing import Any

import pytest

from agentrl.simulators import NoiseSpec, Persona, PolicyUser, SubGoal, UserTask, describe
from agentrl.simulators.emotion import ANGRY, CURT, Mood
from agentrl.simulators.example import DESK, DeskState, sample_task
from agentrl.simulators.ledger import Ledger
from agentrl.simulators.models import EmotionSpec
from agentrl.simulators.personas import OCCUPATIONS

NOTHING = "Blue is a colour."
ZIP = "What is your zip code?"


def person(**fields: Any) -> Persona:
    return Persona(**{"id": "p", "display_name": "Ana Silva", "patience": 20, **fields})


def told(locale: str = "en", **fields: Any) -> str:
    return describe(sample_task(3, person(locale=locale, **fields)), DESK)


@pytest.mark.parametrize(
    ("fields", "english", "chinese"),
    [
        ({"age_band": "35-49"}, "Ana Silva, aged 35-49: ", "年龄35-49"),
        ({"occupation": "nurse"}, "Ana Silva, nurse: ", "，护士，"),
        ({"occupation": "beekeeper"}, "Ana Silva, beekeeper: ", "，beekeeper，"),
        ({"expertise": 0.9}, "You know your way around such services.", "很熟悉"),
        ({"expertise": 0.1}, "You are new to such services and use no technical terms.", "不懂专业术语"),
        ({"cooperativeness": 0.2}, "You are not very cooperative", "不太配合"),
        ({"cooperativeness": 0.95}, "You are glad to help the agent", "很乐意配合"),
        ({"noise": NoiseSpec(emoji=0.3)}, "About 30 % of your messages end with an emoji.", "30%的消息带表情符号"),
    ],
)
def test_what_the_persona_is_like_is_told(fields: dict[str, Any], english: str, chinese: str) -> None:
    assert english in told(**fields)
    assert english not in told()
    assert chinese in told("zh", **fields)
    assert chinese not in told("zh")


def test_every_occupation_that_is_sampled_has_chinese_words() -> None:
    for name in OCCUPATIONS:
        assert not set("abcdefghijklmnopqrstuvwxyz") & set(
            told("zh", occupation=name).partition("。")[0].split("，", 1)[1]
        )


@pytest.mark.parametrize(("share", "words"), [(None, "50%"), (0.8, "80%")])
def test_the_share_of_english_is_told(share: float | None, words: str) -> None:
    assert f"你大约{words}的句子是英文" in told("mixed", noise=NoiseSpec(code_switch=share))
    assert "的句子是英文" not in told("zh")
    assert "的句子是英文" not in told("mixed", noise=NoiseSpec(code_switch=0.0))


@pytest.mark.parametrize(("share", "language"), [(0.0, "Chinese."), (None, "Chinese, mixed with English words.")])
def test_who_mixes_no_english_in_is_to_write_chinese(share: float | None, language: str) -> None:
    _, shown = played([], locale="mixed", noise=NoiseSpec(code_switch=share))
    assert f"Write in {language}\n" in shown[0][0]["content"]


def test_what_is_neither_high_nor_low_goes_without_saying() -> None:
    assert told(expertise=0.5, cooperativeness=0.8) == told(expertise=0.4, cooperativeness=0.7) == told()


def played(messages: list[str], **fields: Any) -> tuple[list[Any], list[Sequence[Any]]]:
    """The turns of a user who says hello, and then its zip code for ever; and what its model was shown."""
    shown: list[Sequence[Any]] = []
    task = sample_task(3, person(**fields))

    def respond(messages: Sequence[Any], seed: int) -> str:
        shown.append(messages)
        hello = "Hello!" if task.persona.locale == "en" else "你好"
        return f"My zip code is {task.goal.known['zip']}." if len(shown) > 1 else hello

    user = PolicyUser(task, DESK, respond)
    turns = [user.open(DeskState()), *(user.reply(message, DeskState()) for message in messages)]
    return turns, shown


def test_annoyance_rises_when_nothing_comes_or_something_is_asked_again_and_sinks_else() -> None:
    spec = EmotionSpec(start=0.2, gain=0.1, decay=0.05)
    turns, _ = played([ZIP, NOTHING, ZIP, "What is your name?", "I am sorry. What is your order number?"], emotion=spec)
    assert [turn.emotion for turn in turns] == pytest.approx([0.2, 0.15, 0.25, 0.45, 0.4, 0.25])


def test_the_mood_is_told_in_the_turn_from_its_thresholds_on() -> None:
    turns, shown = played([NOTHING] * 5, emotion=EmotionSpec(gain=0.2, complain_above=0.5))
    assert [round(turn.emotion, 2) for turn in turns] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    notes = [messages[-1]["content"] for messages in shown]
    assert notes[1:3] == [NOTHING, NOTHING]
    assert notes[3] == f"{NOTHING}\n\n(You are annoyed and curt by now, and say so.)"
    assert notes[4] == f"{NOTHING}\n\n(You are angry by now, and say so.)"
    assert all("by now" not in message["content"] for message in shown[-1][:-1])


@pytest.mark.parametrize(
    ("level", "above", "note"),
    [
        (CURT, 0.6, "(You are annoyed and curt by now.)"),
        (ANGRY, 0.9, "(You are angry by now.)"),
        (0.2, 0.1, "(You are annoyed by now, and say so.)"),
        (CURT - 0.01, 0.6, ""),
    ],
)
def test_the_opening_has_the_mood_that_one_comes_with(level: float, above: float, note: str) -> None:
    turns, shown = played([], emotion=EmotionSpec(start=level, complain_above=above))
    assert turns[0].emotion == level
    assert shown[0][-1]["content"].endswith(note)
    assert ("by now" in shown[0][-1]["content"]) == bool(note)


def test_last_words_have_the_mood() -> None:
    turns, _ = played([NOTHING] * 2, patience=2, emotion=EmotionSpec(gain=0.3))
    assert turns[-1].done
    assert turns[-1].emotion == 0.6


def test_who_has_two_records_is_not_asked_again_for_the_second() -> None:
    task: UserTask = sample_task(3, person())
    wishes = tuple(SubGoal(kind="cancel", slots={"order_id": number}) for number in ("#W1", "#W2"))
    ledger = Ledger(task.model_copy(update={"goal": task.goal.model_copy(update={"subgoals": wishes})}), DESK)
    ask = "What is the order number?"
    ledger.say("Please cancel #W1.")
    ledger.hear(ask, DeskState())
    assert ledger.mood.level == 0
    ledger.say("And #W2.")
    ledger.hear(ask, DeskState())
    assert ledger.mood.level == pytest.approx(2 * EmotionSpec().gain)


def test_what_nobody_knows_is_never_asked_again() -> None:
    mood = Mood(EmotionSpec(start=0.5))
    task = sample_task(3, person())
    goal = task.goal.model_copy(update={"unknown": ("zip",)})
    ledger = Ledger(task.model_copy(update={"goal": goal}), DESK)
    ledger.mood = mood
    ledger.say(f"It is {task.goal.known['zip']}.")
    ledger.hear(ZIP, DeskState())
    assert mood.level < 0.5


def test_who_is_asked_for_what_they_told_unasked_is_asked_again() -> None:
    task = sample_task(3, person())
    ledger = Ledger(task, DESK)
    ledger.hear(ZIP, DeskState())
    assert ledger.mood.level == 0
    ledger = Ledger(task, DESK)
    ledger.say(f"I am Ana, {task.goal.known['zip']}.")
    ledger.hear(ZIP, DeskState())
    assert ledger.mood.level == pytest.approx(2 * EmotionSpec().gain)
    assert ledger.stall == 0  # patience is about what the agent does, and not about what was said
