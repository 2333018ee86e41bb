"""What an answer asks for: calls, broken calls, messages; and whether a message tells a value."""

import pytest

from agentrl.envs.service_desk.actions import MOST_CALLS, parse, written
from agentrl.envs.service_desk.verdict.hearing import facts_in, squashed, tells
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


def test_a_thought_without_its_beginning_is_dropped_with_the_calls_in_it() -> None:
    assert (
        parse(f"They want to cancel. {written(CALL)}?\n</think>\n\nShall I cancel it?").message == "Shall I cancel it?"
    )
    assert parse(f"Card 1234, say nothing</think>{written(CALL)}").calls == (CALL,)
    assert parse("One</think><think>two</think>Hi").message == "Hi"
    assert parse(f"<think>one</think>two</think>{written(CALL)}").calls == (CALL,)


@pytest.mark.parametrize(
    "text",
    [
        "It is the rain jacket (size M).",
        "Your order #W1 [pending] costs $42 {incl. tax}.",
        "You can cancel_order (that is what we call it) later.",
        "Here is a summary:\n- Action: cancel the order\n- Refund: $42 (to your card)",
        "If 3 < 5 > 2, then (get it)?",
    ],
)
def test_brackets_make_no_call(text: str) -> None:
    assert parse(text, ("get_order", "cancel_order", "cancel")).message == text


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
        "a thought of which the template wrote the beginning</think>",
        '```json\n{"name": "get_order", "arguments": {"order_id": "#W1"}}\n```',
        'Let me check.\n{"name": "get_order", "arguments": {"order_id": "#W1"}}',
        'I will look it up: get_order(order_id="#W1")',
        "I will look it up: get_order()",
        '[{"name": "get_order", "arguments": {}}]',
        '[TOOL_CALLS] [{"name": "get_order"}]',
        '{"tool_calls": [{"name": "get_order"}]}',
        '{"action": "get_order"}',
        'Action: get_order\nAction Input: {"order_id": "#W1"}',
        "<function=get_order><parameter=order_id>#W1</parameter></function>",
        '<|tool_call|>{"name": "get_order"}',
        "<｜tool▁calls▁begin｜>get_order",
        "✿FUNCTION✿: get_order",
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
        ("It leaves on Sept 5, 2026.", "2026-09-05", True),
        ("It leaves on 5 Sept.", "2026-09-05", True),
        ("Item 42 $50", "$42", False),
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


@pytest.mark.parametrize(
    "written_as",
    [
        *("5/24/2026", "05/24/2026", "24/05/2026", "24.05.2026", "24.5.2026", "05-24-2026", "2026/05/24", "2026.05.24"),
        *(
            "May the 24th",
            "May  24",
            "24 May 2026",
            "the 24th of May",
            "Sunday, May 24, 2026",
            "2026年5月24日",
            "5月24号",
            "24-May-2026",
            "May-24",
        ),
    ],
)
def test_a_date_is_told_in_any_usual_way(written_as: str) -> None:
    assert tells(f"It arrives on {written_as}.", "2026-05-24")
    assert not tells(f"It arrives on {written_as}.", "2026-05-23")


@pytest.mark.parametrize(
    "written_as",
    [
        *(
            "$42",
            "US$42",
            "USD 42",
            "USD42.00",
            "42 USD",
            "42$",
            "42 U.S. dollars",
            "42 US dollars",
            "42 bucks",
            "a 42-dollar",
        ),
        *("42 $", "42.00 $"),
        *("42美金", "42美元", "42刀", "42块", "$42/item", "**$42**", "＄42"),
    ],
)
def test_an_amount_is_told_in_any_usual_way(written_as: str) -> None:
    assert tells(f"The amount is {written_as} refund.", "$42")
    assert not tells(f"The amount is {written_as} refund.", "$24")


def test_what_only_looks_like_a_date_or_an_amount_is_none() -> None:
    assert facts_in("We are here 24/7, version 1.2.3, order 42 of 2026, on page 5/24.") == set()
    assert facts_in("Due 2026-05-24 USD 42") == {("date", "2026-05-24"), ("money", "42")}
    assert facts_in("4.5.2026") == {("date", "2026-05-04")}
    assert facts_in("4/5/2026") == {("date", "2026-04-05")}
