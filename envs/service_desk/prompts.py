"""The system prompt: the policy, how to call tools, and the tools; and the same for where the tools are told apart."""

import json
from collections.abc import Sequence
from typing import Final

from agentrl.envs.service_desk.domains.base import Domain

_ANSWER: Final = "An answer is either a message to the customer, or one or more calls of tools, carried out in order"
_END: Final = "Text beside calls is not sent. The dialogue ends when the customer ends it."


def system_prompt(domains: Sequence[Domain]) -> str:
    """One prompt for all of the domains: it is the same in every episode."""
    return "\n\n".join(domain.prompt or _in_full(domain) for domain in domains)


def prompt_without_tools(domains: Sequence[Domain]) -> str:
    """The prompt beside tools that a chat template shows, in its own way to call them."""
    return "\n\n".join(domain.prompt or f"{domain.policy}\n{_ANSWER}.\n{_END}" for domain in domains)


def _in_full(domain: Domain) -> str:
    tools = "\n".join(json.dumps(schema["function"]) for schema in domain.toolbox.schemas())
    return (
        f"{domain.policy}\n"
        f"{_ANSWER}:\n"
        '<tool_call>{"name": "...", "arguments": {...}}</tool_call>\n'
        f"{_END}\n"
        f"Tools:\n{tools}"
    )
