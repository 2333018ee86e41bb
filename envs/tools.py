"""Tools of an environment: typed methods, their JSON schemas, and errors that a model can read.

class Till:
    @tool
    def refund(self, order_id: str, to: Literal["card", "voucher"] = "card") -> dict[str, Any]:
        "Pay an order back."

TILL = Toolbox(Till)
TILL.schemas()                                    # the `tools` of an OpenAI chat completion
TILL.call(till, "refund", {"order_id": "#12"})    # validates, calls; raises ToolError with what is wrong
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from agentrl.errors import nearest

_Method = TypeVar("_Method", bound=Callable[..., Any])


class ToolError(Exception):
    """A call that was not carried out; the message is for the model that made it."""


def tool(method: _Method) -> _Method:
    """Mark a method as a tool. Its parameters need type hints, and it a docstring, which is the tool's description."""
    method.__dict__["is_tool"] = True
    return method


class Tool:
    """One tool: a name, a description, and a model of its arguments."""

    def __init__(self, name: str, method: Callable[..., Any]) -> None:
        """Raises TypeError for a parameter without a type hint, or a method without a docstring."""
        self.name = name
        self.method = method
        self.description = inspect.getdoc(method) or ""
        if not self.description:
            raise TypeError(f"the tool {name!r} has no docstring to describe it")
        hints = get_type_hints(method, include_extras=True)
        fields: dict[str, Any] = {}
        for parameter in list(inspect.signature(method).parameters.values())[1:]:
            if parameter.name not in hints:
                raise TypeError(f"the tool {name!r} has no type hint for {parameter.name!r}")
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (hints[parameter.name], default)
        self.arguments: type[BaseModel] = create_model(
            name, __config__=ConfigDict(extra="forbid", strict=True), **fields
        )

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The tool as an OpenAI function: {"type": "function", "function": {"name", "description", "parameters"}}."""
        parameters = _without_titles(self.arguments.model_json_schema())
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}

    @property
    def signature(self) -> str:
        """The call in a line, for prompts: "refund(order_id, to='card')"."""
        told = (
            name if field.is_required() else f"{name}={field.default!r}"
            for name, field in self.arguments.model_fields.items()
        )
        return f"{self.name}({', '.join(told)})"

    def validate(self, arguments: Any) -> dict[str, Any]:
        """The arguments as the method takes them. Raises ToolError that says what is wrong with which of them."""
        try:
            return dict(vars(self.arguments.model_validate(arguments)))
        except ValidationError as error:
            raise ToolError(f"{self.name}: {'; '.join(self._problem(p) for p in error.errors()[:3])}") from None

    def _problem(self, problem: Mapping[str, Any]) -> str:
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "missing":
            return f"argument {where} is missing"
        if problem["type"] == "extra_forbidden":
            return f"there is no argument {where}; it takes {', '.join(self.arguments.model_fields) or 'none'}"
        if not where:
            return "arguments must be an object"
        return f"argument {where}: {problem['msg']}"


class Toolbox:
    """The tools of a class, in the order of their definition; `names` chooses some of them."""

    def __init__(self, owner: type, names: Sequence[str] | None = None) -> None:
        """Raises KeyError for a name that is no tool of `owner`."""
        members = (vars(base).items() for base in reversed(owner.__mro__))
        methods = {name: value for items in members for name, value in items if getattr(value, "is_tool", False)}
        self.tools = {name: Tool(name, methods[name]) for name in (methods if names is None else names)}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tools."""
        return tuple(self.tools)

    @cache  # noqa: B019 (a toolbox lives as long as the process)
    def schemas(self) -> list[dict[str, Any]]:
        """All tools in the form of OpenAI's chat completions. It is the same list each time."""
        return [each.schema for each in self.tools.values()]

    def call(self, owner: object, name: str, arguments: Any) -> Any:
        """Carry out a call on `owner`. Raises ToolError for an unknown tool, wrong arguments, or its own reasons."""
        if name not in self.tools:
            raise ToolError(f"there is no tool {name!r}.{nearest(name, self.tools, 1)} Tools: {', '.join(self.tools)}")
        return self.tools[name].method(owner, **self.tools[name].validate(arguments))


def _without_titles(schema: Any) -> Any:
    """The schema without the titles that pydantic makes of names; a property called "title" stays."""
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_titles(part) for name, part in value.items()}
        if key == "properties"
        else _without_titles(value)
        for key, value in schema.items()
        if key != "title"
    }
