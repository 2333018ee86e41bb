"""Noise distorts words and never what is marked, nor anything with a digit."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.simulators.models import NoiseSpec
from agentrl.simulators.noise import distort, mark, protect

NOISE = st.builds(
    NoiseSpec,
    typo_rate=st.floats(0, 1),
    asr_rate=st.floats(0, 1),
    emoji=st.floats(0, 1),
    casing=st.sampled_from(["normal", "lower", "upper"]),
)
VALUES = st.sampled_from(
    ["#W0192", "10001", "Ana Silva", "王芳", "12 Oak Street", "2026-05-12", "$35.50", "ana.silva@mail.org", "order",
     "the cancel please", "取消订单", "Xy-77-b", "1.5", "+49 170 123456"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["please", "cancel", "my", "order", "the", "refund", "address", "thank", "you", "at", "is", "number",
     "取消", "订单", "谢谢", "麻烦", "您的", "地址，", "。", "是"]
)  # fmt: skip
TONGUES = st.sampled_from(["en", "zh", "mixed"])


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(WORDS, VALUES.map(mark)), min_size=1, max_size=14), NOISE, TONGUES, st.integers(0, 9999))
def test_marked_values_survive_in_order(parts: list[str], spec: NoiseSpec, tongue: str, seed: int) -> None:
    text = distort(" ".join(parts), spec, tongue, random.Random(seed))  # type: ignore[arg-type]
    at = 0
    for part in parts:
        if part.startswith("\ue000"):
            value = part[1:-1]
            at = text.index(value, at) + len(value)
    assert "\ue000" not in text
    assert "\ue001" not in text


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(WORDS, st.from_regex(r"[A-Za-z#@]{0,3}[0-9]{1,5}[a-z]{0,2}", fullmatch=True)), max_size=12),
    NOISE,
    TONGUES,
    st.integers(0, 9999),
)
def test_words_with_a_digit_survive_unmarked(parts: list[str], spec: NoiseSpec, tongue: str, seed: int) -> None:
    text = " ".join(parts)
    digits = re.findall(r"[A-Za-z0-9#@]*[0-9][A-Za-z0-9#@]*", text)
    distorted = distort(text, spec, tongue, random.Random(seed))  # type: ignore[arg-type]
    assert re.findall(r"[A-Za-z0-9#@]*[0-9][A-Za-z0-9#@]*", distorted) == digits


@pytest.mark.parametrize("number", ["two", "fifteen", "monday", "second"])
def test_numbers_and_days_in_words_survive(number: str) -> None:
    spec = NoiseSpec(typo_rate=1)
    assert all(distort(number, spec, "en", random.Random(seed)) == number for seed in range(20))


def test_no_noise_changes_nothing() -> None:
    text = "Please cancel it, 谢谢 :)"
    assert distort(text, NoiseSpec(), "mixed", random.Random(0)) == text


@pytest.mark.parametrize(
    ("field", "tongue"), [("typo_rate", "en"), ("asr_rate", "en"), ("typo_rate", "zh"), ("asr_rate", "zh")]
)
def test_noise_does_distort(field: str, tongue: str) -> None:
    text = (
        "please cancel the order and refund the address"
        if tongue == "en"
        else "麻烦帮我取消订单，谢谢，地址和邮编我再确认"
    )
    spec = NoiseSpec.model_validate({field: 0.6})
    changed = sum(distort(text, spec, tongue, random.Random(seed)) != text for seed in range(50))  # type: ignore[arg-type]
    assert changed > 40


def test_more_noise_changes_more() -> None:
    text = "please cancel the delivery because something went wrong with this parcel yesterday evening"

    def changes(rate: float) -> int:
        spec = NoiseSpec(typo_rate=rate)
        return sum(
            a != b
            for seed in range(200)
            for a, b in zip(text.split(), distort(text, spec, "en", random.Random(seed)).split(), strict=True)
        )

    assert 0 < changes(0.05) < changes(0.2) < changes(0.8)


def test_casing_spares_identifiers() -> None:
    text = f"Cancel order #W12 for {mark('Ana Silva')} Now"
    assert distort(text, NoiseSpec(casing="lower"), "en", random.Random(0)) == "cancel order #W12 for Ana Silva now"
    assert distort(text, NoiseSpec(casing="upper"), "en", random.Random(0)) == "CANCEL ORDER #W12 FOR Ana Silva NOW"


def test_protect_marks_longer_values_first() -> None:
    assert protect("Ana Silva and Ana", ["Ana", "Ana Silva"]) == f"{mark('Ana Silva')} and {mark('Ana')}"
