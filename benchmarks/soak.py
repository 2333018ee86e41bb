"""A long run of the sandbox, a part of it hostile: what leaks, what slows down, what goes wrong. Prints JSON.

    python benchmarks/soak.py --runs 50000 --hostile 0.1 --threads 4

Honest runs compute something that only they can know, and must give the right answer. Hostile ones are the programs of
tests/sandbox/hostile, with a second each: all but solutions, those marked slow, and those that the tier does not hold.
Before, during and after, this process and the machine are looked at: memory, descriptors, processes, mounts, control
groups, temporary files, System V segments, planted files and services.

Exits with 1, and says why in `failures`, when a run went wrong, something leaked or was touched, or this process grew
by more than 1 MiB per 10,000 runs. That is 105 bytes a run: what is kept of each run by mistake is more (a result has
500). Growth is judged from 20,000 runs on: a single step of the allocator by 1 MiB, in the middle of n runs, looks
like 1.9e4 / n MiB per 10,000 runs.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "sandbox" / "hostile"))

from hostile_case import Case  # noqa: E402
from hostile_cases import QUICK  # noqa: E402
from hostile_harness import warm_up  # noqa: E402
from hostile_machine import family, mounts, segments  # noqa: E402
from hostile_world import World  # noqa: E402

from agentrl.errors import SandboxError  # noqa: E402
from agentrl.sandbox import ExecResult, Limits, Sandbox, Status, open_sandbox  # noqa: E402

_HONEST = "import sys\nn = int(input())\nopen('scratch', 'w').write(str(n))\nprint(n * n + len(open('scratch').read()))"
_MOST_SECONDS = 1.0
_SAMPLES = 60
_JUDGED_RUNS, _MOST_MB_PER_10000_RUNS = 20_000, 1.0


class Soak:
    """The runs, and what came of them."""

    def __init__(self, sandbox: Sandbox, world: World, options: argparse.Namespace) -> None:
        self.sandbox, self.world, self.options = sandbox, world, options
        self.tier = options.isolation if options.backend == "embedded" else options.backend
        self.cases = [case for case in QUICK if self.tier not in case.open_in]
        self.lock = threading.Lock()
        self.statuses: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.hostile = 0
        self.samples: list[dict[str, float]] = []

    def one(self, number: int) -> None:
        """One run: hostile or honest by its number, the same in every soak."""
        dice = random.Random(number)
        hostile = dice.random() < self.options.hostile
        try:
            problem = self._hostile(dice.choice(self.cases)) if hostile else self._honest(number)
        except SandboxError as error:
            problem = f"run {number}: {error}"
        with self.lock:
            self.hostile += hostile
            if problem:
                self.wrong.append(problem)
            if number % max(1, self.options.runs // _SAMPLES) == 0:
                self.samples.append({"run": number, **look()})

    def _honest(self, number: int) -> str:
        result = self.sandbox.run(_HONEST, stdin=f"{number}\n", limits=Limits(wall_seconds=20))
        self._count("honest", result)
        right = f"{number * number + len(str(number))}\n"
        return "" if (result.status, result.stdout) == (Status.OK, right) else f"run {number}: {result}"

    def _hostile(self, case: Case) -> str:
        target = json.dumps(self.world.target(False)).encode()
        limits = Limits(
            wall_seconds=min(case.limits.wall_seconds, _MOST_SECONDS),
            cpu_seconds=1,
            memory_mb=case.limits.memory_mb,
        )
        stdin = "0123456789abcdef" * (case.stdin_kb * 64)
        result = self.sandbox.run(case.source, stdin=stdin, files={"target.json": target}, limits=limits)
        self._count("hostile", result)
        text = result.stdout + result.stderr
        leaked = [place for place, canary in self.world.canaries.items() if canary in text]
        if leaked or "ESCAPED" in text:
            return f"{case.name}: it got {leaked} {[line for line in text.splitlines() if 'ESCAPED' in line]}"
        # On a crowded machine any of them may run out of time.
        ways = {*case.statuses_of(self.tier), "timeout", "cpu"}
        return (
            "" if str(result.status) in ways else f"{case.name}: {result.status} {result.limit} {result.stderr[-200:]}"
        )

    def _count(self, kind: str, result: ExecResult) -> None:
        with self.lock:
            self.statuses[f"{kind} {result.status}"] += 1


def look() -> dict[str, float]:
    """Memory (MiB) and descriptors of this process."""
    with open("/proc/self/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    return {"rss_mb": int(fields["VmRSS"].split()[0]) / 1024, "descriptors": len(os.listdir("/proc/self/fd"))}


def groups() -> int:
    """How many control groups of this process's sandboxes there are; their names hold its id."""
    mine = f"-{os.getpid()}-"
    return sum(1 for folder, _, _ in os.walk("/sys/fs/cgroup") if "agentrl" in folder and mine in folder)


