"""Measures of variety, against what they should be."""

import random

import pytest

from agentrl.data.statistics import distinct_n, near_duplicate_share, words


def test_words_of_both_languages() -> None:
    assert words("Cancel #W12, 取消订单!") == ["cancel", "#", "w12", ",", "取", "消", "订", "单", "!"]


def test_distinct_n() -> None:
    assert distinct_n(["a b a b"], 1) == 0.5
    assert distinct_n(["a b a b"], 2) == pytest.approx(2 / 3)
    assert distinct_n(["a b", "a b"], 2) == 0.5
    assert distinct_n([], 2) == distinct_n(["a"], 2) == 0.0


def text(seed: int, length: int = 60) -> str:
    rng = random.Random(seed)
    return " ".join(f"w{rng.randrange(1000)}" for _ in range(length))


def test_near_duplicates_are_found_and_others_are_not() -> None:
    originals = [text(seed) for seed in range(50)]
    changed = [original + " indeed" for original in originals[:25]]
    assert near_duplicate_share(originals) == 0.0
    assert near_duplicate_share(originals + changed) == pytest.approx(25 / 75)
    assert near_duplicate_share([]) == 0.0
    assert near_duplicate_share(["", ""]) == 0.5


def test_the_second_half_of_another_text_is_no_duplicate() -> None:
    halves = [f"{text(1)} {text(2)}", f"{text(1)} {text(3)}"]
    assert near_duplicate_share(halves) == 0.0
