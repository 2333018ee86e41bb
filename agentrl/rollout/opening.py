"""Make an environment and put its game interface around it."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.envs.registry import EnvEntry
from agentrl.errors import ConfigError, nearest
from agentrl.rollout.game import Game
from agentrl.rollout.gymnasium_game import GymnasiumGame
from agentrl.rollout.pettingzoo_games import AecGame, ParallelGame


def open_game(entry: EnvEntry, env_args: Mapping[str, Any], trainable_seats: Sequence[str] | None = None) -> Game:
    """Make an environment and put its game interface around it; `trainable_seats` go before the environment's own.

    Raises EnvironmentDefinitionError when its observations or actions are not text, ConfigError for seats that there
    are not.
    """
    env = entry.make(**env_args)
    if entry.kind == "gymnasium":
        game: Game = GymnasiumGame(env, entry.name)
    else:
        game = AecGame(env, entry.name) if entry.kind == "pettingzoo_aec" else ParallelGame(env, entry.name)
    if trainable_seats is None:
        trainable_seats = getattr(env.unwrapped, "trainable_seats", game.agents)
    game.trainable_seats = _seats(trainable_seats, game.agents, entry.name)
    return game


def _seats(wanted: Sequence[str], agents: Sequence[str], name: str) -> frozenset[str]:
    for seat in wanted:
        if seat not in agents:
            raise ConfigError(
                f"trainable_seats: {name} has no seat {seat!r}; it has {', '.join(agents)}.{nearest(seat, agents, 1)}"
            )
    if not wanted:
        raise ConfigError(f"trainable_seats is empty: at least one seat of {name} must learn ({', '.join(agents)})")
    return frozenset(wanted)