def machine(work: str) -> dict[str, Any]:
    """What a leak would add to."""
    files = sum(len(folders) + len(names) for _, folders, names in os.walk(work))
    return {
        "processes": len(family()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "mounts": mounts(),
        "cgroups": groups(),
        "temporary_files": files,
        "segments": len(segments()),
    }


def slope(samples: list[dict[str, float]]) -> float:
    """MiB of memory per 10,000 runs, by least squares, after the first fifth (the warm-up)."""
    later = samples[len(samples) // 5 :]
    if len(later) < 3:
        return 0.0
    runs = [sample["run"] for sample in later]
    mean, level = sum(runs) / len(runs), sum(sample["rss_mb"] for sample in later) / len(later)
    spread = sum((run - mean) ** 2 for run in runs)
    return 1e4 * sum((s["run"] - mean) * (s["rss_mb"] - level) for s in later) / spread


def settled(work: str, before: dict[str, Any], seconds: float = 5.0) -> dict[str, Any]:
    """The machine, once it looks as before, or after so long."""
    end = time.monotonic() + seconds
    while (now := machine(work)) != before and time.monotonic() < end:
        time.sleep(0.1)
    return now


def soak(options: argparse.Namespace, work: str) -> dict[str, Any]:
    """Run, look, report."""
    tempfile.tempdir = work
    with World() as world:
        outside = machine(work)
        sandbox = open_sandbox(backend=options.backend, isolation=options.isolation, workers=options.workers)
        state = Soak(sandbox, world, options)
        warm_up(sandbox, options.threads)
        before = machine(work)
        start = time.monotonic()
        with ThreadPoolExecutor(options.threads) as pool:
            list(pool.map(state.one, range(options.runs)))
        seconds = time.monotonic() - start
        after = settled(work, before)
        tier = sandbox.tier
        sandbox.close()
        closed = settled(work, outside)
        touched = world.changes()
    state.samples.sort(key=lambda sample: sample["run"])
    return {
        "runs": options.runs,
        "hostile": state.hostile,
        "tier": tier,
        "seconds": round(seconds, 1),
        "per_second": round(options.runs / seconds, 1),
        "statuses": dict(sorted(state.statuses.items())),
        "wrong": len(state.wrong),
        "wrong_first": state.wrong[:10],
        "leaked_after_the_runs": {name: after[name] - before[name] for name in before if after[name] != before[name]},
        "leaked_after_closing": {
            name: closed[name] - outside[name] for name in closed if closed[name] != outside[name]
        },
        "touched": touched,
        "rss_mb_after_warm_up": round(state.samples[len(state.samples) // 5]["rss_mb"], 1),
        "rss_mb_at_the_end": round(state.samples[-1]["rss_mb"], 1),
        "rss_mb_per_10000_runs": round(slope(state.samples), 3),
    }


def failures(report: dict[str, Any]) -> list[str]:
    """The parts of a report that must be empty, or small, and are not."""
    names = ("wrong", "leaked_after_the_runs", "leaked_after_closing", "touched")
    growth = report["rss_mb_per_10000_runs"] if report["runs"] >= _JUDGED_RUNS else 0.0
    grew = ["rss_mb_per_10000_runs"] if growth > _MOST_MB_PER_10000_RUNS else []
    return [name for name in names if report[name]] + grew


def main() -> None:
    """Parse, soak, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50_000)
    parser.add_argument("--hostile", type=float, default=0.1, help="the share of hostile runs")
    parser.add_argument("--backend", default="embedded")
    parser.add_argument("--isolation", help="tier of the embedded back-end, which is namespaces unless told")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.isolation = options.isolation or ("namespaces" if options.backend == "embedded" else "auto")
    with tempfile.TemporaryDirectory(prefix="agentrl-soak-") as work:
        os.chmod(work, 0o711)
        report = soak(options, work)
    failed = failures(report)
    print(json.dumps({**report, "failures": failed}, indent=2))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
