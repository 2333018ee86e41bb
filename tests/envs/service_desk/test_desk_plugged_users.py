"""Users of one's own behind the entry point `agentrl.users`: what they are given, and what is refused."""

import sys
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest

from agentrl.envs.service_desk import ServiceDeskEnv
from agentrl.envs.service_desk import users as desk_users
from agentrl.errors import ConfigError

SOURCE = """
from agentrl.simulators import AgendaUser
given = {}
def make(**settings):
    given.update(settings)
    return AgendaUser
def anything(model, **user_args):
    return make(model=model, **user_args)
def nothing():
    return make()
def named(*, mood, model="small", tone=0):
    return make(mood=mood, model=model, tone=tone)
def served(base_url):
    return make(base_url=base_url)
"""


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the user's function was called with."""
    module = ModuleType("users_of_mine")
    exec(SOURCE, module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = ("anything", "nothing", "named", "served")
    points = [EntryPoint(name, f"{module.__name__}:{name}", desk_users.GROUP) for name in names]
    monkeypatch.setattr(desk_users.importlib.metadata, "entry_points", lambda group: points)
    found: dict[str, Any] = module.__dict__["given"]
    return found


URL = "http://h/v1"


@pytest.mark.parametrize(
    ("env_args", "expected"),
    [
        ({"user": "anything", "user_model": "m", "user_args": {"mood": 1}}, {"model": "m", "mood": 1}),
        ({"user": "anything", "user_model": 7, "user_base_url": URL}, {"model": "7", "base_url": URL}),
        ({"user": "nothing"}, {}),
        ({"user": "named", "user_args": {"mood": 1}}, {"mood": 1, "model": "small", "tone": 0}),
        ({"user": "served", "user_base_url": URL}, {"base_url": URL}),
    ],
)
def test_a_user_gets_what_it_has_parameters_for(
    given: dict[str, Any], env_args: dict[str, Any], expected: dict[str, Any]
) -> None:
    env = ServiceDeskEnv(**env_args)
    assert given == expected
    assert env.reset(seed=0)[0].startswith("user: ")


@pytest.mark.parametrize(
    ("env_args", "message"),
    [
        ({"user": "anything"}, "user=anything needs env_args.user_model"),
        ({"user": "anything", "user_model": "m", "user_args": {"model": "n"}}, "give it as env_args.user_model"),
        ({"user": "nothing", "user_model": "m"}, "takes no user_model; leave it out"),
        ({"user": "nothing", "user_args": {"mood": 1}}, "user_args.mood: there is no such setting"),
        ({"user": "named"}, "user=named needs env_args.user_args.mood"),
        ({"user": "named", "user_args": {"mod": 1}}, "Did you mean 'mood'"),
        ({"user": "named", "user_args": {"mood": 1}, "user_base_url": URL}, "takes no user_base_url"),
        ({"user": "served"}, "needs env_args.user_base_url"),
    ],
)
def test_what_it_has_no_use_for_or_lacks_is_told(given: dict[str, Any], env_args: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ServiceDeskEnv(**env_args)
    assert given == {}
