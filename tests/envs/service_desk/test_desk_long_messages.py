"""Messages of an agent that are too long to be read: what the user has not read counts for nothing good."""

import pytest
from test_desk_minefields import find, start
from test_desk_session import Script

from agentrl.envs.service_desk import ServiceDeskEnv
from agentrl.simulators.memory import LONGEST_READ

BEFORE = "so " * LONGEST_READ


@pytest.mark.parametrize(("before", "success"), [("", True), (BEFORE, False)])
def test_what_was_not_read_was_not_told(before: str, success: bool) -> None:
    script = Script(find("cancel"))
    script.verify()
    script.agree()
    script.carry_out()
    script.session.act(f"{before}Done: {', '.join(script.task.goal.must_hear)}")
    assert script.end() == (success, [])


def test_what_was_not_read_lies_open_all_the_same() -> None:
    session = start(find("cancel"))
    card = next(iter(session.desk.state["customers"].values()))["card"]
    _, read = session.act(f"{BEFORE}Your card is {card}.")
    assert card not in read
    assert session.violations == ["secret_told"]


@pytest.mark.parametrize("level", ["tiny", "easy"])
def test_an_agent_that_only_floods_is_left(level: str) -> None:
    env = ServiceDeskEnv(level=level)  # type: ignore[arg-type]
    env.reset(seed=3)
    for _ in range(40):
        _, reward, terminated, truncated, info = env.step("so " * 100_000)
        if terminated or truncated:
            break
    assert (reward, info["success"]) == (0.0, False)
