"""What the adversary is good for in training, in two parts. All policies are the tiny one, in the tiny shop.

    python benchmarks/adversary.py groups > groups.json
    python benchmarks/adversary.py robustness > robustness.json
    python benchmarks/adversary.py > both.json

groups      How many groups of eight episodes are informative, that is, do not all get the same reward: tasks that the
            generator chooses against tasks with operators drawn uniformly. The policy stays what its cold start made
            it, as its learning rate is next to nothing: with plain demonstrations it is weak on adversarial tasks, with
            adversarial ones among them less so. The aim is twice as many for the weak one.
robustness  Success on proven tasks with pairs of operators that no training drew, on held-out databases, after as many
            steps. `without` sees plain tasks only and `with` is what `adversary.share=0.5` gives. Two more tell what of
            it is due to what: `demonstrations` has adversarial tasks in its cold start only, and `uniform` draws the
            same share of them in training without regard to the policy. Tasks in which it is right to refuse are at
            most 0.3 of all, and counted apart: whoever refuses everything solves them.

Prints one JSON object. See README.md beside this file.
"""

import argparse
import itertools
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.evaluation.api import run_evaluation
from agentrl.simulators.adversary import OPERATORS, Rejection, apply, is_refusal, prove, write_tasks
from agentrl.simulators.models import UserTask
from agentrl.training.api import TrainResult, train

AIM = {"times_as_many_while_weak": 2.0}
SHARE, REFUSALS = 0.5, 0.3
NO_LEARNING = 1e-12
_TRIES = 20


def held_out_pairs() -> list[tuple[str, str]]:
    """One in five of all pairs of operators, by a hash."""
    pairs = itertools.combinations(sorted(OPERATORS), 2)
    return [pair for pair in pairs if sha256("+".join(pair).encode()).digest()[0] % 5 == 0]


def adversary(**settings: Any) -> dict[str, Any]:
    """Settings that keep to the other four fifths of the pairs."""
    return {"held_out": [list(pair) for pair in held_out_pairs()], **settings}


def trained(folder: str, name: str, seed: int, steps: int | None, **settings: Any) -> TrainResult:
    """A training; runs with the same demonstrations share one cold start."""
    given = {} if steps is None else {"max_steps": steps}
    return train("service_desk", seed=seed, output_dir=folder, run_name=f"{name}-{seed}", **given, **settings)


