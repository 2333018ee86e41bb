"""Who plays: a policy by its name, with the settings and the environment that belong to it.

A policy is a run directory (its newest whole checkpoint), the folder or hub id of a model, `expert` or `noop`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentrl.config import load_config, make_config
from agentrl.config.schema import TrainConfig
from agentrl.engines.embedded import EmbeddedEngine
from agentrl.envs.registry import resolve
from agentrl.errors import CheckpointError, ConfigError, UserError
from agentrl.policies.loading import load_policy
from agentrl.rollout.collector import Collector
from agentrl.rollout.play import MakeSeat
from agentrl.rollout.scripts import expert_seat, noop_seat, policy_seats
from agentrl.runs.checkpoints import find_checkpoint
from agentrl.runs.directory import RunDirectory
from agentrl.runs.sources import file_stamps
from agentrl.training.progress import Display
from agentrl.training.setup import open_collector


@dataclass(frozen=True, slots=True)
class Player:
    """A policy ready to play in its environment; `at_once` episodes are in flight, or soon will be."""

    collector: Collector
    make_seat: MakeSeat
    at_once: int
    max_failed_share: float


def open_player(
    policy: str,
    env: str | None,
    env_args: Mapping[str, Any],
    limits: Mapping[str, Any],
    display: Display,
    *,
    inherit: bool = True,
) -> Player:
    """The policy, ready in its environment: in `env`, or in a run's own without one.

    `limits` are settings of `TrainConfig` that count unless None. A run plays with its own arguments of its environment
    beneath `env_args`, unless `inherit` is False. Raises the UserErrors of the environment and the policy.
    """
    from agentrl import runtime

    runtime.quiet_libraries()
    config, model = _settings(policy, env, env_args, limits, display, inherit=inherit)
    entry = resolve(config.env)
    if model is None:  # no slots of an engine: as many may play as there are threads, and the next ones are at hand
        config = config.model_copy(update={"concurrency": max(config.concurrency, 4 * config.env_threads)})
        collector = open_collector(config, entry, scripted=True)
        if policy == "expert" and not collector.has_expert:
            raise UserError(
                f"{entry.name} has no expert(), so it cannot be played by one. Write `expert(self) -> str` in the "
                "environment, or name a model or a run."
            )
        make_seat = expert_seat if policy == "expert" else noop_seat
        return Player(collector, make_seat, config.concurrency, config.max_failed_share)
    runtime.configure(config.threads)
    loaded = load_policy(model, template=config.template)
    collector = open_collector(config, entry)
    engine = EmbeddedEngine(loaded, slots=config.concurrency * collector.seats, max_context=config.max_context)
    make_policy_seat = policy_seats(engine, loaded.chat, max_new_tokens=config.max_new_tokens)
    return Player(collector, make_policy_seat, config.concurrency, config.max_failed_share)


def tell_conditions(player: Player, display: Display) -> None:
    """Say what the environment says of the conditions that it plays under, if anything."""
    if player.collector.conditions:
        display.say(player.collector.conditions)


def environment_args(policy: str, env: str, env_args: Mapping[str, Any], display: Display) -> dict[str, Any]:
    """The arguments with which a policy plays: what is given, over a run's own where it is the run's environment."""
    if not _is_run(policy):
        return dict(env_args)
    return _over_own(load_config(str(RunDirectory.open(policy).config), whole=True), env, env_args, display)


def state_of(policy: str) -> str:
    """What a policy's name stands for now: a run's newest checkpoint, a digest of the sizes and times of a model's
    files, "" where it is neither here."""
    if _is_run(policy):
        found, _ = find_checkpoint(RunDirectory.open(policy).checkpoints)
        return found.name if found else "initial"
    stamps = file_stamps(policy) if Path(policy).is_dir() else None
    return sha256(json.dumps(stamps).encode()).hexdigest() if stamps else ""


def _settings(
    policy: str,
    env: str | None,
    env_args: Mapping[str, Any],
    limits: Mapping[str, Any],
    display: Display,
    *,
    inherit: bool,
) -> tuple[TrainConfig, str | None]:
    """The settings to play with, a run's own where the policy is one, and the model's folder or hub id."""
    given = {key: value for key, value in limits.items() if value is not None}
    if _is_run(policy):
        run = RunDirectory.open(policy)
        config = load_config(str(run.config), [f"{key}={value}" for key, value in given.items()], whole=True)
        if inherit:
            env_args = _over_own(config, env or config.env, env_args, display)
        seats = config.trainable_seats if env is None or env == config.env else None
        # a checkpoint's tokenizer has the run's template already
        changed = {"env": env or config.env, "env_args": dict(env_args), "template": given.get("template")}
        changed["trainable_seats"] = seats
        return config.model_copy(update=changed), str(_newest_checkpoint(run, display))
    if env is None:
        raise ConfigError(f"{policy} is no run directory, so say in which environment it plays, with --env NAME.")
    model = None if policy in ("expert", "noop") else policy
    return make_config(env=env, env_args=dict(env_args), model_name_or_path=model, **given), model


def _is_run(policy: str) -> bool:
    return (Path(policy) / "config.yaml").is_file()


def _over_own(config: TrainConfig, env: str, given: Mapping[str, Any], display: Display) -> dict[str, Any]:
    return {**(inherited(config, given, display) if env == config.env else {}), **given}


def inherited(config: TrainConfig, given: Mapping[str, Any], display: Display) -> dict[str, Any]:
    """A run's own arguments of its environment, without those that give way to arguments given now, which it says."""
    yields_to = getattr(resolve(config.env).factory, "yields_to", {})
    kept = dict(config.env_args)
    for name, others in yields_to.items():
        instead = next((other for other in others if given.get(other) is not None), None)
        if instead and name not in given and kept.pop(name, None) is not None:
            display.say(f"the run's {name} is left out, since {instead} is given", "yellow")
    return kept


def _newest_checkpoint(run: RunDirectory, display: Display) -> Path:
    """The newest whole checkpoint of a run, or the policy that it began with."""
    found, notes = find_checkpoint(run.checkpoints)
    for note in notes:
        display.say(note, "yellow")
    if found is None:
        found, _ = find_checkpoint(run.path / "initial")
        display.say("the run has no checkpoint yet: this is the policy that it started from", "yellow")
    if found is None:
        raise CheckpointError(f"{run.path}: the run holds no whole checkpoint. Go on with it: --resume {run.path}")
    return found
