"""The system prompt: the policy, how to call tools, and the tools."""

import json
from collections.abc import Sequence

from agentrl.envs.service_desk.domain import Domain


def system_prompt(domains: Sequence[Domain]) -> str:
    """One prompt for all of the domains: it is the same in every episode."""
    return "\n\n".join(domain.prompt or _in_full(domain) for domain in domains)


def _in_full(domain: Domain) -> str:
    tools = "\n".join(json.dumps(schema["function"]) for schema in domain.toolbox.schemas())
    return (
        f"{domain.policy}\n"
        "An answer is either a message to the customer, or one or more calls of tools, carried out in order:\n"
        '<tool_call>{"name": "...", "arguments": {...}}</tool_call>\n'
        "Text beside calls is not sent. The dialogue ends when the customer ends it.\n"
        f"Tools:\n{tools}"
    )
