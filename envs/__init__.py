"""Environments: Gymnasium for one agent, PettingZoo for several."""

from agentrl.envs.base import AnyText, TextEnv, split_of

__all__ = ["AnyText", "TextEnv", "split_of"]
