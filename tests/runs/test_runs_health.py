"""Health messages: each for its symptom, once, and none on a healthy run."""

import math
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agentrl.runs import curves, health
from agentrl.runs.health import CLEAR_AFTER, RULES, HealthMonitor, check

Row = dict[str, float]
STEPS = 80


def healthy(seed: int = 0, steps: int = STEPS) -> list[Row]:
    """A noisy run that learns."""
    noise = random.Random(seed)
    rows = []
    for step in range(1, steps + 1):
        level = 0.3 + 0.5 * step / steps + noise.gauss(0, 0.03)
        rows.append(
            {
                "step": step,
                "time": float(step),
                "reward/mean": level,
                "reward/std": 0.4,
                "reward/success": level,
                "episode/failed_share": 0.0,
                "episode/no_room_share": abs(noise.gauss(0, 0.03)),
                "episode/length_stop_share": abs(noise.gauss(0.08, 0.04)),
                "groups/constant_share": 0.4 + noise.gauss(0, 0.1),
                "kl/ref": 3 * step / steps + abs(noise.gauss(0, 0.2)),
                "policy/entropy": 0.3 * math.exp(-step / steps) + noise.gauss(0, 0.02),
                "policy/loss": noise.gauss(0, 0.1),
                "policy/grad_norm": math.exp(noise.gauss(-0.5, 0.5)),
                "policy/mismatch": 1e-5,
                "value/loss": 0.1,
                "value/explained_variance": min(0.6, step / 20 - 0.1) + noise.gauss(0, 0.1),
            }
        )
    return rows


@pytest.mark.parametrize("seed", range(10))
def test_a_healthy_run_gets_no_message(seed: int) -> None:
    assert check(healthy(seed)) == []


def test_a_run_that_solves_its_tasks_gets_no_message_but_that_they_are_easy() -> None:
    rows = [row | {"reward/mean": 0.98, "reward/success": 0.98, "policy/entropy": 0.004} for row in healthy()]
    assert check(rows) == []
    rows = [row | {"groups/constant_share": 0.97} for row in rows]
    assert [finding.rule for finding in check(rows)] == ["constant groups"]


def late(name: str, value: float, start: int = 40) -> Callable[[int], Row]:
    return lambda step: {name: value} if step >= start else {}


def flat(step: int) -> Row:
    level = 0.4 + random.Random(step).gauss(0, 0.02)
    return {"reward/mean": level, "reward/success": level} if step >= 20 else {}


SICK: dict[str, tuple[str, Callable[[int], Row], str]] = {
    "kl": ("kl", late("kl/ref", 7.25), "7.2 nats per trajectory.*1 to 5 is healthy.*init_kl_coef"),
    "entropy far below its start": (
        "entropy collapse",
        late("policy/entropy", 0.014),
        "collapsed to 0.014.*temperature",
    ),
    "entropy near nothing": (
        "entropy collapse",
        lambda step: {"policy/entropy": 0.05 if step < 40 else 0.019},
        "collapsed to 0.019",
    ),
    "entropy grows": ("entropy explosion", late("policy/entropy", 2.5), "grown to 2.50.*turning random"),
    "too easy": (
        "constant groups",
        lambda step: {"groups/constant_share": 0.95, "reward/success": 0.8} if step >= 75 else {},
        "In 95% of the groups.*too easy",
    ),
    "too hard": (
        "constant groups",
        lambda step: {"groups/constant_share": 0.95, "reward/success": 0.02} if step < 10 else {},
        "In 95% of the groups.*too hard.*cold_start_episodes",
    ),
    "flat": ("flat reward", flat, "not risen for 20 steps"),
    "cut": ("cut actions", late("episode/length_stop_share", 0.42), "42% of the actions.*max_new_tokens"),
    "no room": ("no room left", late("episode/no_room_share", 0.25), "25% of the episodes .*Raise max_context"),
    "failed": ("failed episodes", late("episode/failed_share", 0.016), "1.6% of the episodes FAILED.*run.log"),
    "mismatch": ("mismatch", late("policy/mismatch", 0.05), "differ by 0.050 nats"),
    "gradient not a number": ("not a number", late("policy/grad_norm", math.nan), "policy/grad_norm is not a number"),
    "loss infinite": ("not a number", late("policy/loss", math.inf), "policy/loss is not a number"),
    "gradient explodes": ("exploding gradient", late("policy/grad_norm", 60.0), "jumped from about .* to 60"),
    "users": ("replaced users", late("users/template_share", 0.4), "could not be kept to .* in 40% of its turns"),
    "critic": ("useless critic", late("value/explained_variance", -0.3), "worse than a constant for 10 steps"),
}


@pytest.mark.parametrize("kind", SICK)
def test_each_symptom_is_said_once_with_what_to_do(kind: str) -> None:
    rule, symptom, words = SICK[kind]
    monitor = HealthMonitor()
    said = [text for row in healthy() for text in monitor.update(int(row["step"]), row | symptom(int(row["step"])))]
    assert [finding.rule for finding in monitor.findings] == [rule]
    assert len(said) == 1
    assert re.search(words, said[0])


def test_every_rule_has_a_symptom_here() -> None:
    assert {rule for rule, _, _ in SICK.values()} == set(RULES)


def test_a_message_is_said_again_only_after_it_had_cleared() -> None:
    monitor = HealthMonitor()
    shares = [0.1, 0.1, *[0.0] * (CLEAR_AFTER - 1), 0.1, *[0.0] * CLEAR_AFTER, 0.1]
    said = [len(monitor.update(step, {"episode/failed_share": share})) for step, share in enumerate(shares)]
    assert [step for step, count in enumerate(said) if count] == [0, len(shares) - 1]
    assert [finding.cleared for finding in monitor.findings] == [len(shares) - 2, None]


def test_a_resumed_monitor_goes_on_as_if_it_had_not_stopped() -> None:
    rows = [row | {"kl/ref": 9.0, "episode/failed_share": float(row["step"] > 50)} for row in healthy()]
    resumed = HealthMonitor(rows[:40])
    assert [text for row in rows[40:] for text in resumed.update(int(row["step"]), row)] == [resumed.findings[-1].text]
    assert resumed.findings == check(rows)


def test_one_wild_step_is_no_message() -> None:
    rows = healthy()
    rows[50] |= {"kl/ref": 6.0, "policy/grad_norm": 15.0, "groups/constant_share": 0.95, "policy/entropy": 0.001}
    assert check(rows) == []


def test_metrics_that_a_run_does_not_log_are_not_missed() -> None:
    assert check([{"step": step, "time": 0.0} for step in range(60)]) == []
    assert check([]) == []


def test_only_the_recent_part_of_a_long_run_is_looked_at() -> None:
    rows = healthy(steps=4000)
    start = time.process_time()
    check(rows)
    assert time.process_time() - start < 8  # 2 ms a step would be too much already


def test_the_documentation_explains_every_message() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    assert re.findall(r"^### (.*)$", page, re.MULTILINE) == list(RULES)


def test_the_documentation_names_every_metric_that_is_judged_or_drawn() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    sources = "".join((Path(module.__file__ or "")).read_text("utf-8") for module in (curves, health))
    names = set(re.findall(r'"((?:reward|episode|groups|kl|policy|value|time|throughput|eval|memory)/\w+)"', sources))
    assert len(names) > 15
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
