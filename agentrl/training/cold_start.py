"""The cold start: play the environment's expert, keep what is worth it, fine-tune on it, remember the result.

A policy that never sees a success learns nothing from RL. The result is cached by content: the key covers every setting
that shapes it, the files that the environment comes from, and the expert's first episodes, which are played each time.
So a changed environment is a changed key, and an unchanged one costs neither the other episodes nor the fine-tuning.
"""

import contextlib
import hashlib
import inspect
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from agentrl.chat import encode_episode
from agentrl.config.presets import resolve_preset
from agentrl.config.schema import TrainConfig
from agentrl.episode import Episode
from agentrl.policies.language import LanguagePolicy
from agentrl.rollout.collector import Collector
from agentrl.rollout.play import Job
from agentrl.rollout.scripts import expert_seat
from agentrl.runs.sources import file_digests, file_stamps
from agentrl.training.batch import Row, make_batch
from agentrl.training.learner import Learner
from agentrl.training.optimizer import OptimizerName
from agentrl.training.seeds import COLD_START, SHUFFLE, task_seed

Report = Callable[[int, int, str], None]
_FORMAT = 4
SAMPLE = 128
"""So many of the expert's episodes are played, whatever the cache holds, and are part of the key."""
_TINY_RATE, _GIVEN_RATE = 3e-3, 1e-5


def expert_episodes(collector: Collector, config: TrainConfig, numbers: range, report: Report) -> list[Episode]:
    """The expert's episodes with these numbers, on training tasks."""
    jobs = [Job(f"expert-{i}", task_seed(config.seed, COLD_START, i), 0) for i in numbers]
    done = numbers.start

    def tell(_: Episode) -> None:
        nonlocal done
        done += 1
        report(done, config.cold_start_episodes, "expert episodes")

    return collector.collect(jobs, expert_seat, tell)


def worth_imitating(episodes: Sequence[Episode]) -> list[Episode]:
    """The successful ones, and those whose environment says so in spite of their failure: info["worth_imitating"]."""
    return [e for e in episodes if not e.failed and (e.success or e.info.get("worth_imitating"))]


def imitate(policy: LanguagePolicy, episodes: Sequence[Episode], config: TrainConfig, report: Report) -> None:
    """Fine-tune `policy` on the actions of `episodes`."""
    rate, optimizer = recipe(config)
    rows = _rows_to_imitate(policy, episodes)
    size = config.cold_start_batch_size
    per_epoch = -(-len(rows) // size)
    total = per_epoch * config.cold_start_epochs
    settings = {"learning_rate": rate, "lr_scheduler_type": "cosine", "optimizer": optimizer}
    learner = Learner(policy, config.model_copy(update=settings), resolve_preset(config), total)
    for epoch in range(config.cold_start_epochs):
        order = np.random.default_rng([config.seed, SHUFFLE, epoch]).permutation(len(rows))
        for start in range(0, len(order), size):
            part: list[Row] = [rows[index] for index in order[start : start + size]]
            metrics = learner.imitate(part)
            report(learner.updates, total, f"fine-tuning, loss {metrics['loss']:.2f}")


def _rows_to_imitate(policy: LanguagePolicy, episodes: Sequence[Episode]) -> list[Row]:
    """The episodes as rows that fit the context, without the actions that are not to be learned.

    An expert that errs on purpose, to show how to repair, marks the error with info["imitate"] = False: the policy
    reads it, and learns only what comes after.
    """
    batch = make_batch([encode_episode(policy.chat, episode) for episode in episodes])
    good = np.array([turn.info.get("imitate", True) for t in batch.trajectories for turn in t.turns], dtype=bool)
    for row in batch.rows:
        keep = good[row.turn]
        row.at, row.turn, row.logprobs, row.temperature = (
            values[keep] for values in (row.at, row.turn, row.logprobs, row.temperature)
        )
    return [row for row in batch.rows if len(row.ids) <= policy.max_context and len(row.at)]


def cache_key(config: TrainConfig, collector: Collector, sample: Sequence[Episode]) -> str:
    """A digest of what shapes the cold-started policy. `sample` are the good ones of its first episodes."""
    names = {"seed", "tiny", "model_name_or_path", "template", "max_context", "micro_batch_tokens", "max_grad_norm"}
    names |= {"weight_decay", "warmup_steps", "cold_start_episodes", "cold_start_epochs", "cold_start_batch_size"}
    shaped = {name: value for name, value in config.model_dump(mode="json").items() if name in names}
    stamps = file_stamps(config.model_name_or_path) if config.model_name_or_path else ()
    source = [collector.entry.source, collector.env_args, *_files(collector), *stamps]
    parts = [_FORMAT, shaped, recipe(config), source, [episode.to_json() for episode in sample]]
    content = json.dumps(parts, sort_keys=True, default=repr)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _files(collector: Collector) -> Iterator[str]:
    """Digests of the files that an environment's code is in and that its arguments name."""
    code = ""
    with contextlib.suppress(TypeError, OSError):  # not every callable has a file
        code = inspect.getsourcefile(collector.entry.factory) or ""
    yield from file_digests([code, collector.env_args]).values()


def recipe(config: TrainConfig) -> tuple[float, OptimizerName]:
    """The peak learning rate and the optimiser: bold for random weights, careful with a given model's."""
    given = config.model_name_or_path is not None
    rate = config.cold_start_learning_rate or (_GIVEN_RATE if given else _TINY_RATE)
    return rate, "adamw" if given else "muon"


def cache_folder() -> Path:
    """Where cold-started policies are kept: $AGENTRL_CACHE, else ~/.cache/agentrl."""
    root = os.environ.get("AGENTRL_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "agentrl") / "cold_start"


def keep(policy: LanguagePolicy, key: str) -> None:
    """Put a policy into the cache, whole or not at all."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            policy.save(Path(scratch) / key)
            shutil.rmtree(folder / key, ignore_errors=True)
            (Path(scratch) / key).rename(folder / key)
    except OSError as error:
        print(f"the cold start is not cached: {error}")
