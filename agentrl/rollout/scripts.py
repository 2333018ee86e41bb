"""Seats that follow a script, and the seats of a policy, ready for the collector."""

from collections.abc import Callable

from agentrl.chat import ChatFormat
from agentrl.engines.base import Engine, Sampling
from agentrl.rollout.games import Game
from agentrl.rollout.play import Job
from agentrl.rollout.seats import PolicySeat, ScriptedSeat


def expert_seat(game: Game, agent: str, job: Job) -> ScriptedSeat:
    """The environment's own expert."""
    return ScriptedSeat(agent, lambda _: game.expert(agent), game.system_prompt(agent))


def noop_seat(game: Game, agent: str, job: Job) -> ScriptedSeat:
    """An agent that says nothing."""
    return ScriptedSeat(agent, lambda _: "", game.system_prompt(agent))


def policy_seats(
    engine: Engine, chat: ChatFormat, *, max_new_tokens: int, top_p: float = 1.0
) -> Callable[[Game, str, Job], PolicySeat]:
    """All seats played by one policy, at the temperature of the job."""

    def make(game: Game, agent: str, job: Job) -> PolicySeat:
        number = game.agents.index(agent)
        sampling = Sampling(job.temperature, top_p, max_new_tokens, job.sampling_seed + number)
        return PolicySeat(agent, engine, chat, sampling, system_prompt=game.system_prompt(agent))

    return make
