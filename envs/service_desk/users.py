"""Which user plays: the agenda user, or one that a language model words or plays."""

from collections.abc import Callable
from typing import Literal

from agentrl.envs.service_desk.domain import Domain
from agentrl.envs.service_desk.plain_user import PlainUser
from agentrl.errors import ConfigError
from agentrl.simulators.models import UserTask
from agentrl.simulators.users import AgendaUser, User

UserKind = Literal["agenda", "hybrid", "llm"]
MakeUser = Callable[[UserTask, Domain, int], User]
"""(task, domain, user seed) -> a user."""


def user_maker(kind: str, model: str | None, base_url: str | None) -> MakeUser:
    """How to make users of a kind. Raises ConfigError for an unknown kind, or a language model without its address."""
    if kind == "agenda":
        return agenda_user
    if kind not in ("hybrid", "llm"):
        raise ConfigError(f"env_args.user is {kind!r}; it must be 'agenda', 'hybrid' or 'llm'")
    if not model or not base_url:
        raise ConfigError(f"env_args.user={kind} needs env_args.user_model and env_args.user_base_url")
    return _language_user(kind, model, base_url)


def agenda_user(task: UserTask, domain: Domain, seed: int) -> User:
    """The user without a language model; with few words where the domain has few."""
    return (PlainUser if domain.prompt else AgendaUser)(task, domain.ontology, seed)


def _language_user(kind: str, model: str, base_url: str) -> MakeUser:
    from agentrl.simulators.hybrid import HybridUser
    from agentrl.simulators.llm import Endpoint, LLMUser

    endpoint = Endpoint(model=model, base_url=base_url)
    cls = HybridUser if kind == "hybrid" else LLMUser
    return lambda task, domain, seed: cls(task, domain.ontology, endpoint, seed)
