"""Playing a whole task with a scripted agent: for proofs of solvability, tests and demonstrations."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from agentrl.envs.service_desk.domains import get_domain
from agentrl.envs.service_desk.expert import Expert
from agentrl.envs.service_desk.expert_words import words_for
from agentrl.envs.service_desk.session import Session, Verdict
from agentrl.envs.service_desk.users import agenda_user
from agentrl.simulators.models import Reason, UserTask, UserTurn

NOOP_MESSAGE = "ok"
"""What the agent that does nothing says, as an empty answer is no message."""
Agent = Callable[[Session, random.Random], Callable[[], str]]
"""Makes a scripted agent of one dialogue: it is asked for each answer, and reads the session's log."""


@dataclass(frozen=True, slots=True)
class Playback:
    """How a task went with an agent."""

    success: bool
    violations: tuple[str, ...]
    turns: int
    digest: str
    """Of the whole dialogue, character for character."""
    lines: tuple[str, ...]
    """"user: ...", "agent: ...", "tool: ..." and "error: ...", in order."""
    said: tuple[UserTurn, ...]
    """The user's turns, with what they meant."""
    verdict: Verdict
    reason: Reason | None
    """Why the user ended it; None when the turns were used up."""


def play(task: UserTask, agent: Literal["expert", "noop"] = "expert", seed: int = 0) -> Playback:
    """The task with the agenda user of this seed, up to the task's own limit on turns."""
    return play_with(_expert if agent == "expert" else _noop, task, seed)


def play_with(agent: Agent, task: UserTask, seed: int = 0) -> Playback:
    """The same with a scripted agent of your own."""
    domain = get_domain(task.domain)
    session = Session(task, domain)
    user = agenda_user(task, domain, seed)
    answer = agent(session, random.Random(seed))
    turn = user.open(session)
    session.hear(turn)
    lines, said = [f"user: {turn.text}"], [turn]
    turns = 0
    while not turn.done and turns < task.max_turns:
        turns += 1
        action = answer()
        results, message = session.act(action)
        lines += [f"agent: {action}", *results]
        if message:
            turn = user.reply(message, session)
            session.hear(turn)
            lines.append(f"user: {turn.text}")
            said.append(turn)
    verdict = session.verdict()
    digest = sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Playback(
        verdict.success, tuple(session.violations), turns, digest, tuple(lines), tuple(said), verdict, turn.reason
    )


def _expert(session: Session, rng: random.Random) -> Callable[[], str]:
    return Expert(session, words_for(session.domain), rng).next


def _noop(session: Session, rng: random.Random) -> Callable[[], str]:
    return lambda: NOOP_MESSAGE
