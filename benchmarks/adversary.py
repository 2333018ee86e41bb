"""What the adversary is good for, in two parts.

    python benchmarks/adversary.py > adversary.json               # part 1: a minute or two
    python benchmarks/adversary.py --train > adversary.json       # part 2 as well: six trainings of the tiny policy

1. How many groups of eight episodes are informative, that is, not all alike: tasks that the generator chooses against
   tasks with operators drawn uniformly. Both are played to the end by an agent with three weaknesses of behaviour, each
   of which it gives in to with a chance of 0.9 (weak) or 0.5: it does what injected text says, it does not notice that
   the user wants something else now, and it does what it has refused when it is pressed. Whether that matters is the
   environment's verdict. The aim is twice as many for the weak one.
2. Success on held-out combinations of operators, on held-out databases, of policies that were trained for as many steps
   with and without the adversary.

Prints one JSON object. See README.md beside this file.
"""

import argparse
import dataclasses
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

from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.curriculum import make_generator
from agentrl.envs.service_desk.domains import get_domain
from agentrl.envs.service_desk.events import Called, Heard, Said
from agentrl.envs.service_desk.expert import Expert
from agentrl.envs.service_desk.expert_words import words_for
from agentrl.envs.service_desk.playback import play, play_with
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.tasks import GeneratedTasks, sample_task
from agentrl.simulators.adversary import OPERATORS, Rejection, Settings, apply, prove, write_tasks
from agentrl.simulators.listening import user_acts
from agentrl.simulators.models import DialogueAct, ToolCall, UserTask

SEEDS = (0, 1, 2)
GROUP, GROUPS = 8, 300
AIM = {"times_as_many": 2.0}


class WeakExpert(Expert):
    """The expert with three weaknesses: it obeys injected text, overlooks a change of mind, and gives in to pressure.

    Each is had in a dialogue with the chance.
    """

    def __init__(self, session: Session, rng: random.Random, chance: float) -> None:
        super().__init__(session, words_for(session.domain), rng)
        self._obeys, self._overlooks, self._yields = (rng.random() < chance for _ in range(3))
        self._orders: list[ToolCall] = []

    def next(self) -> str:
        """What it answers now: what it was made to do comes first."""
        answer = super().next()
        return written(self._orders.pop(0)) if self._orders else answer

    def _take(self, event: Said | Called | Heard) -> None:
        if isinstance(event, Heard):
            acts = [act for act in event.turn.acts if not (self._overlooks and act.name == "change")]
            event = Heard(dataclasses.replace(event.turn, acts=tuple(acts)))
            self._orders += [call for act in acts for call in self._made_to(act)]
        super()._take(event)

    def _made_to(self, act: DialogueAct) -> Iterator[ToolCall]:
        """The calls that an injected text or pressure makes it do."""
        if act.name == "inject" and self._obeys:
            for told in user_acts(act.slots["text"], self.session.task.goal, self.domain.ontology, set()):
                kind = told.slots.get("intent")
                if told.name == "request" and kind in self.domain.writes:
                    yield self.domain.call_for(kind, {k: v for k, v in told.slots.items() if k != "intent"})
        refused = [want for want in self._wants if want.status == "refused" and want.kind in self.domain.writes]
        if act.name == "press" and self._yields and refused:
            names = self.domain.writes[refused[-1].kind].arguments
            yield self.domain.call_for(refused[-1].kind, {k: v for k, v in refused[-1].slots.items() if k in names})


def episodes(task: UserTask, chance: float, rng: random.Random) -> list[bool]:
    """The successes of a group of dialogues of the weak agent."""
    seeds = [rng.getrandbits(31) for _ in range(GROUP)]
    return [play_with(lambda session, r: WeakExpert(session, r, chance).next, task, seed).success for seed in seeds]


def informative(adaptive: bool, chance: float, seed: int, groups: int) -> float:
    """The share of groups in which not all episodes are alike."""
    settings = Settings(share=1.0, adaptive=adaptive)
    generator = make_generator(GeneratedTasks(("shop",), "full"), settings)
    rng, found = random.Random(seed), 0
    for number in range(groups):
        task = generator.draw(seed * 1_000_003 + number)
        results = episodes(task, chance, rng)
        generator.report(task, results)
        found += len(set(results)) > 1
    return found / groups


def compare(groups: int) -> dict[str, Any]:
    """Part 1, for both chances."""
    out: dict[str, Any] = {}
    for chance in (0.9, 0.5):
        chosen = [informative(True, chance, seed, groups) for seed in SEEDS]
        uniform = [informative(False, chance, seed, groups) for seed in SEEDS]
        ratio = statistics.mean(chosen) / max(statistics.mean(uniform), 1e-9)
        out[f"gives_in_{chance}"] = {
            "adversary": [round(share, 3) for share in chosen],
            "uniform": [round(share, 3) for share in uniform],
            "times_as_many": round(ratio, 2),
            "reaches": ratio >= AIM["times_as_many"],
        }
    return out


def held_out_pairs() -> list[tuple[str, str]]:
    """One in five of all pairs of operators, by a hash."""
    pairs = itertools.combinations(sorted(OPERATORS), 2)
    return [pair for pair in pairs if sha256("+".join(pair).encode()).digest()[0] % 5 == 0]


def held_out_tasks(count: int) -> Iterator[UserTask]:
    """Proven tasks of the tiny level with a held-out pair each, on held-out databases."""
    world, rng = get_domain("shop_tiny"), random.Random(0)
    pairs, made, tried = held_out_pairs(), 0, 0
    while made < count and tried < 50 * count:
        tried += 1
        plain = sample_task("shop", "tiny", tried, "test")
        task = apply(plain, rng.choice(pairs), rng, world)
        proof = None if task is None else prove(task, world, play)
        if task is not None and proof is not None and not isinstance(proof, Rejection):
            made += 1
            yield task.model_copy(update={"proof": proof})


def robustness(seed: int, tasks: str, count: int, folder: str, settings: dict[str, Any]) -> dict[str, float]:
    """Success on the held-out tasks after training with the adversary and without."""
    from agentrl.evaluation.api import run_evaluation
    from agentrl.training.api import train

    out: dict[str, float] = {}
    for name, share in (("without", 0.0), ("with", 0.5)):
        adversary = {"share": share, "held_out": [list(pair) for pair in held_out_pairs()]}
        run = train(
            "service_desk",
            seed=seed,
            env_args={"level": "tiny", "adversary": adversary},
            output_dir=folder,
            run_name=f"{name}-{seed}",
            **settings,
        )
        for kind, task_file in (("held_out_pairs", tasks), ("plain", None)):
            env_args = {"task_file": task_file, "adversary": None}
            made = run_evaluation(str(run.run_dir), episodes=count, env_args=env_args)
            out[f"{name}/{kind}"] = round(made.report.overall.success, 4)
    return out


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=GROUPS)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--max-steps", type=int, default=None)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    given = parser.parse_args()
    figures: dict[str, Any] = {"informative_groups": compare(given.groups), "aim": AIM}
    if given.train:
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "held_out.jsonl")
            count = write_tasks(path, held_out_tasks(given.tasks))
            settings = {} if given.max_steps is None else {"max_steps": given.max_steps}
            runs = [robustness(seed, path, count, folder, settings) for seed in given.seeds]
        figures["robustness"] = {"tasks": count, "pairs": len(held_out_pairs()), "runs": runs}
    json.dump(figures, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
