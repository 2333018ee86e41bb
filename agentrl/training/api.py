"""Training from Python and from the command line: a run from its first to its last step, or from a checkpoint on."""

import contextlib
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from agentrl.config import load_config, make_config, render_config
from agentrl.config.presets import resolve_preset
from agentrl.config.schema import TrainConfig
from agentrl.envs.registry import EnvEntry, arguments_of, resolve
from agentrl.errors import CheckpointError, TooManyFailuresError, UserError
from agentrl.policies.language import LanguagePolicy
from agentrl.policies.loading import load_policy
from agentrl.rollout.collector import Collector
from agentrl.runs.checkpoints import find_checkpoint, save_checkpoint
from agentrl.runs.directory import RunDirectory
from agentrl.runs.metrics import read_metrics
from agentrl.runs.report import write_report
from agentrl.training.interrupt import stop_on_interrupt, told_how_to_go_on
from agentrl.training.progress import Display, step_line
from agentrl.training.setup import initial_policy, open_collector, reference_of
from agentrl.training.summary import in_words, side, summarise
from agentrl.training.trainer import Trainer

_INITIAL = "initial"


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What a run came to.

    `metrics` holds one dictionary per step; `summary` held-out success before and after (empty without evaluation);
    `policy` is the trained policy. `interrupted` tells that the run was stopped before its last step.
    """

    run_dir: Path
    step: int
    metrics: list[dict[str, float]]
    summary: dict[str, Any]
    policy: LanguagePolicy = field(repr=False)
    interrupted: bool = False


def train(env: str | Callable[..., Any] = "code_sandbox", algo: str = "grpo", **settings: Any) -> TrainResult:
    """Train a policy; the same as `agentrl train`, with every key of `TrainConfig` as an argument.

    `env` is what `--env` takes, or an environment class, or a function that makes one. Raises the subclasses of
    `agentrl.errors.AgentRLError`.
    """
    if isinstance(env, str):
        return run_training(make_config(env=env, algo=algo, **settings))
    entry = resolve(env)
    return run_training(make_config(env=entry.spec or entry.name, algo=algo, **settings), entry=entry)


def run_training(config: TrainConfig, *, console: Console | None = None, entry: EnvEntry | None = None) -> TrainResult:
    """Start a run: cold start, evaluation, training, evaluation, report."""
    display = Display(console)
    _prepare(config)
    collector = open_collector(config, entry)
    run = RunDirectory.create(config.output_dir, config.run_name or _run_name(config, collector.entry))
    run.write_config(render_config(config))
    display.say(f"run {run.path}")
    _tell_conditions(run, display, collector)
    with contextlib.closing(collector), told_how_to_go_on(run, display):
        try:
            start = initial_policy(config, collector, display)
        except (UserError, TooManyFailuresError):
            shutil.rmtree(run.path, ignore_errors=True)  # nothing was learned yet: the corrected command may come
            raise
        _tell(run, display, start.story)
        save_checkpoint(run.path / _INITIAL, 0, start.policy.save, 1)
        return _finish(Trainer(config, start.policy, reference_of(config, start.policy), collector, run), display)


def resume_training(
    run_dir: str | Path,
    overrides: list[str] | None = None,
    *,
    console: Console | None = None,
    entry: EnvEntry | None = None,
) -> TrainResult:
    """Go on with a run from its newest whole checkpoint, with changed settings if `overrides` (key=value) are given.

    A run that was stopped during its cold start begins anew. Raises CheckpointError when there is nothing to go on
    from, RunDirectoryError when `run_dir` is no run.
    """
    display = Display(console)
    run = RunDirectory.open(run_dir)
    config = load_config(str(run.config), overrides or [], whole=True, arguments_of=arguments_of)
    _prepare(config)
    collector = open_collector(config, entry)
    _tell_conditions(run, display, collector)
    with contextlib.closing(collector), told_how_to_go_on(run, display):
        return _finish(_restored(config, collector, run, display), display)


def _restored(config: TrainConfig, collector: Collector, run: RunDirectory, display: Display) -> Trainer:
    """The trainer of a run as its newest whole checkpoint left it."""
    initial, _ = find_checkpoint(run.path / _INITIAL)
    checkpoint, notes = find_checkpoint(run.checkpoints)
    for note in notes:
        _tell(run, display, note, "yellow")
    critic = resolve_preset(config).critic
    if initial is None:
        if checkpoint is not None:
            raise CheckpointError(f"{run.path / _INITIAL}: the initial policy of the run is missing or damaged")
        _tell(run, display, "the run has no policy yet; it begins anew")
        start = initial_policy(config, collector, display).policy
        initial = save_checkpoint(run.path / _INITIAL, 0, start.save, 1)
    reference = reference_of(config, load_policy(initial))
    policy = load_policy(checkpoint or initial, value_head=critic)
    run.write_config(render_config(config))
    trainer = Trainer(config, policy, reference, collector, run)
    if checkpoint is not None:
        trainer.restore(checkpoint)
    else:
        trainer.writer.truncate_after(0)
        run.truncate_after(0)
    _tell(run, display, f"resumed at step {trainer.step} of {config.max_steps}")
    return trainer


def _finish(trainer: Trainer, display: Display) -> TrainResult:
    """Evaluate, train, evaluate, report."""
    config, run = trainer.config, trainer.run
    summary = run.read_summary()
    before = summary.get("before")
    if before is None and config.eval_episodes and trainer.step == 0:
        before = _evaluate(trainer, display, "before")
        run.write_summary(summarise(before, None))
    with stop_on_interrupt(display) as stopped, display.phase("training") as report:

        def on_step(step: int, metrics: dict[str, float], messages: list[str]) -> bool:
            line = step_line(step, config.max_steps, metrics)
            run.append_log(line)
            report(step, config.max_steps, f"reward {metrics['reward/mean']:.2f}")
            display.say(line)
            for message in messages:
                _tell(run, display, message, "yellow")
            return not stopped()

        trainer.train(on_step)
    interrupted = trainer.step < config.max_steps
    after = None
    if config.eval_episodes and not interrupted:
        after = _evaluate(trainer, display, "after")
    summary = summarise(before, after)
    run.write_summary(summary)
    write_report(run)
    return TrainResult(run.path, trainer.step, read_metrics(run.metrics), summary, trainer.policy, interrupted)


def _evaluate(trainer: Trainer, display: Display, when: str) -> dict[str, Any]:
    done, total = 0, trainer.config.eval_episodes
    with display.phase(f"evaluation {when} training") as report:

        def tell(_: object) -> None:
            nonlocal done
            done += 1
            report(done, total, "held-out episodes")

        result = trainer.evaluate(total, tell)
    odd = "yellow" if result.failed or result.no_room else ""
    _tell(trainer.run, display, f"held-out success {when} training: {in_words(result)}", odd)
    return side(result)


def _prepare(config: TrainConfig) -> None:
    """Set up the process."""
    from agentrl import runtime

    runtime.quiet_libraries()
    runtime.configure(config.threads)


def _run_name(config: TrainConfig, entry: EnvEntry) -> str:
    return f"{re.split('[:/]', entry.name)[-1]}-{config.algo}-{time.strftime('%Y%m%d-%H%M%S')}"


def _tell_conditions(run: RunDirectory, display: Display, collector: Collector) -> None:
    if collector.conditions:
        _tell(run, display, collector.conditions)


def _tell(run: RunDirectory, display: Display, text: str, style: str = "") -> None:
    run.append_log(text)
    display.say(text, style)
