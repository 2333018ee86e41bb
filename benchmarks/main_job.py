"""The main job, measured: `agentrl train --env code_sandbox` as a user runs it, from an empty cache.

    python benchmarks/main_job.py            # grpo with seeds 0, 1, 2; ppo and rloo with seed 0: up to an hour
    python benchmarks/main_job.py --seeds 0 --algos grpo

Prints one JSON object. For each run: held-out success before and after training with its 95 % intervals, the rise in
points, wall seconds of the whole command, and the peak of the memory of all its processes together. The aims stand
beside the figures, so that a run that misses one says so.
"""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

AIMS = {"rise_points": {"grpo": 30, "ppo": 20, "rloo": 20}, "wall_seconds": 600, "peak_mb": 2048, "before": 0.6}


def measure(algo: str, seed: int, settings: list[str]) -> dict[str, Any]:
    """Run the command in an empty folder with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("agentrl")), "train", "--env", "code_sandbox"]
        command += ["--algo", algo, "--seed", str(seed), "--run-name", "run", *settings]
        environment = {**os.environ, "AGENTRL_CACHE": f"{folder}/cache"}
        began = time.perf_counter()
        with open(f"{folder}/log", "wb") as log:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
            peak = _watch(process)
        seconds = time.perf_counter() - began
        if process.returncode:
            sys.exit(Path(folder, "log").read_text(errors="replace")[-2000:])
        summary = json.loads(Path(folder, "runs/run/summary.json").read_text())
    before, after = summary["before"], summary["after"]
    rise = 100 * (after["success"] - before["success"])
    return {
        "algo": algo,
        "seed": seed,
        "before": _rate(before),
        "after": _rate(after),
        "rise_points": round(rise, 1),
        "wall_seconds": round(seconds, 1),
        "peak_mb": round(peak),
        "reaches": {
            "rise_points": rise >= AIMS["rise_points"].get(algo, 20),  # type: ignore[attr-defined]
            "wall_seconds": seconds <= AIMS["wall_seconds"],  # type: ignore[operator]
            "peak_mb": peak <= AIMS["peak_mb"],  # type: ignore[operator]
            "before": before["success"] < AIMS["before"],
        },
    }


def _watch(process: "subprocess.Popen[bytes]") -> float:
    """The largest sum of the proportional memory (PSS) of a process and its descendants, in MB, until it ends."""
    peak = 0.0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        total = 0
        with contextlib.suppress(psutil.NoSuchProcess):  # the command itself has just ended
            for member in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):  # a sandbox ended between the list and the look
                    total += member.memory_full_info().pss
        peak = max(peak, total / 2**20)
        time.sleep(0.5)
    return peak


def _rate(side: dict[str, Any]) -> dict[str, float]:
    return {name: round(side[name], 4) for name in ("success", "low", "high", "n")}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="seeds of grpo")
    parser.add_argument("--algos", nargs="+", default=["grpo", "ppo", "rloo"], help="all but grpo run with one seed")
    parser.add_argument("settings", nargs="*", help="key=value settings for every run")
    options = parser.parse_args()
    plan = [(algo, seed) for algo in options.algos for seed in (options.seeds if algo == "grpo" else options.seeds[:1])]
    runs = [measure(algo, seed, options.settings) for algo, seed in plan]
    cores = os.cpu_count()
    print(
        json.dumps({"machine": platform.processor() or platform.machine(), "cores": cores, "aims": AIMS, "runs": runs})
    )


if __name__ == "__main__":
    main()
