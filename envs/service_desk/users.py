"""Which user plays: the agenda user, or one that a language model words or plays."""

import importlib.metadata
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from agentrl.envs.service_desk.domains.base import Domain
from agentrl.envs.service_desk.events import Heard
from agentrl.envs.service_desk.plain_user import PlainUser
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.settings import check_names, endpoint_of, settings_of
from agentrl.errors import ConfigError, nearest
from agentrl.simulators.guard import REPLACED
from agentrl.simulators.listening import user_acts
from agentrl.simulators.models import UserTask, UserTurn
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.users import AgendaUser, User

UserKind = Literal["agenda", "hybrid", "llm", "policy"]
MakeUser = Callable[[UserTask, Domain, int], User]
"""(task, domain, user seed) -> a user."""
GROUP: Final = "agentrl.users"
"""Entry points, so that an environment needs to know no model. Each is a function that returns a PluggedUser. It gets
by name what it has parameters for: `model`, `base_url` (if the environment is given them) and those of user_args."""
_WHERE: Final = frozenset(["model", "base_url"])
"""Settings that have a key of their own, `user_model` and `user_base_url`."""
_BY_NAME: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
PluggedUser = Callable[[UserTask, Ontology, int], User]


@dataclass(frozen=True, slots=True)
class Users:
    """Users of one kind; `check` tries what they need, and says how that went in a line."""

    make: MakeUser
    check: Callable[[], str] = lambda: ""


def users_of(kind: str, model: str | None, base_url: str | None, given: Mapping[str, Any] | None) -> Users:
    """How to make users of a kind. Raises ConfigError for an unknown kind, for a language model without its address,
    and for settings of one where none plays."""
    settings = settings_of("user", given)
    if kind == "agenda":
        for name, value in (("user_model", model), ("user_base_url", base_url), ("user_args", settings)):
            if value:
                raise ConfigError(
                    f"env_args.{name}: the scripted user has no language model; add user=llm or user=hybrid, or leave "
                    "it out"
                )
        return Users(agenda_user)
    if kind in ("hybrid", "llm"):
        if not model or not base_url:
            raise ConfigError(f"env_args.user={kind} needs env_args.user_model and env_args.user_base_url")
        return _endpoint_users(kind, model, base_url, settings)
    return _plugged_users(kind, model, base_url, settings)


def agenda_user(task: UserTask, domain: Domain, seed: int) -> User:
    """The user without a language model; with few words where the domain has few."""
    return (PlainUser if domain.prompt else AgendaUser)(task, domain.ontology, seed)


def hear(session: Session, turn: UserTurn, requested: set[str]) -> str:
    """Takes a user's turn in: the line that the agent reads. Where it comes without acts, those that its words tell are
    noted, for the expert.

    It is one line: a user who writes "tool: ..." on a second one must not pass for a tool. `requested` are the intents
    that this user has asked for so far, and grows.
    """
    if len(lines := turn.text.splitlines()) > 1:
        turn = replace(turn, text=" ".join(lines))
    session.hear(turn)
    if not turn.acts and not turn.done:
        acts = user_acts(turn.text, session.task.goal, session.domain.ontology, requested)
        session.log[-1] = Heard(replace(turn, acts=acts))
    return f"user: {turn.text}"


def worded(session: Session) -> dict[str, dict[str, int]]:
    """What `Episode.info` tells of the turns so far that a language model was to word; empty where there is none."""
    notes = [event.turn.guard for event in session.log if isinstance(event, Heard) and event.turn.by_model]
    if not notes:
        return {}
    replaced = sum(bool(one) and one[-1].startswith(REPLACED) for one in notes)
    return {"user_turns": {"by_model": len(notes), "asked_again": sum(map(bool, notes)), "replaced": replaced}}


def _endpoint_users(kind: str, model: str, base_url: str, settings: Mapping[str, Any]) -> Users:
    from agentrl.simulators.hybrid import HybridUser
    from agentrl.simulators.llm import LLMUser

    endpoint = endpoint_of("user", model, base_url, settings)
    cls = HybridUser if kind == "hybrid" else LLMUser

    def make(task: UserTask, domain: Domain, seed: int) -> User:
        return cls(task, domain.ontology, endpoint, seed)

    return Users(make, lambda: f"users: {endpoint.check()}")


def _plugged_users(kind: str, model: str | None, base_url: str | None, settings: Mapping[str, Any]) -> Users:
    plugged = {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
    if kind not in plugged:
        known = ["agenda", "hybrid", "llm", *plugged]
        raise ConfigError(f"env_args.user is {kind!r}; it must be one of {', '.join(known)}.{nearest(kind, known, 1)}")
    factory = plugged[kind].load()
    given = {name: str(value) for name, value in (("model", model), ("base_url", base_url)) if value}
    _check_call(kind, inspect.signature(factory), given, settings)
    make: PluggedUser = factory(**given, **settings)
    return Users(lambda task, domain, seed: make(task, domain.ontology, seed))


def _check_call(kind: str, called: inspect.Signature, given: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Raise ConfigError for what the function has no parameter for, and for a parameter that it must get."""
    kinds = [one.kind for one in called.parameters.values()]
    named = {one.name: one for one in called.parameters.values() if one.kind in _BY_NAME}
    if inspect.Parameter.VAR_KEYWORD not in kinds:  # which takes whatever there is
        check_names(settings, named.keys() - _WHERE, "user")
        for name in given:
            if name not in named:
                raise ConfigError(f"env_args.user={kind} takes no user_{name}; leave it out")
    for name in settings.keys() & _WHERE:
        raise ConfigError(f"env_args.user_args.{name}: give it as env_args.user_{name}")
    for name, one in named.items():
        if one.default is inspect.Parameter.empty and name not in given and name not in settings:
            key = f"user_{name}" if name in _WHERE else f"user_args.{name}"
            raise ConfigError(f"env_args.user={kind} needs env_args.{key}")
