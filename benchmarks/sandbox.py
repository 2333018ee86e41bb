"""How many programs per second the sandbox runs, side by side with other ways to run them.

    python benchmarks/sandbox.py --peers > sandbox.json      # about four minutes on two cores

Rounds alternate between all routes, so that all meet the same machine; each route runs the same programs with one,
two and four threads, and each answer is checked. Prints one JSON object. What this machine lacks stands under "skipped"
with the reason. See README.md beside this file.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from sandbox_routes import Route, install_peers, open_peers, open_routes

from agentrl.errors import SandboxError

WORKLOADS = {
    "number": ("print(7 * 191)", "1337\n"),
    "work": (
        "import json, math, re\n"
        "records = [{'name': f'item {n}', 'price': math.sqrt(n)} for n in range(400)]\n"
        "text = json.dumps(records)\n"
        "names = re.findall(r'item \\d+', text)\n"
        "print(len(names), round(sum([record['price'] for record in json.loads(text)]), 3))\n",
        "400 5323.128\n",
    ),
}
THREADS = (1, 2, 4)
AIMS = {"namespaces_per_second": 150, "namespaces_to_subprocess": 1.5, "docker_fork_server_to_docker_exec": 8}
AIMED = ("number", 2)
"""The workload and the number of threads that the aims are for. The other numbers stand beside them."""


def measure(routes: dict[str, Route], rounds: int, seconds: float) -> dict[str, str]:
    """All routes in turn, `rounds` times, with each workload and number of threads; returns what broke, and why.

    A route that breaks is taken out of `routes`.
    """
    broken: dict[str, str] = {}
    for _ in range(rounds):
        for workload, (program, expected) in WORKLOADS.items():
            for threads in THREADS:
                for name, route in list(routes.items()):
                    try:
                        done = route.burst(program, expected, threads, seconds)
                    except (RuntimeError, SandboxError, OSError) as error:
                        broken[name] = f"broke during the measurement: {error}"[:600]
                        del routes[name]
                        continue
                    route.rates.setdefault((workload, threads), []).append(done["per_second"])
                    route.latencies.setdefault((workload, threads), []).extend(done["latencies"])
    return broken


def figures(route: Route, workload: str) -> dict[str, Any]:
    """What was measured of one route with one workload: medians over the rounds, latencies of all runs."""
    by_threads = {}
    for threads in THREADS:
        latencies = sorted(route.latencies[workload, threads])
        rates = route.rates[workload, threads]
        by_threads[f"threads_{threads}"] = {
            "per_second": round(statistics.median(rates), 1),
            "lowest_and_highest_round": [round(min(rates), 1), round(max(rates), 1)],
            "median_ms": round(statistics.median(latencies), 2),
            "p95_ms": round(latencies[int(0.95 * (len(latencies) - 1))], 2),
            "runs": len(latencies),
        }
    return {"isolation": route.isolation, **by_threads}


def ratio(
    routes: dict[str, Route], fast: str, slow: str, workload: str = AIMED[0], threads: int = AIMED[1]
) -> float | None:
    """How many times as many programs `fast` runs: the median of the rounds' ratios; None where one is missing."""
    if fast not in routes or slow not in routes:
        return None
    pairs = zip(routes[fast].rates[workload, threads], routes[slow].rates[workload, threads], strict=True)
    return round(statistics.median(a / b for a, b in pairs), 2)


def against_aims(routes: dict[str, Route]) -> dict[str, Any]:
    """The figures that have an aim, the aims, and which are reached; null where a route is missing."""
    ours = routes.get("namespaces")
    reached = {
        "namespaces_per_second": round(statistics.median(ours.rates[AIMED]), 1) if ours else None,
        "namespaces_to_subprocess": ratio(routes, "namespaces", "subprocess"),
        "docker_fork_server_to_docker_exec": ratio(routes, "docker_fork_server", "docker_exec"),
    }
    met = {name: None if value is None else value >= AIMS[name] for name, value in reached.items()}
    by_threads = {
        workload: {
            f"threads_{threads}": ratio(routes, "namespaces", "subprocess", workload, threads) for threads in THREADS
        }
        for workload in WORKLOADS
    }
    return {"figures": reached, "aims": AIMS, "reaches": met, "namespaces_to_subprocess": by_threads}


def processor() -> str:
    """The name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    """Open, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.7, help="length of one burst; four a round for each route")
    parser.add_argument("--image", help="image of the docker routes; by default one made of this machine's files")
    parser.add_argument(
        "--peers", nargs="?", const="", metavar="FOLDER", help="peers too, from a venv (kept in FOLDER)"
    )
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    with contextlib.ExitStack() as stack:
        routes, skipped = open_routes(stack, options.image, WORKLOADS)
        if options.peers is not None:
            folder = Path(options.peers or stack.enter_context(tempfile.TemporaryDirectory())).absolute()
            install_peers(folder)
            more, lacking = open_peers(stack, folder, WORKLOADS)
            routes, skipped = routes | more, skipped | lacking
        else:
            skipped["peers"] = "not asked for; --peers installs them from PyPI"
        skipped |= measure(routes, options.rounds, options.seconds)
    result = {
        "benchmark": "sandbox",
        "cpu": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": load_before,
        "rounds": options.rounds,
        "seconds_per_burst": options.seconds,
        **{workload: {name: figures(route, workload) for name, route in routes.items()} for workload in WORKLOADS},
        **against_aims(routes),
        "skipped": skipped,
    }
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
