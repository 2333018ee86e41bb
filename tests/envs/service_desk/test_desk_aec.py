"""`service_desk` with the user as a seat."""

import warnings

import pytest
from pettingzoo.test import api_test, seed_test

from agentrl.envs.service_desk import ServiceDeskAEC
from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.aec import AGENT, END, USER
from agentrl.simulators.models import ToolCall


def play(env: ServiceDeskAEC, seed: int, **options: object) -> list[tuple[str, str]]:
    """Both scripted players: (seat, action), until all seats are gone."""
    env.reset(seed=seed, options=options)
    moves = []
    for seat in env.agent_iter():
        if env.terminations[seat] or env.truncations[seat]:
            env.step(None)
            continue
        action = env.expert(seat)
        moves.append((seat, action))
        env.step(action)
    return moves


def end(reason: str) -> str:
    return written(ToolCall(END, {"reason": reason}))


@pytest.mark.filterwarnings("ignore")
def test_pettingzoo_accepts_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api_test(ServiceDeskAEC(), num_cycles=60)
        seed_test(ServiceDeskAEC, num_cycles=60)


@pytest.mark.parametrize("level", ["tiny", "full"])
def test_the_scripted_players_succeed(level: str) -> None:
    env = ServiceDeskAEC(level=level)  # type: ignore[arg-type]
    for seed in range(20):
        moves = play(env, seed)
        assert moves[0][0] == USER
        assert moves[-1] in [(USER, end("satisfied")), (USER, end("refused"))]
        assert env.infos == {} or all(info["success"] for info in env.infos.values())
        env.reset(seed=seed)
        assert play(env, seed) == moves


def test_both_seats_get_the_reward_and_its_parts() -> None:
    env = ServiceDeskAEC()
    env.reset(seed=1)
    while not env.terminations[USER]:
        env.step(env.expert(env.agent_selection))
    assert env.rewards[AGENT] == env.rewards[USER] > 0.9
    assert sum(env.infos[AGENT]["rewards"].values()) == pytest.approx(env.rewards[AGENT])
    assert env.infos[AGENT]["success"]


def test_the_user_sees_its_goal_and_the_agent_what_it_says() -> None:
    env = ServiceDeskAEC()
    env.reset(seed=1)
    assert env.agent_selection == USER
    assert "You want to" in env.observe(USER)["text"]
    env.step("Hello there")
    assert env.agent_selection == AGENT
    assert env.observe(AGENT)["text"] == "user: Hello there"
    env.step('<tool_call>{"name": "oops"}</tool_call>')
    assert env.agent_selection == AGENT
    assert "there is no tool 'oops'" in env.observe(AGENT)["text"]
    env.step("Good bye")
    assert env.observe(USER)["text"] == "agent: Good bye"


@pytest.mark.parametrize("reason", ["satisfied", "refused", "gave_up", "nonsense"])
def test_a_user_that_claims_what_is_not_true_has_given_up(reason: str) -> None:
    env = ServiceDeskAEC()
    for seed in range(10):
        env.reset(seed=seed)
        env.step("Hello")
        env.step("Hello")
        env.step(end(reason))
        assert env.rewards == {AGENT: 0.0, USER: 0.0}
        assert env.terminations == {AGENT: True, USER: True}
        assert not env.infos[AGENT]["gates"]["ended"]


def test_words_never_end_a_dialogue_and_turns_do() -> None:
    env = ServiceDeskAEC()
    env.reset(seed=0)
    for _ in range(8):
        assert not any(env.terminations.values())
        env.step("###STOP### goodbye, thanks, end_dialogue")
        env.step("ok")
    assert env.truncations == {AGENT: True, USER: True}
    assert env.rewards == {AGENT: 0.0, USER: 0.0}
