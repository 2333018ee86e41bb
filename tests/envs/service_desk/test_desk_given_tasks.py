"""Tasks of one's own: what cannot be played is refused before it is, with its place in the list or its line."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.service_desk import ServiceDeskAEC, ServiceDeskEnv
from agentrl.envs.service_desk.checking import check_task
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.tasks import GivenTasks, read_tasks, sample_task
from agentrl.errors import ConfigError, TaskFileError, UserError
from agentrl.simulators.adversary import OPERATORS, apply
from agentrl.simulators.models import Op, Trigger, UserTask
from agentrl.simulators.users import seeded

GOOD = sample_task("shop", "full", 1)


def with_trigger(trigger: Trigger, **changes: Any) -> UserTask:
    op = Op(name="tangent", category="distraction", trigger=trigger)
    return GOOD.model_copy(update={"id": "mine", "ops": (op,), **changes})


ON_ACT = with_trigger(Trigger(on="act", match="confrim"))
ON_STATE = with_trigger(Trigger(on="state", match="nope"))
MINED = GOOD.model_copy(update={"id": "mine", "goal": GOOD.goal.model_copy(update={"forbidden_effects": ("nothing",)})})


class Source:
    """A source of one's own."""

    def __init__(self, task: Any) -> None:
        self.task = task

    def draw(self, rng: random.Random, split: str) -> Any:
        return self.task


@pytest.mark.parametrize("make", [ServiceDeskEnv, ServiceDeskAEC])
@pytest.mark.parametrize("given", [list, tuple, GivenTasks])
@pytest.mark.parametrize(("task", "told"), [(ON_ACT, "'confrim'"), (ON_STATE, "'nope'"), (MINED, "'nothing'")])
def test_a_task_of_a_list_that_cannot_be_played_is_named(
    make: Callable[..., Any], given: Callable[..., Any], task: UserTask, told: str
) -> None:
    with pytest.raises(
        TaskFileError, match=rf"1 tasks? cannot be played:\nenv_args\.tasks\[1\], the task 'mine': .*{told}"
    ):
        make(tasks=given([GOOD, task]))
    assert make(tasks=given([GOOD, GOOD]))


def test_ten_of_them_are_named() -> None:
    with pytest.raises(TaskFileError) as caught:
        ServiceDeskEnv(tasks=[ON_ACT] * 12)
    assert str(caught.value).startswith("12 tasks cannot be played:")
    assert len(str(caught.value).splitlines()) == 11


@pytest.mark.parametrize(("task", "told"), [(ON_ACT, "the task 'mine': .*'confrim'"), ("a task", "drew a str")])
def test_a_task_that_a_source_draws_is_checked_as_well(task: Any, told: str) -> None:
    env = ServiceDeskEnv(tasks=Source(task))
    with pytest.raises(TaskFileError, match=told):
        env.reset(seed=0)
    good = ServiceDeskEnv(tasks=Source(GOOD))
    assert good.reset(seed=0)[1]["task_id"] == GOOD.id


def test_a_file_is_refused_for_its_triggers(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    opened = with_trigger(Trigger(on="turn", match="0"), opener="Hello!")
    path.write_text("".join(f"{task.model_dump_json()}\n" for task in (GOOD, ON_ACT, ON_STATE, opened)))
    with pytest.raises(TaskFileError) as caught:
        read_tasks(path)
    for part in (":2: ", "'confrim'", "'confirm'", ":3: ", "'nope'", ":4: ", "acts in the opening"):
        assert part in str(caught.value)


def test_a_trigger_on_the_state_waits_for_a_minefield() -> None:
    minefields = get_domain(GOOD.domain).minefields
    assert minefields
    for name in minefields:
        check_task(with_trigger(Trigger(on="state", match=name)))  # which raises for what there is not


@pytest.mark.parametrize("trade", ["shop", "travel"])
@pytest.mark.parametrize("name", OPERATORS)
def test_what_operators_make_passes_its_own_check(name: str, trade: str) -> None:
    found = 0
    for number in range(40):
        level: Any = "tiny" if number % 2 else "full"
        plain = sample_task(trade, level, number)
        hard = apply(plain, [name], seeded(number), get_domain(plain.domain))
        if hard is not None:
            check_task(UserTask.model_validate(hard.model_dump(mode="json")))
            found += 1
    assert found


def test_traits_are_taken_at_level_tiny_for_what_of_them_shows_there(tmp_path: Path) -> None:
    """They move the politeness as well, which does not show; to be refused for that, a file has to give it."""
    file = tmp_path / "people.jsonl"
    row = '{"id": "x", "display_name": "x", "traits": {"agreeableness": 0.1, "neuroticism": 0.9}'
    file.write_text(row + "}\n", encoding="utf-8")
    env = ServiceDeskEnv(personas=file)
    env.reset(seed=0)
    persona = env.session.task.persona
    assert persona.emotion.gain > 0.15
    assert persona.cooperativeness < 0.8
    file.write_text(row + ', "politeness": 0.1}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="politeness of the persona 'x' has no effect here"):
        ServiceDeskEnv(personas=file)


def test_a_call_without_a_name_is_a_broken_one() -> None:
    env = ServiceDeskEnv(tasks=[GOOD])
    env.reset(seed=0)
    line = env.step('<tool_call>{"name": "", "arguments": {}}</tool_call>')[0]
    assert line.startswith("error: a call has just a name and arguments")


@pytest.mark.parametrize("make", [ServiceDeskEnv, ServiceDeskAEC])
@pytest.mark.parametrize(("task", "told"), [(ON_ACT, "'confrim'"), (ON_STATE, "'nope'"), (MINED, "'nothing'")])
def test_a_task_of_a_reset_is_checked_too(make: Callable[..., Any], task: UserTask, told: str) -> None:
    env = make()
    env.reset(seed=0, options={"task": GOOD})
    with pytest.raises(UserError, match=told):
        env.reset(seed=0, options={"task": task})
