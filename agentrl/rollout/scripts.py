"""Seats that follow a script, and the seats of a policy, ready for the collector."""

from collections.abc import Callable

from agentrl.chat import ChatFormat
from agentrl.engines.base import Engine, Sampling
from agentrl.rollout.game import Game
from agentrl.rollout.play import Job
from agentrl.rollout.seats import PolicySeat, ScriptedSeat, Seat


def expert_seat(game: Game, agent: str, job: Job) -> ScriptedSeat:
    """The environment's own expert."""
    return ScriptedSeat(agent, lambda _: game.expert(agent), game.system_prompt(agent), _learns(game, agent))


def noop_seat(game: Game, agent: str, job: Job) -> ScriptedSeat:
    """An agent that says nothing; the environment's own expert where it does not learn."""
    if not _learns(game, agent) and game.has_expert:
        return expert_seat(game, agent, job)
    return ScriptedSeat(agent, lambda _: "", game.system_prompt(agent), _learns(game, agent))


def policy_seats(
    engine: Engine, chat: ChatFormat, *, max_new_tokens: int, top_p: float = 1.0
) -> Callable[[Game, str, Job], Seat]:
    """The seats that learn, all played by one policy at the temperature of the job.

    The others are the environment's expert's; without one the same policy plays them, and gets no gradient for it.
    """

    def make(game: Game, agent: str, job: Job) -> Seat:
        learns = _learns(game, agent)
        if not learns and game.has_expert:
            return expert_seat(game, agent, job)
        number = game.agents.index(agent)
        sampling = Sampling(job.temperature, top_p, max_new_tokens, job.sampling_seed + number)
        prompt = game.system_prompt(agent)
        return PolicySeat(agent, engine, chat, sampling, system_prompt=prompt, trainable=learns)

    return make


def _learns(game: Game, agent: str) -> bool:
    return agent in game.trainable_seats
