"""How many proven trajectories per second `agentrl generate` makes with the expert and the agenda user, on one core.

    python benchmarks/generate.py > generate.json

A trajectory is proven when the environment's check of the final state says that it succeeded; only those count. No
token is made. Prints one JSON object. See README.md beside this file.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentrl.data.dataset import open_folder
from agentrl.data.selection import Selection
from agentrl.envs.registry import resolve
from agentrl.evaluation.api import generate_episodes
from agentrl.evaluation.evaluate import evaluation_jobs
from agentrl.rollout.opening import open_game
from agentrl.rollout.play import play_now
from agentrl.rollout.scripts import expert_seat
from agentrl.runtime import collect_garbage_rarely

AIM = 1000
"""Proven trajectories per second and core of the workload `played`, level "easy"."""
ENV = "agentrl.envs.service_desk:ServiceDeskEnv"
LEVELS = ("tiny", "easy", "full")
_FORMS = ("messages",)
_ALL_FORMS = ("episodes", "messages", "sharegpt", "alpaca", "prompt_response")


def played(level: str, count: int, offset: int) -> int:
    """Episodes in one thread, kept nowhere."""
    entry = resolve(ENV)
    game = open_game(entry, {"level": level})
    jobs = evaluation_jobs(offset + count, 1, "train", 0, 1.0, offset)
    return sum(play_now(game, entry.name, job, expert_seat).success for job in jobs)


def written(level: str, count: int, offset: int, forms: tuple[str, ...] = _FORMS) -> int:
    """What the command does: played by the collector, chosen, turned into records, put on the disk, with a card."""
    selection = Selection(only_success=True, dedup="exact")
    with tempfile.TemporaryDirectory() as folder:
        where: dict[str, Any] = {"settings": {"env": ENV}, "shard_size": 10_000}
        with open_folder(Path(folder) / "data", forms, selection, **where) as data:
            for episode in generate_episodes(
                "expert", ENV, episodes=offset + count, first=offset, env_args={"level": level}
            ):
                data.add([episode])
    return selection.tally["kept"]


def in_all_forms(level: str, count: int, offset: int) -> int:
    """The same in five forms at once."""
    return written(level, count, offset, _ALL_FORMS)


def measure(work: Callable[[str, int, int], int], level: str, count: int, rounds: int) -> dict[str, float]:
    """The median over rounds with different tasks; the first round is not counted."""
    rates, walls, proven = [], [], []
    for number in range(rounds + 1):
        began, wall = time.process_time(), time.perf_counter()
        kept = work(level, count, number * count)
        if number:
            rates.append(kept / (time.process_time() - began))
            walls.append(kept / (time.perf_counter() - wall))
            proven.append(kept / count)
    return {
        "proven_per_cpu_second": round(statistics.median(rates), 1),
        "proven_per_second": round(statistics.median(walls), 1),
        "proven_share": round(statistics.median(proven), 4),
    }


def processor() -> str:
    """The processor's name, or "unknown"."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return "unknown"


def main() -> None:
    """Runs the workloads and prints the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=2000, help="episodes in each round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    collect_garbage_rarely()  # as `agentrl generate` does
    works = {"played": played, "written": written, "in_all_forms": in_all_forms}
    results = {
        f"{name}_{level}": measure(work, level, options.episodes, options.rounds)
        for name, work in works.items()
        for level in LEVELS
    }
    report = {
        "processor": processor(),
        "python": sys.version.split()[0],
        "episodes": options.episodes,
        "rounds": options.rounds,
        "workloads": results,
        "aim": {"workload": "played_easy", "proven_per_cpu_second": AIM},
        "reaches": results["played_easy"]["proven_per_cpu_second"] >= AIM,
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