def informative(folder: str, seed: int, demonstrations: Any, adaptive: bool, steps: int) -> tuple[float, float]:
    """The shares of informative groups, and of successes."""
    run = trained(
        folder,
        f"groups-{bool(demonstrations)}-{adaptive}",
        seed,
        steps,
        env_args={"adversary": adversary(share=1.0, adaptive=adaptive)},
        cold_start_env_args={"adversary": demonstrations},
        learning_rate=NO_LEARNING,
    )
    lines = (Path(run.run_dir) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    constant = statistics.mean(row["groups/constant_share"] for row in rows)
    return round(1 - constant, 3), round(statistics.mean(row["reward/success"] for row in rows), 3)


def groups(folder: str, seeds: list[int], steps: int) -> dict[str, Any]:
    """Part 1: for both cold starts the shares for each seed, and how many times as many there are."""
    out: dict[str, Any] = {}
    for name, demonstrations in (("weak", None), ("less_weak", adversary(share=SHARE))):
        chosen = [informative(folder, seed, demonstrations, True, steps) for seed in seeds]
        uniform = [informative(folder, seed, demonstrations, False, steps) for seed in seeds]
        shares = [[share for share, _ in arm] for arm in (chosen, uniform)]
        out[name] = {
            "adversary": shares[0],
            "uniform": shares[1],
            "success": {"adversary": [s for _, s in chosen], "uniform": [s for _, s in uniform]},
            "times_as_many": round(sum(shares[0]) / max(sum(shares[1]), 1e-9), 2),
        }
    return out | {"reaches": out["weak"]["times_as_many"] >= AIM["times_as_many_while_weak"]}


def held_out_tasks(count: int) -> Iterator[UserTask]:
    """Proven tasks of the tiny level with a held-out pair each, on held-out databases: pair by pair in turn."""
    made = refusals = before = 0
    numbers = itertools.count()
    while True:
        for pair in held_out_pairs():
            drawn = (held_out_task(pair, next(numbers)) for _ in range(_TRIES))
            fits = (task for task in drawn if task and (not is_refusal(task) or refusals < REFUSALS * (made + 1)))
            if task := next(fits, None):
                made, refusals = made + 1, refusals + is_refusal(task)
                yield task
            if made == count:
                return
        if made == before:
            return
        before = made


def held_out_task(pair: tuple[str, str], number: int) -> UserTask | None:
    """The plain task of this number with both operators, and its proof; None where there is none."""
    world = get_domain("shop_tiny")
    task = apply(sample_task("shop", "tiny", number, "test"), pair, random.Random(number), world)
    proof = None if task is None else prove(task, world, play)
    if task is None or proof is None or isinstance(proof, Rejection):
        return None
    return task.model_copy(update={"proof": proof})


def arms() -> dict[str, dict[str, Any]]:
    """The settings of part 2's four trainings."""
    shown = {"adversary": adversary(share=SHARE)}
    return {
        "without": {"env_args": {"adversary": None}, "cold_start_env_args": {"adversary": None}},
        "demonstrations": {"env_args": {"adversary": None}, "cold_start_env_args": shown},
        "uniform": {
            "env_args": {"adversary": adversary(share=SHARE, adaptive=False)},
            "cold_start_env_args": shown,
        },
        "with": {"env_args": shown, "cold_start_env_args": shown},
    }


def robustness(folder: str, seeds: list[int], steps: int | None, count: int, names: list[str]) -> dict[str, Any]:
    """Part 2: success of the named trainings on the tasks, those to refuse and the others, and on plain ones."""
    tasks = list(held_out_tasks(count))
    files = {
        "to_refuse": [task for task in tasks if is_refusal(task)],
        "to_serve": [task for task in tasks if not is_refusal(task)],
    }
    for name, some in files.items():
        write_tasks(f"{folder}/{name}.jsonl", some)
    out: dict[str, Any] = {
        "pairs": len({tuple(sorted(op.name for op in task.ops)) for task in tasks}),
        "tasks": {name: len(some) for name, some in files.items()},
        "runs": [],
    }
    for seed in seeds:
        for arm in names:
            run = trained(folder, arm, seed, steps, **arms()[arm])
            row: dict[str, Any] = {"seed": seed, "arm": arm}
            for name, some in files.items():
                env_args = {"task_file": f"{folder}/{name}.jsonl", "adversary": None}
                made = run_evaluation(str(run.run_dir), episodes=len(some), env_args=env_args)
                row[name] = round(made.report.overall.success, 4)
            row["pairs"] = round(sum(row[name] * len(some) for name, some in files.items()) / len(tasks), 4)
            plain = run_evaluation(str(run.run_dir), episodes=count, env_args={"adversary": None})
            out["runs"].append(row | {"plain": round(plain.report.overall.success, 4)})
            print(out["runs"][-1], file=sys.stderr, flush=True)
    return out


def main() -> None:
    """Run the parts and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=["groups", "robustness"], default=["groups", "robustness"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--group-steps", type=int, default=20, help="steps of 16 groups in part 1")
    parser.add_argument("--max-steps", type=int, default=None, help="steps of each training in part 2")
    parser.add_argument("--arms", nargs="+", choices=list(arms()), default=list(arms()), help="trainings of part 2")
    parser.add_argument("--tasks", type=int, default=300)
    given = parser.parse_args()
    figures: dict[str, Any] = {"aim": AIM}
    with tempfile.TemporaryDirectory() as folder:
        if "groups" in given.parts:
            figures["groups"] = groups(folder, given.seeds, given.group_steps)
        if "robustness" in given.parts:
            figures["robustness"] = robustness(folder, given.seeds, given.max_steps, given.tasks, given.arms)
    json.dump(figures, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
