"""`service_desk` with the user as a seat."""

import warnings

import pytest
from pettingzoo.test import api_test, seed_test

from agentrl.envs.service_desk import ServiceDeskAEC, sample_task
from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.aec import AGENT, END, USER
from agentrl.simulators.models import ToolCall


def play(env: ServiceDeskAEC, seed: int, **options: object) -> list[tuple[str, str]]:
    """Both scripted players: (seat, action), until the episode is over; `env.infos` still tells how."""
    env.reset(seed=seed, options=options)
    moves = []
    while not any(env.terminations.values()) and not any(env.truncations.values()):
        seat = env.agent_selection
        moves.append((seat, env.expert(seat)))
        env.step(moves[-1][1])
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
        assert all(env.infos[seat]["success"] for seat in (AGENT, USER))
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


BROKEN = [
    ("end_dialogue(reason='satisfied')", "a call is written"),
    ('{"name": "end_dialogue", "arguments": {"reason": "satisfied"}}', "a call is written"),
    ('<tool_call>{"name": "end_dialog", "arguments": {}}</tool_call>', "there is no tool 'end_dialog' here"),
    ("", "the message is empty"),
    ("/end", "/end satisfied"),
    ("/end now", "/end satisfied"),
]


@pytest.mark.parametrize(("action", "problem"), BROKEN)
def test_a_broken_call_of_the_user_is_answered_and_no_message(action: str, problem: str) -> None:
    env = ServiceDeskAEC()
    env.reset(seed=0)
    env.step(action)
    assert env.agent_selection == USER
    assert env.observe(USER)["text"].startswith("error: ")
    assert problem in env.observe(USER)["text"]
    env.step("Hello")
    assert env.observe(AGENT)["text"] == "user: Hello"


def test_a_user_whose_calls_stay_broken_says_nothing_and_the_episode_ends() -> None:
    env = ServiceDeskAEC()
    env.reset(seed=0)
    steps = 0
    while not any(env.truncations.values()):
        env.step("end_dialogue()" if env.agent_selection == USER else "How can I help you?")
        steps += 1
    assert steps < 30
    assert env.observe(AGENT)["text"] in ("user: ...", "")


@pytest.mark.parametrize("reason", ["satisfied", "gave_up"])
def test_a_person_ends_the_dialogue_by_a_short_line(reason: str) -> None:
    env = ServiceDeskAEC()
    env.reset(seed=0)
    env.step("I said /end satisfied")
    assert env.agent_selection == AGENT
    env.step("Pardon?")
    env.step(f"/end {reason}")
    assert env.terminations == {AGENT: True, USER: True}


def test_what_is_endless_is_cut_before_the_other_seat_reads_it() -> None:
    env = ServiceDeskAEC()
    env.reset(seed=0)
    env.step("x" * 1_000_000)
    assert env.observation_space(AGENT).contains(env.observe(AGENT))
    env.step("y" * 1_000_000)
    assert env.observation_space(USER).contains(env.observe(USER))


def test_given_tasks_turns_and_adversarial_users_are_for_two_seats_too() -> None:
    task = sample_task("travel", "full", 3)
    env = ServiceDeskAEC(tasks=[task], max_turns=1)
    assert "travel" in env.system_prompts[AGENT].lower()
    env.reset(seed=0)
    assert env.infos[AGENT]["task_id"] == task.id
    env.step("Hello")
    env.step("Hello")
    assert env.truncations == {AGENT: True, USER: True}
    hard = ServiceDeskAEC(level="full", adversary={"share": 1.0, "operators": ["press"]})
    hard.reset(seed=0)
    assert "insist" in hard.observe(USER)["text"]
    assert hard.infos[AGENT]["labels"]["operator"] == "press"
