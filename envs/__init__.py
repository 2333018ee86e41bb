"""Environments: Gymnasium for one agent, PettingZoo for several.

Importing this package tells Gymnasium the ids of the built-in environments.
"""

from agentrl.envs.base import AnyText, TextEnv, split_of
from agentrl.envs.gymnasium_ids import register_all

__all__ = ["AnyText", "TextEnv", "split_of"]

register_all()
