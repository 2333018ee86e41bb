"""`agentrl env check`: does this environment keep the promises that training relies on?

First the standard's own checkers (Gymnasium's `check_env`, PettingZoo's `api_test` and `seed_test`), then ours.
"""

import contextlib
import io
import re
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from agentrl.envs import check_play
from agentrl.envs.importing import describe
from agentrl.envs.registry import EnvEntry

Status = Literal["pass", "warn", "fail"]
Finding = tuple[Status, str]
CYCLES = 50
"""Rounds that PettingZoo's tests play; its default of 1000 takes minutes on an environment that runs programs."""
_NO_FINDING = re.compile(
    r"Passed|Starting|Observation is not a NumPy array|(Observation|Action) space for each agent probably should be"
    r"|Environment has not defined a render|We recommend agents to be named"
)
"""How what PettingZoo's tests say begins when nothing is wrong: progress, and hints that text cannot follow.

Nothing is rendered in training, and seats may be called what they are.
"""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the table: what was checked, how it went, and what was seen."""

    name: str
    status: Status
    detail: str


def check_environment(entry: EnvEntry, env_args: Mapping[str, Any] | None = None, seed: int = 0) -> list[CheckResult]:
    """Check an environment; takes some seconds, more when its steps are slow.

    Nothing that the environment raises passes through: it becomes a "fail". Raises ConfigError when `env_args` does
    not fit, and EnvironmentDefinitionError when not even one can be made.
    """

    def make() -> Any:
        return entry.make(**(env_args or {}))

    make().close()
    results = [_guarded(name, check) for name, check in _official(entry, make)]
    probe = check_play.Probe(make, entry.kind, seed)
    try:
        results += [_guarded(name, partial(check, probe)) for name, check in check_play.checks(probe)]
    finally:
        probe.close()
    return results


def _guarded(name: str, check: Callable[[], Finding]) -> CheckResult:
    try:
        status, detail = check()
    except Exception as error:
        return CheckResult(name, "fail", f"raised {describe(error)}")
    return CheckResult(name, status, detail)


def _official(entry: EnvEntry, make: Callable[[], Any]) -> list[tuple[str, Callable[[], Finding]]]:
    if entry.kind == "gymnasium":
        return [("Gymnasium check_env", lambda: _listen(_check_env, make))]
    if entry.kind == "pettingzoo_parallel":
        return [
            ("PettingZoo parallel_api_test", lambda: _listen(_parallel_api_test, make)),
            ("PettingZoo parallel_seed_test", lambda: _listen(_parallel_seed_test, make)),
        ]
    return [
        ("PettingZoo api_test", lambda: _listen(_api_test, make)),
        ("PettingZoo seed_test", lambda: _listen(_seed_test, make)),
    ]


def _listen(test: Callable[[Callable[[], Any]], None], make: Callable[[], Any]) -> Finding:
    """Run somebody else's checker; what it asserts is a failure, what it warns of or prints is a finding."""
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            test(make)
        except AssertionError as error:
            return "fail", _assertion(error)
    said = [_plain(str(item.message)) for item in caught if issubclass(item.category, UserWarning)]
    said += [_plain(line) for line in printed.getvalue().splitlines()]
    findings = list(dict.fromkeys(line for line in said if line and not _NO_FINDING.match(line)))
    return ("warn", " | ".join(findings)) if findings else ("pass", "no warnings")


def _assertion(error: AssertionError) -> str:
    """What an assertion says, or, when it says nothing, the line that it stands in."""
    line = traceback.extract_tb(error.__traceback__)[-1].line or ""
    return _plain(str(error)) or f"this does not hold: {line.removeprefix('assert').strip()}"


def _plain(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).removeprefix("WARN: ")
    return " ".join(text.split())


def _check_env(make: Callable[[], Any]) -> None:
    from gymnasium.utils.env_checker import check_env

    env = make()
    with contextlib.closing(env):
        # Rendering plays no part in training, and some machines cannot open a window.
        check_env(env.unwrapped, skip_render_check=True)


def _parallel_api_test(make: Callable[[], Any]) -> None:
    from pettingzoo.test import parallel_api_test

    with contextlib.closing(make()) as env:
        parallel_api_test(env, num_cycles=CYCLES)


def _parallel_seed_test(make: Callable[[], Any]) -> None:
    from pettingzoo.test import parallel_seed_test

    parallel_seed_test(make, num_cycles=CYCLES)


def _api_test(make: Callable[[], Any]) -> None:
    from pettingzoo.test import api_test

    with contextlib.closing(make()) as env:
        api_test(env, num_cycles=CYCLES)


def _seed_test(make: Callable[[], Any]) -> None:
    from pettingzoo.test import seed_test

    seed_test(make, num_cycles=CYCLES)
