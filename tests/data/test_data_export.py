"""An episode as chat messages: who said what, in order, ending with the policy."""

import pytest

from agentrl.data import to_messages
from agentrl.episode import End, Episode, Trajectory, Turn


def trajectory(agent: str = "agent", trainable: bool = True, system: str = "Be brief.") -> Trajectory:
    turns = (Turn(observation="1+1?", text="3", reward=0.0), Turn(observation="no", text="2", reward=0.5))
    return Trajectory(agent, turns, End.TERMINATED, system_prompt=system, final_observation="yes", trainable=trainable)


def episode(*trajectories: Trajectory) -> Episode:
    return Episode("sums", "1+1", 5, "g0", trajectories, info={"success": True, "category": "easy"})


def test_messages_alternate_and_end_with_the_policy() -> None:
    assert to_messages(episode(trajectory()))["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "3"},
        {"role": "user", "content": "no"},
        {"role": "assistant", "content": "2"},
    ]


def test_only_an_answer_that_is_not_to_be_learned_has_weight_0() -> None:
    turns = tuple(Turn(text=text, info=info) for text, info in (("slip", {"imitate": False}), ("right", {"x": 1})))
    messages = to_messages(episode(Trajectory("agent", turns, End.TERMINATED)))["messages"]
    assert [m.get("weight") for m in messages if m["role"] == "assistant"] == [0, None]
    assert all("weight" not in m for m in messages if m["role"] != "assistant")


def test_no_system_prompt_gives_no_system_message() -> None:
    assert to_messages(episode(trajectory(system="")))["messages"][0]["role"] == "user"


def test_the_outcome_is_beside_the_messages() -> None:
    record = to_messages(episode(trajectory()))
    del record["messages"]
    assert record == {
        "reward": 0.5,
        "success": True,
        "task_id": "1+1",
        "category": "easy",
        "env": "sums",
        "seed": 5,
        "agent": "agent",
        "end": "terminated",
        "final_observation": "yes",
    }


def test_the_only_trainable_seat_need_not_be_named() -> None:
    record = to_messages(episode(trajectory("user", trainable=False), trajectory("desk")))
    assert record["agent"] == "desk"


def test_any_seat_can_be_named() -> None:
    assert to_messages(episode(trajectory("user", trainable=False), trajectory("desk")), "user")["agent"] == "user"


@pytest.mark.parametrize("agent", [None, "c"])
def test_an_unclear_seat_is_refused(agent: str | None) -> None:
    with pytest.raises(ValueError, match="name one of: a, b"):
        to_messages(episode(trajectory("a"), trajectory("b")), agent)
