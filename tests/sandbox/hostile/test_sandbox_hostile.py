"""Every hostile program, in every tier that this machine has: nothing gets out, nothing is left, the next run works."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from demanded import lacks
from hostile_case import HERE, TIERS, Case
from hostile_cases import CASES
from hostile_harness import in_a_subprocess, problems, warm_up
from hostile_table import PAGE, page
from hostile_world import World

from agentrl.errors import SandboxError
from agentrl.sandbox import Sandbox, open_sandbox

NOBODY = 65534
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
ROOT = Path(importlib.import_module("agentrl").__file__ or "").parents[1]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as planted:
        yield planted


def _open(tier: str) -> Sandbox:
    if tier != "docker":
        return open_sandbox(isolation=tier, workers=1)
    backend = importlib.import_module("agentrl.sandbox.docker.backend")
    opened: Sandbox = backend.DockerSandbox(workers=1)
    return opened


# What `lockdown` holds differs from `namespaces` in a few programs only: .ci/run plays all of them.
@pytest.fixture(
    scope="module", params=[pytest.param(tier, marks=[pytest.mark.slow] * (tier == "lockdown")) for tier in TIERS]
)
def tier_and_sandbox(request: pytest.FixtureRequest, world: World) -> Iterator[tuple[str, Sandbox]]:
    try:
        opened = _open(request.param)
    except (SandboxError, ValueError, ImportError) as error:
        lacks(request.param, error)
    warm_up(opened)
    yield request.param, opened
    opened.close()


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.path.stem, marks=[pytest.mark.slow] * case.slow) for case in CASES]
)
def test_a_hostile_program_reaches_nothing(case: Case, tier_and_sandbox: tuple[str, Sandbox], world: World) -> None:
    tier, sandbox = tier_and_sandbox
    assert problems(case, sandbox, world, tier) == []


@pytest.fixture(scope="module")
def unconfined(world: World) -> Iterator[Sandbox]:
    opened = open_sandbox(isolation="none", workers=1)
    warm_up(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in CASES if case.real])
def test_the_attacks_are_real(case: Case, unconfined: Sandbox, world: World) -> None:
    if os.geteuid() != 0:
        pytest.skip("some of them need root to succeed")
    if case.real == "none":
        assert problems(case, unconfined, world, "none") != []
    else:
        assert in_a_subprocess(case, world) != []


def test_every_case_is_in_the_table_once_and_says_what_must_hold() -> None:
    programs = {str(path.relative_to(HERE).with_suffix("")) for path in HERE.glob("*/c*.py")}
    assert sorted(case.name for case in CASES) == sorted(programs)
    assert {int(case.number.rstrip("abcdefg")) for case in CASES} == set(range(1, 65))
    for case in CASES:
        lines = case.lines()
        assert lines["title"].startswith(f"Case {case.number}: "), case.name
        assert lines["Attacks"], case.name
        assert lines["Must hold"], case.name
        assert case.by, case.name


def test_the_page_of_the_docs_says_what_the_table_says() -> None:
    assert PAGE.read_text() == page(), "run tests/sandbox/hostile/hostile_table.py"


def _interpreter() -> str:
    """An interpreter that an ordinary user may start: this one, or the system's."""
    new_enough = ["-c", "import sys; print(sys.version_info >= (3, 11))"]
    for candidate in (os.path.realpath(sys.executable), *filter(None, [shutil.which("python3", path=SYSTEM_PATH)])):
        if _may_pass(candidate) and _run([candidate, *new_enough]) == "True\n":
            return candidate
    pytest.skip("no Python 3.11 here that another user may start")


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{ROOT}:{HERE}", "PATH": SYSTEM_PATH, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _may_pass(path: str) -> bool:
    return all(os.stat(parent).st_mode & 0o001 for parent in Path(path).parents)


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["namespaces", "lockdown"])
def test_all_of_it_holds_for_an_ordinary_user(tier: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("it takes root to become somebody else; and all tests above ran as an ordinary user")
    if not _may_pass(str(HERE / "x")) or not _may_pass(str(ROOT / "x")):
        pytest.skip("another user may not read this checkout")
    found = json.loads(_run([_interpreter(), str(HERE / "hostile_elsewhere.py"), tier]))
    if "refused" in found:
        pytest.skip(found["refused"])
    assert found == {}
