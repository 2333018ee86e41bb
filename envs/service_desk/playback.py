"""Playing a whole task with a scripted agent: for proofs of solvability, tests and demonstrations."""

import random
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from agentrl.envs.service_desk.domains import get_domain
from agentrl.envs.service_desk.expert import Expert
from agentrl.envs.service_desk.expert_words import words_for
from agentrl.envs.service_desk.session import Session, Verdict
from agentrl.envs.service_desk.users import agenda_user
from agentrl.simulators.models import Reason, UserTask

NOOP_MESSAGE = "ok"
"""What the agent that does nothing says, as an empty answer is no message."""


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
    verdict: Verdict
    reason: Reason | None
    """Why the user ended it; None when the turns were used up."""


def play(task: UserTask, agent: Literal["expert", "noop"] = "expert", seed: int = 0) -> Playback:
    """The task with the agenda user of this seed, up to the task's own limit on turns."""
    domain = get_domain(task.domain)
    session = Session(task, domain)
    user = agenda_user(task, domain, seed)
    expert = Expert(session, words_for(domain), random.Random(seed))
    turn = user.open(session)
    session.hear(turn)
    lines = [f"user: {turn.text}"]
    turns = 0
    while not turn.done and turns < task.max_turns:
        turns += 1
        action = expert.next() if agent == "expert" else NOOP_MESSAGE
        results, message = session.act(action)
        lines += [f"agent: {action}", *results]
        if message:
            turn = user.reply(message, session)
            session.hear(turn)
            lines.append(f"user: {turn.text}")
    verdict = session.verdict()
    digest = sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Playback(verdict.success, tuple(session.violations), turns, digest, tuple(lines), verdict, turn.reason)
