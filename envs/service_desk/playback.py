"""Playing a whole task with a scripted agent: for proofs of solvability, tests and demonstrations."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.expert.expert import Expert
from agentrl.envs.service_desk.expert.wants import Want
from agentrl.envs.service_desk.expert.words import words_for
from agentrl.envs.service_desk.session import Session, Verdict
from agentrl.envs.service_desk.users import agenda_user
from agentrl.simulators.adversary import Passive
from agentrl.simulators.models import Reason, UserTask, UserTurn

NOOP_MESSAGE: Final = "ok"
"""What the agent that does nothing says: an empty answer is no message, so that no user would ever react to it."""
Agent = Callable[[Session, random.Random], Callable[[], str]]
"""Makes a scripted agent of one dialogue: it is asked for each answer, and reads the session's log."""


@dataclass(frozen=True, slots=True)
class Playback:
    """How a task went with an agent."""

    player: str
    """Name and version of the agent; "" for one of your own."""
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


class Refuser(Expert):
    """Verifies the user, looks up what they ask for, and refuses it whatever it is."""

    version = "service-desk-refuser-1"

    def _serve(self, want: Want) -> str:
        return self._identify(want) or self._refuse(want, "unverified")


def play(task: UserTask, agent: Literal["expert"] | Passive = "expert", seed: int = 0) -> Playback:
    """The task with the agenda user of this seed, up to the task's own limit on turns."""
    player, make = _AGENTS[agent]
    return play_with(make, task, seed, player)


def play_with(agent: Agent, task: UserTask, seed: int = 0, player: str = "") -> Playback:
    """The same with a scripted agent of your own, whose name and version `player` is."""
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
    broken, happened = tuple(session.violations), (tuple(lines), tuple(said))
    return Playback(player, verdict.success, broken, turns, digest, *happened, verdict, turn.reason)


def _scripted(kind: type[Expert]) -> Agent:
    return lambda session, rng: kind(session, words_for(session.domain), rng).next


_AGENTS: Final[dict[str, tuple[str, Agent]]] = {
    "expert": (Expert.version, _scripted(Expert)),
    "refuser": (Refuser.version, _scripted(Refuser)),
    "noop": ("noop-1", lambda session, rng: lambda: NOOP_MESSAGE),
}
