"""Typed methods as tools: schemas, validation, messages that a model can read."""

from typing import Any, Literal

import pytest

from agentrl.envs.tools import Toolbox, ToolError, tool


class Till:
    def __init__(self) -> None:
        self.paid: list[str] = []

    @tool
    def refund(self, order_id: str, to: Literal["card", "voucher"] = "card", parts: list[int] | None = None) -> str:
        """Pay an order back."""
        self.paid.append(order_id)
        return f"{order_id} to {to}"

    @tool
    def close(self) -> str:
        """Close the till."""
        raise ToolError("it is locked")

    def secret(self) -> None:
        """Not a tool."""


TILL = Toolbox(Till)


def message(name: str, arguments: Any) -> str:
    till = Till()
    with pytest.raises(ToolError) as caught:
        TILL.call(till, name, arguments)
    assert not till.paid
    return str(caught.value)


def test_a_schema_is_an_openai_function() -> None:
    function = TILL.schemas()[0]["function"]
    assert TILL.schemas()[0]["type"] == "function"
    assert function["name"] == "refund"
    assert function["description"] == "Pay an order back."
    parameters = function["parameters"]
    assert parameters["required"] == ["order_id"]
    assert parameters["properties"]["to"] == {"default": "card", "enum": ["card", "voucher"], "type": "string"}
    assert parameters["additionalProperties"] is False
    assert "title" not in parameters


def test_only_marked_methods_are_tools_and_names_choose() -> None:
    assert TILL.names == ("refund", "close")
    assert Toolbox(Till, ("close",)).names == ("close",)
    with pytest.raises(KeyError):
        Toolbox(Till, ("secret",))


def test_a_right_call_is_carried_out_with_defaults() -> None:
    till = Till()
    assert TILL.call(till, "refund", {"order_id": "#1"}) == "#1 to card"
    assert till.paid == ["#1"]
    assert TILL.tools["refund"].signature == "refund(order_id, to='card', parts=None)"


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("refnd", {}, ["no tool 'refnd'", "Did you mean 'refund'?", "refund, close"]),
        ("refund", {}, ["order_id is missing"]),
        ("refund", {"order_id": 7}, ["order_id", "valid string"]),
        ("refund", {"order_id": "#1", "to": "cash"}, ["argument to", "'card' or 'voucher'"]),
        ("refund", {"order_id": "#1", "amount": 3}, ["no argument amount", "order_id, to, parts"]),
        ("refund", ["#1"], ["must be an object"]),
        ("close", {}, ["it is locked"]),
    ],
)
def test_a_wrong_call_says_what_is_wrong(name: str, arguments: Any, told: list[str]) -> None:
    said = message(name, arguments)
    assert all(part in said for part in told), said


def test_a_tool_needs_hints_and_a_docstring() -> None:
    class Bare:
        @tool
        def go(self, where) -> None:  # type: ignore[no-untyped-def]
            """Go."""

    class Silent:
        @tool
        def go(self, where: str) -> None: ...

    with pytest.raises(TypeError, match="no type hint for 'where'"):
        Toolbox(Bare)
    with pytest.raises(TypeError, match="no docstring"):
        Toolbox(Silent)
