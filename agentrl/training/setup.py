"""From a configuration to the parts of a run: environment, policy, reference."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentrl.config.presets import resolve_preset
from agentrl.config.schema import TrainConfig
from agentrl.envs.registry import EnvEntry, resolve
from agentrl.episode import Episode
from agentrl.errors import UserError
from agentrl.policies.language import LanguagePolicy
from agentrl.policies.loading import load_policy, new_tiny_policy
from agentrl.rollout.collector import Collector
from agentrl.rollout.play import Job
from agentrl.rollout.scripts import noop_seat
from agentrl.training import cold_start
from agentrl.training.failures import check_failures, tell_failures
from agentrl.training.progress import Display
from agentrl.training.seeds import COLD_START, task_seed

_PROBE_EPISODES = 64
_MEND_EXPERT = "Mend the expert, or set cold_start_episodes=0."


@dataclass(frozen=True, slots=True)
class ColdStart:
    """The policy that RL starts from, and how it came about, in a sentence."""

    policy: LanguagePolicy
    story: str


def open_collector(
    config: TrainConfig,
    entry: EnvEntry | None = None,
    env_args: Mapping[str, Any] | None = None,
    *,
    scripted: bool = False,
) -> Collector:
    """The environments of a run, made with `env_args` if given, else with the configuration's.

    Raises the errors of `resolve` and of the environment's constructor.
    """
    return Collector(
        entry or resolve(config.env),
        config.env_args if env_args is None else env_args,
        concurrency=config.concurrency,
        threads=config.env_threads,
        timeout=config.env_timeout,
        max_retries=config.max_retries,
        scripted=scripted,
        trainable_seats=config.trainable_seats,
    )


def _demonstration_args(config: TrainConfig, collector: Collector) -> dict[str, Any]:
    """How the environment is made while its expert plays; what the user says goes before what it wants by itself,
    but for what would make demonstrations dear (`cold_start_args`): that takes a word of its own."""
    wishes = {} if config.model_name_or_path else collector.tiny_cold_start_args
    own = {name: value for name, value in wishes.items() if collector.entry.accepts(name)}
    return own | config.env_args | _replaced(config, collector) | config.cold_start_env_args


def _replaced(config: TrainConfig, collector: Collector) -> dict[str, Any]:
    """What the demonstrations are played with in place of the user's own arguments."""
    own = config.env_args.keys() - config.cold_start_env_args.keys()
    other = {name: value for name, value in collector.cold_start_args.items() if name in own}
    return {name: value for name, value in other.items() if value != config.env_args[name]}


def _told_replaced(replaced: Mapping[str, Any]) -> str:
    """For people, behind a sentence."""
    without = [name for name, value in replaced.items() if value is None]
    told = [f"with {name}={value}" for name, value in replaced.items() if value is not None]
    told += [f"without {', '.join(without)}"] if without else []
    return f", played {', '.join(told)}" if told else ""


def initial_policy(config: TrainConfig, collector: Collector, display: Display) -> ColdStart:
    """The given model or the tiny one, fine-tuned on the expert where the environment has one."""
    critic = resolve_preset(config).critic
    # A given model comes first, so that a wrong path is told before the expert has played.
    given = _given(config, critic)
    if not (collector.has_expert and config.cold_start_episodes):
        return ColdStart(given or _untaught(config, collector, critic), _why_slow(config, collector))
    apart = _told_replaced(_replaced(config, collector))
    with display.phase("cold start") as report:
        env_args = _demonstration_args(config, collector)
        with contextlib.closing(open_collector(config, collector.entry, env_args)) as demonstrations:
            total = config.cold_start_episodes
            sample = range(min(total, cold_start.SAMPLE))
            played = cold_start.expert_episodes(demonstrations, config, sample, report)
            _check_expert(config, played)
            key = cold_start.cache_key(config, demonstrations, cold_start.worth_imitating(played))
            cached = cold_start.cache_folder() / key
            if config.cold_start_cache and (cached / "config.json").is_file():
                return ColdStart(load_policy(cached, value_head=critic), f"cold start from the cache: {cached}{apart}")
            played += cold_start.expert_episodes(demonstrations, config, range(sample.stop, total), report)
            _check_expert(config, played)
        episodes, told = cold_start.worth_imitating(played), tell_failures(played)
        if not episodes:
            raise UserError(
                f"{collector.entry.name}: its expert solved none of {total} training tasks, so there is nothing to "
                f"learn from. {_MEND_EXPERT}" + (f" ({told})" if told else "")
            )
        policy = given or new_tiny_policy(config.tiny, _texts(episodes), config.seed, value_head=critic)
        cold_start.imitate(policy, episodes, config, report)
    if config.cold_start_cache:
        cold_start.keep(policy, key)
    solved = sum(episode.success for episode in episodes)
    story = f"cold start on {solved} successful expert episodes"
    if solved < len(episodes):
        story += f" and on {len(episodes) - solved} that failed by a carelessness which is to be imitated"
    return ColdStart(policy, f"{story}{apart}; {told}" if told else story + apart)


def _check_expert(config: TrainConfig, played: list[Episode]) -> None:
    check_failures(played, config.max_failed_share, "expert episodes of the cold start", _MEND_EXPERT)


def _given(config: TrainConfig, critic: bool) -> LanguagePolicy | None:
    if config.model_name_or_path is None:
        return None
    return load_policy(config.model_name_or_path, template=config.template, value_head=critic)


def _untaught(config: TrainConfig, collector: Collector, critic: bool) -> LanguagePolicy:
    """A tiny policy with random weights, whose tokenizer has read what the environment says."""
    jobs = [Job(f"probe-{i}", task_seed(config.seed, COLD_START, i), 0) for i in range(_PROBE_EPISODES)]
    texts = _texts(collector.collect(jobs, noop_seat))
    return new_tiny_policy(config.tiny, texts, config.seed, value_head=critic)


def _why_slow(config: TrainConfig, collector: Collector) -> str:
    if config.model_name_or_path:
        return "starting from the given model as it is"
    lacks, help_ = "no expert", "an `expert(self) -> str` method on the environment"
    if collector.has_expert:
        lacks, help_ = "no cold start (cold_start_episodes=0)", "the environment's expert (cold_start_episodes=4000)"
    return (
        f"{lacks} and no model: the tiny policy starts from nothing and finds rewards by chance only, which is slow. "
        f"What would help: {help_}, or model_name_or_path=..."
    )


def _texts(episodes: list[Episode]) -> list[str]:
    """Everything that was said in the episodes, for the tokenizer."""
    texts = []
    for episode in episodes:
        for trajectory in episode.trajectories:
            texts.append(trajectory.system_prompt)
            for turn in trajectory.turns:
                texts += [turn.observation, turn.text]
            texts.append(trajectory.final_observation)
    return texts


def reference_of(config: TrainConfig, policy: LanguagePolicy) -> LanguagePolicy | None:
    """A frozen copy of the initial policy, where the KL to it is penalised or watched."""
    return policy.frozen_copy() if config.init_kl_coef or config.kl_monitor else None
