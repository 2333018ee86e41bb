"""Which user plays: the agenda user, or one that a language model words or plays."""

import importlib.metadata
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

from agentrl.envs.service_desk.domain import Domain
from agentrl.envs.service_desk.events import Heard
from agentrl.envs.service_desk.plain_user import PlainUser
from agentrl.envs.service_desk.session import Session
from agentrl.errors import ConfigError, nearest
from agentrl.simulators.listening import user_acts
from agentrl.simulators.models import UserTask, UserTurn
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.users import AgendaUser, User

UserKind = Literal["agenda", "hybrid", "llm", "policy"]
MakeUser = Callable[[UserTask, Domain, int], User]
"""(task, domain, user seed) -> a user."""
GROUP: Final = "agentrl.users"
"""Entry points, so that an environment needs to know no model: a function (model, **user_args) -> PluggedUser."""
PluggedUser = Callable[[UserTask, Ontology, int], User]


@dataclass(frozen=True, slots=True)
class Users:
    """Users of one kind; `check` tries what they need, and says how that went in a line."""

    make: MakeUser
    check: Callable[[], str] = lambda: ""


def users_of(kind: str, model: str | None, base_url: str | None, settings: Mapping[str, Any]) -> Users:
    """How to make users of a kind. Raises ConfigError for an unknown kind, or a language model without its address."""
    if kind == "agenda":
        return Users(agenda_user)
    if kind in ("hybrid", "llm"):
        if not model or not base_url:
            raise ConfigError(f"env_args.user={kind} needs env_args.user_model and env_args.user_base_url")
        return _endpoint_users(kind, model, base_url, settings)
    return _plugged_users(kind, model, base_url, settings)


def agenda_user(task: UserTask, domain: Domain, seed: int) -> User:
    """The user without a language model; with few words where the domain has few."""
    return (PlainUser if domain.prompt else AgendaUser)(task, domain.ontology, seed)


def hear(session: Session, turn: UserTurn, requested: set[str]) -> None:
    """Takes a user's turn in. Where it comes without acts, those that its words tell are noted, for the expert.

    `requested` are the intents that this user has asked for so far, and grows.
    """
    session.hear(turn)
    if not turn.acts and not turn.done:
        acts = user_acts(turn.text, session.task.goal, session.domain.ontology, requested)
        session.log[-1] = Heard(replace(turn, acts=acts))


def _endpoint_users(kind: str, model: str, base_url: str, settings: Mapping[str, Any]) -> Users:
    from agentrl.simulators.hybrid import HybridUser
    from agentrl.simulators.llm import Endpoint, LLMUser

    known = {field.name for field in fields(Endpoint)} - {"model", "base_url", "api_key"}
    if "api_key" in settings:
        raise ConfigError("env_args.user_args.api_key would be written to the run: set OPENAI_API_KEY instead")
    _check_names(settings, known)
    try:
        endpoint = Endpoint(model=str(model), base_url=str(base_url), **settings)
    except ConfigError as error:
        raise ConfigError(f"env_args.user_args or user_base_url: {error}") from error
    cls = HybridUser if kind == "hybrid" else LLMUser

    def make(task: UserTask, domain: Domain, seed: int) -> User:
        return cls(task, domain.ontology, endpoint, seed)

    return Users(make, lambda: f"users: {endpoint.check()}")


def _plugged_users(kind: str, model: str | None, base_url: str | None, settings: Mapping[str, Any]) -> Users:
    plugged = {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
    if kind not in plugged:
        known = ["agenda", "hybrid", "llm", *plugged]
        raise ConfigError(f"env_args.user is {kind!r}; it must be one of {', '.join(known)}.{nearest(kind, known, 1)}")
    if not model or base_url:
        raise ConfigError(f"env_args.user={kind} needs env_args.user_model, and takes no user_base_url")
    factory = plugged[kind].load()
    _check_names(settings, set(list(inspect.signature(factory).parameters)[1:]))
    make: PluggedUser = factory(str(model), **settings)
    return Users(lambda task, domain, seed: make(task, domain.ontology, seed))


def _check_names(settings: Mapping[str, Any], known: set[str]) -> None:
    for name in settings:
        if name not in known:
            raise ConfigError(f"env_args.user_args.{name}: there is no such setting.{nearest(name, known, 1)}")
