"""Sandboxes that the tests of this folder share: starting one takes a tenth of a second, a run some milliseconds."""

from collections.abc import Iterator

import pytest

from agentrl.errors import SandboxError
from agentrl.sandbox import Sandbox, open_sandbox


def open_or_skip(isolation: str, workers: int = 2) -> Sandbox:
    try:
        return open_sandbox(isolation=isolation, workers=workers)
    except SandboxError as error:
        pytest.skip(f"this machine has no tier {isolation!r}: {error}")


@pytest.fixture(scope="session", params=["namespaces", "lockdown"])
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
def grader() -> Iterator[Sandbox]:
    """The sandbox that graders run in: the best of this machine."""
    opened = open_or_skip("auto")
    yield opened
    opened.close()
