"""What a model thinks before it answers never reaches the agent, and a part of an answer is none."""

import json

import pytest

from agentrl.simulators.completions import Transient, Unusable, text_of, without_thoughts


@pytest.mark.parametrize(
    "text",
    [
        "<think>They want it.</think>Yes.",
        "<THINK>They want it.</THINK>\nYes.",
        "<Thinking>They want it.</Thinking> Yes.",
        '<think time="3s">They want it.</think>Yes.',
        "<thought>They\nwant it.</thought>Yes.",
        "<reasoning>They want it.</reasoning>\n\nYes.",
        "<seed:think>They want it.</seed:think>Yes.",
        "They want it.</think>Yes.",
        "<think>a<think>b</think>c</think>Yes.",
        "Yes.<think>Was that right?",
        "◁think▷They want it.◁/think▷Yes.",
        "[THINK]They want it.[/THINK]Yes.",
        "<|START_THINKING|>They want it.<|END_THINKING|>Yes.",
        "<|begin_of_thought|>They want it.<|end_of_thought|>Yes.",
        "<|channel|>analysis<|message|>They want it.<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>",
        "<|channel|>analysis<|message|>They want it.<|start|>assistant<|channel|>final<|message|>Yes.",
        "<|channel|>commentary<|message|>Hm.<|end|><|channel|>analysis<|message|>Ah.<|end|><|channel|>final<|message|>Yes.",
        "analysisThey want it.assistantfinalYes.",
    ],
)
def test_thoughts_are_dropped(text: str) -> None:
    assert without_thoughts(text) == "Yes."


@pytest.mark.parametrize("text", ["<think>They want", "<reasoning>", "<|channel|>analysis<|message|>They", "[THINK]Hm"])
def test_thoughts_without_an_answer_are_none(text: str) -> None:
    assert without_thoughts(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "I think so.",
        "Okay [thinking] yes.",
        "My reasoning: it broke.",
        "analysis of the assistant",
        "a < b, thinking > c",
    ],
)
def test_other_words_of_thought_stay(text: str) -> None:
    assert without_thoughts(text) == text


def answer(reason: object, **more: object) -> bytes:
    choice = {"message": {"role": "assistant", "content": "Yes, cancel"}, "finish_reason": reason}
    return json.dumps({"choices": [choice], **more}).encode()


@pytest.mark.parametrize("reason", ["content_filter", "abort", "error", "cancelled", "length"])
def test_a_part_of_an_answer_is_none(reason: str) -> None:
    with pytest.raises(Unusable):
        text_of(answer(reason), 8)


@pytest.mark.parametrize("reason", ["stop", "eos", None, "end_turn"])
def test_a_whole_answer_is_one_whatever_the_server_calls_it(reason: object) -> None:
    assert text_of(answer(reason), 8) == "Yes, cancel"


@pytest.mark.parametrize("error", [{"message": "overloaded", "code": 502}, "overloaded"])
def test_an_error_beside_an_answer_makes_it_none(error: object) -> None:
    with pytest.raises(Transient, match="overloaded"):
        text_of(answer("stop", error=error), 8)
    assert text_of(answer("stop", error=None), 8) == "Yes, cancel"
