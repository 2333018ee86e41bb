"""What the tiers of the embedded back-end promise, the docker back-end promises too: the same tests, on a container."""

import inspect
from collections.abc import Iterator
from types import FunctionType

import pytest
import test_sandbox_arun
import test_sandbox_cheats
import test_sandbox_grading
import test_sandbox_isolation
import test_sandbox_pool
import test_sandbox_status
from docker_daemon import docker_or_skip

from agentrl.sandbox import Sandbox

_MODULES = (
    test_sandbox_arun,
    test_sandbox_cheats,
    test_sandbox_grading,
    test_sandbox_isolation,
    test_sandbox_pool,
    test_sandbox_status,
)
_FIXTURES = {"sandbox", "namespaces", "grader"}
_NOT_HERE = {
    # These look into /proc, which is closed to programs here.
    "test_process_1_of_the_run_cannot_be_opened",
    "test_a_fork_bomb_is_contained_and_gone",
    "test_privileges_are_gone",
}


def _takes_a_sandbox(test: object) -> bool:
    return isinstance(test, FunctionType) and bool(_FIXTURES & {*inspect.signature(test).parameters})


for _module in _MODULES:
    for _name, _value in vars(_module).items():
        if _name.startswith("test_") and _name not in _NOT_HERE and _takes_a_sandbox(_value):
            globals()[_name] = _value


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    opened = docker_or_skip()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def namespaces(sandbox: Sandbox) -> Sandbox:
    return sandbox


@pytest.fixture(scope="module")
def grader(sandbox: Sandbox) -> Sandbox:
    return sandbox
