"""What an answer asks for: calls, broken calls, messages; and whether a message tells a value."""

import pytest

from agentrl.envs.service_desk.actions import MOST_CALLS, parse, written
from agentrl.envs.service_desk.hearing import squashed, tells
from agentrl.simulators.models import ToolCall

CALL = ToolCall("get_order", {"order_id": "#1", "zip": "“23”"})


def test_calls_are_read_in_order_and_text_beside_them_is_dropped() -> None:
    answer = parse(f"Let me look. {written(CALL)}{written(ToolCall('close'))} Done!")
    assert answer.calls == (CALL, ToolCall("close"))
    assert answer.message == ""


def test_a_message_is_a_message_and_thoughts_are_dropped() -> None:
    assert parse(" Hello {you}! ").message == "Hello {you}!"
    assert parse("<think>cancel_order(</think>Hi").message == "Hi"
    assert parse("I will get_order (later)").message
    assert parse("get_order is a tool", ("get_order",)).message


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "get_order", "arguments": {}}',
        "<tool_call>get_order</tool_call>",
        "<tool_call>[1]</tool_call>",
        '<tool_call>{"arguments": {}}</tool_call>',
        '<tool_call>{"name": 3}</tool_call>',
        '<tool_call>{"name": "a", "arguments": "{}"}</tool_call>',
        '<tool_call>{"name": "a", "args": {}}</tool_call>',
        '{"name": "get_order", "arguments": {}}',
        "</tool_call>",
        "get_order(order_id='#1')",
        "",
        " \n ",
        "<think>never closed",
        "<tool_call>" + "[" * 100_000 + "</tool_call>",
    ],
)
def test_what_is_broken_is_answered_and_is_no_message(text: str) -> None:
    answer = parse(text, ("get_order",))
    assert answer.message == ""
    assert len(answer.calls) == 1
    assert isinstance(answer.calls[0], str)


def test_one_broken_call_does_not_spoil_the_others() -> None:
    answer = parse(f"<tool_call>oops</tool_call>{written(CALL)}<tool_call>{{")
    assert isinstance(answer.calls[0], str)
    assert answer.calls[1] == CALL
    assert isinstance(answer.calls[2], str)


def test_too_many_calls_are_cut_and_told() -> None:
    answer = parse(written(CALL) * (MOST_CALLS + 2))
    assert len(answer.calls) == MOST_CALLS + 1
    assert "first" in str(answer.calls[-1])


@pytest.mark.parametrize(
    ("message", "value", "told"),
    [
        ("You get $42.", "$42", True),
        ("You get $42.00 back", "$42", True),
        ("You get 42 dollars", "$42", True),
        ("退款42美元", "$42", True),
        ("You get $421", "$42", False),
        ("You get $42.50", "$42", False),
        ("order 42", "$42", False),
        ("It leaves on 2026-06-05.", "2026-06-05", True),
        ("It leaves on June 5th", "2026-06-05", True),
        ("It leaves on 5 Jun.", "2026-06-05", True),
        ("6月5日出发", "2026-06-05", True),
        ("It leaves on June 15", "2026-06-05", False),
        ("It is shipped.", "shipped", True),
        ("It is unshipped.", "shipped", False),
    ],
)
def test_a_value_is_told_in_the_ways_that_people_write_it(message: str, value: str, told: bool) -> None:
    assert tells(message, value) is told


def test_a_secret_is_recognised_however_it_is_spaced() -> None:
    secret = squashed("1234 5678 9012 3456")
    assert secret in squashed("It is 1234-5678 9012.3456")
    assert secret not in squashed("It ends in 3456")
