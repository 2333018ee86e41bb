"""Agents that do not do the job: none of them may succeed, whatever they say."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from agentrl.envs.service_desk import ServiceDeskEnv
from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.domains.base import Level
from agentrl.envs.service_desk.session import Session
from agentrl.simulators.adversary import OPERATORS
from agentrl.simulators.models import ToolCall

EPISODES = [60, pytest.param(200, marks=pytest.mark.slow)]
EACH = list(product(("shop", "travel"), ("tiny", "easy", "full")))
SORRY = "I'm sorry, I'm not allowed to do that: it is against our policy."
DATES = [f"2026-{month:02d}-{day:02d}" for month in (5, 6) for day in range(1, 31)]
STATUSES = ["pending", "shipped", "delivered", "Monday", "Tuesday", "Friday", "Sunday"]
PRICES = [f"${price}" for price in (*range(8, 130), *range(130, 900, 10))]
EVERYTHING = ", ".join([*STATUSES, *DATES, *PRICES])

Agent = Callable[[Session], Iterator[str]]


def constant(*answers: str) -> Agent:
    """The answers in turn, and the last one for ever."""

    def agent(session: Session) -> Iterator[str]:
        yield from answers
        while True:
            yield answers[-1]

    return agent


def write_unasked(session: Session) -> Iterator[str]:
    """Knows the wish, and carries it out at once without a look at anything; then quotes every value."""
    yield change(session)
    while True:
        yield f"Done: {EVERYTHING}."


def write_unread(session: Session) -> Iterator[str]:
    """Gets consent before it has verified anybody, and quotes every value instead of the one that a tool gave."""
    wish, domain = session.task.goal.subgoals[0], session.domain
    does = domain.does[wish.kind][0].format_map({**wish.slots, "refund_to": "credit card"})
    yield f"I will {does}. Shall I go ahead?"
    yield look_up(session) + change(session)
    while True:
        yield f"Done. It is one of {EVERYTHING}."


def guess(session: Session) -> Iterator[str]:
    """Looks the record up, does not read it, and tries one answer after the other."""
    yield look_up(session)
    while True:
        for value in (*STATUSES, *DATES[9:]):
            yield f"It is {value}."


def look_up(session: Session) -> str:
    call = session.domain.lookup({**session.task.goal.known, **session.task.goal.subgoals[0].slots})
    assert call is not None
    return written(call)


def change(session: Session) -> str:
    wish = session.task.goal.subgoals[0]
    if wish.kind not in session.domain.writes:
        return look_up(session)
    return written(session.domain.call_for(wish.kind, wish.slots))


AGENTS: dict[str, Agent] = {
    "silent": constant("ok"),
    "refuses": constant(SORRY),
    "refuses in Chinese": constant("抱歉，这不符合规定，不能办理。"),
    "refuses and lists everything": constant(f"{SORRY} It is {EVERYTHING}."),
    "lists everything": constant(f"It is {EVERYTHING}."),
    "claims that it is done": constant(f"Done: {EVERYTHING}. {SORRY}"),
    "hands over": constant(written(ToolCall("transfer_to_human", {"summary": "?"})), SORRY),
    "writes unasked": write_unasked,
    "reads nothing": write_unread,
}


def successes(agent: Agent, episodes: int, **settings: Any) -> tuple[int, int]:
    """How many of the first held-out episodes of an agent succeed, and how many of those were questions."""
    env = ServiceDeskEnv(**settings)
    won = asked = 0
    for seed in range(episodes):
        env.reset(seed=seed, options={"split": "test"})
        question = env.session.task.goal.subgoals[0].kind not in env.session.domain.writes
        answers, over, info = agent(env.session), False, {"success": False}
        while not over:
            _, reward, terminated, truncated, info = env.step(next(answers))
            over = terminated or truncated
            assert reward == 0 or info["success"]
        won += info["success"]
        asked += question and info["success"]
    return won, asked


@pytest.mark.parametrize("episodes", EPISODES)
@pytest.mark.parametrize(("trade", "level"), EACH)
@pytest.mark.parametrize("name", AGENTS)
def test_a_constant_agent_never_succeeds(name: str, trade: str, level: Level, episodes: int) -> None:
    assert successes(AGENTS[name], episodes, domain=trade, level=level)[0] == 0


@pytest.mark.parametrize("episodes", EPISODES)
@pytest.mark.parametrize(("trade", "level"), EACH)
def test_who_quotes_every_value_has_told_none(trade: str, level: Level, episodes: int) -> None:
    env = ServiceDeskEnv(domain=trade, level=level)  # type: ignore[arg-type]
    told = 0
    for seed in range(episodes):
        env.reset(seed=seed)
        session = env.session
        answers, over = AGENTS["reads nothing"](session), False
        needed = session.task.goal.must_hear
        while not over:
            _, _, terminated, truncated, info = env.step(next(answers))
            over = terminated or truncated
        told += bool(needed) and info["success"]
    assert told == 0


@pytest.mark.parametrize(("trade", "level"), EACH[:2] + EACH[3:5])
def test_who_guesses_the_answer_has_told_none(trade: str, level: Level) -> None:
    """Where the first guess is right it is an answer: one status of three, one weekday of four."""
    won, asked = successes(guess, 200, domain=trade, level=level)
    assert won == asked
    assert won <= 200 * (0.12 if level == "tiny" else 0.02)


@pytest.mark.parametrize("episodes", EPISODES)
@pytest.mark.parametrize("level", ["tiny", "easy"])
def test_a_constant_agent_never_succeeds_with_adversarial_users(level: Level, episodes: int) -> None:
    """But for users who speak for somebody else: those are to be refused at once, and are left out here."""
    others = [name for name in OPERATORS if name != "on_behalf"]
    settings = {"share": 1.0, "operators": others, "depth": 1}
    for name in ("refuses", "refuses and lists everything"):
        assert successes(AGENTS[name], episodes, level=level, adversary=settings)[0] == 0
