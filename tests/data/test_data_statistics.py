"""Measures of variety, against what they should be."""

import random

import pytest

from agentrl.data.statistics import distinct_n, near_duplicate_share, words


def test_words_of_both_languages() -> None:
    assert words("Cancel #W12, 取消订单!") == ["cancel", "#", "w12", ",", "取", "消", "订", "单", "!"]


def test_distinct_n() -> None:
    assert distinct_n([words("a b a b")], 1) == 0.5
    assert distinct_n([words("a b a b")], 2) == pytest.approx(2 / 3)
    assert distinct_n([words("a b"), words("a b")], 2) == 0.5
    assert distinct_n([], 2) == distinct_n([["a"]], 2) == 0.0


def text(seed: int, length: int = 60) -> list[str]:
    rng = random.Random(seed)
    return [f"w{rng.randrange(1000)}" for _ in range(length)]


def test_near_duplicates_are_found_and_others_are_not() -> None:
    originals = [text(seed) for seed in range(50)]
    changed = [[*original, "indeed"] for original in originals[:25]]
    assert near_duplicate_share(originals) == 0.0
    assert near_duplicate_share(originals + changed) == pytest.approx(25 / 75)
    assert near_duplicate_share([]) == 0.0
    assert near_duplicate_share([[], []]) == 0.5


def test_the_second_half_of_another_text_is_no_duplicate() -> None:
    halves = [text(1) + text(2), text(1) + text(3)]
    assert near_duplicate_share(halves) == 0.0


@pytest.mark.parametrize(("shared", "found"), [(238, 0.0), (242, 0.5)])
def test_near_is_what_is_similar_enough_exactly(shared: int, found: float) -> None:
    """Of 270 words each the same `shared` first ones: similarities of 0.787 and 0.811, by 3-grams."""
    shares = []
    for trial in range(60):
        one = [f"w{trial}x{i}" for i in range(270)]
        other = one[:shared] + [f"v{trial}x{i}" for i in range(270 - shared)]
        shares.append(near_duplicate_share([one, other]))
    assert shares == [found] * 60
