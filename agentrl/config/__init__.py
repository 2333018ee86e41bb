"""Settings: one model, one YAML file per run, errors that say what to write instead."""

from agentrl.config.load import load_config, make_config, parse_env_args, ready_made, render_config
from agentrl.config.presets import ALGORITHMS
from agentrl.config.schema import TinyModelConfig, TrainConfig

__all__ = [
    "ALGORITHMS",
    "TinyModelConfig",
    "TrainConfig",
    "load_config",
    "make_config",
    "parse_env_args",
    "ready_made",
    "render_config",
]
