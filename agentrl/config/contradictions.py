"""Settings that are each possible, but not together."""

import math
from collections.abc import Iterator

from agentrl.config.presets import ALGORITHMS, resolve_preset
from agentrl.config.schema import TrainConfig
from agentrl.errors import nearest


def contradictions(config: TrainConfig) -> Iterator[tuple[str, str]]:
    """Yield the key and the explanation of each."""
    yield from _unusable_numbers(config)
    if config.algo not in ALGORITHMS:
        hint = nearest(config.algo, ALGORITHMS, most=2)
        yield "algo", f"{config.algo!r} is not one of {', '.join(ALGORITHMS)}.{hint}"
    else:
        yield from _unusable_mixture(config)
    if config.kl_controller == "adaptive" and config.target_kl is None:
        yield "kl_controller", "an adaptive controller steers towards target_kl; set target_kl (nats per trajectory)."
    if config.kl_controller == "adaptive" and config.init_kl_coef == 0:
        yield "kl_controller", "an adaptive controller cannot start from a weight of 0; set init_kl_coef, e.g. 0.05."
    if config.max_new_tokens >= config.max_context:
        yield (
            "max_new_tokens",
            f"{config.max_new_tokens} leaves no room for a prompt in max_context={config.max_context}.",
        )
    episodes = config.num_groups * config.group_size
    if config.num_minibatches > episodes:
        yield "num_minibatches", f"{config.num_minibatches} is more than the {episodes} episodes of a step."
    name = config.run_name
    if name is not None and (name in ("", ".", "..") or any(sign in name for sign in "/\\\0")):
        yield "run_name", f"{name!r} is no name of a folder; where the folder lies is said by output_dir."
    if config.model_name_or_path is None:
        yield from _impossible_shape(config)


def _unusable_mixture(config: TrainConfig) -> Iterator[tuple[str, str]]:
    preset = resolve_preset(config)
    if preset.loss == "cispo" and preset.ratio_level == "sequence":
        key = "ratio_level" if config.ratio_level else "loss"
        yield (
            key,
            "cispo limits the ratio of each token: with ratio_level=sequence it has no meaning. Change one of them.",
        )
    if config.kl_in == "reward" and config.init_kl_coef == 0:
        yield "kl_in", "there is no KL to subtract from the reward at init_kl_coef=0; set the latter, e.g. 0.05."


def _unusable_numbers(config: TrainConfig) -> Iterator[tuple[str, str]]:
    for key, value in config:
        unlimited = key in ("clip_range", "clip_range_high")  # there, infinity means that nothing is clipped
        if isinstance(value, float) and not math.isfinite(value) and not unlimited:
            yield key, f"{value} is not a finite number."


def _impossible_shape(config: TrainConfig) -> Iterator[tuple[str, str]]:
    tiny = config.tiny
    if config.max_context > tiny.max_position_embeddings:
        limit = tiny.max_position_embeddings
        yield "max_context", f"{config.max_context} exceeds tiny.max_position_embeddings={limit}; raise the latter."
    if tiny.num_attention_heads % tiny.num_key_value_heads:
        heads = tiny.num_attention_heads
        yield "tiny.num_key_value_heads", f"{tiny.num_key_value_heads} does not divide num_attention_heads={heads}."
    if tiny.head_dim % 2:
        yield "tiny.head_dim", f"{tiny.head_dim} is odd; rotary positions turn pairs of dimensions."
