"""Every hostile program as a command of a session: nothing gets out, and nothing outlives the session."""

from collections.abc import Iterator

import pytest
from hostile_case import Case
from hostile_cases import CASES
from hostile_harness import problems, warm_up
from hostile_session import in_a_session
from hostile_world import World
from sandbox_sessions import TIERS, open_tier

from agentrl.sandbox import Sandbox


@pytest.fixture(scope="module")
def planted() -> Iterator[World]:
    with World() as world:
        yield world


@pytest.fixture(scope="module", params=TIERS)
def machine(request: pytest.FixtureRequest, planted: World) -> Iterator[Sandbox]:
    """Every tier whose programs may start processes."""
    opened = open_tier(request.param)
    warm_up(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.path.stem, marks=[pytest.mark.slow] * case.slow)
        for case in CASES
        if not case.is_solution
    ],
)
def test_a_hostile_command_reaches_nothing(case: Case, machine: Sandbox, planted: World) -> None:
    if machine.tier in case.open_in:
        pytest.skip(case.uncovered)
    assert problems(case, machine, planted, how=in_a_session) == []
