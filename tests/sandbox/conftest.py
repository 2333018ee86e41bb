"""Sandboxes that the tests of this folder share: starting one takes a tenth of a second, a run some milliseconds."""

import sys
from collections.abc import Iterator

import pytest
from demanded import lacks
from sandbox_elsewhere import interpreter_for_all

from agentrl.errors import SandboxError
from agentrl.sandbox import Sandbox, open_sandbox


def open_or_skip(isolation: str, workers: int = 2) -> Sandbox:
    if isolation == "container" and interpreter_for_all() is None:
        pytest.skip("there is no Python 3.11 or later that every user may run")
    try:
        return open_sandbox(isolation=isolation, workers=workers)
    except SandboxError as error:
        lacks(isolation, error)


@pytest.fixture(autouse=True, scope="session")
def container_interpreter() -> Iterator[None]:
    """Programs with ids of their own need an interpreter that others may run: take another one if ours is private."""
    with pytest.MonkeyPatch.context() as patch:
        if found := interpreter_for_all():
            patch.setattr(sys, "_base_executable", found)
        yield


@pytest.fixture(scope="session", params=["namespaces", "lockdown", "container"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Every tier that this machine has, one after the other."""
    opened = open_or_skip(request.param)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def namespaces() -> Iterator[Sandbox]:
    """The strongest tier."""
    opened = open_or_skip("namespaces")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def container() -> Iterator[Sandbox]:
    """The tier for root in a container that refuses namespaces."""
    opened = open_or_skip("container")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def grader() -> Iterator[Sandbox]:
    """The sandbox that graders run in: the best of this machine."""
    opened = open_or_skip("auto")
    yield opened
    opened.close()
