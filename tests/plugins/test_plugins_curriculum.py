"""The environment with a curriculum in docs/examples: its promises, and what training makes of the hook."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agentrl.cli.app import app
from agentrl.envs.registry import resolve
from agentrl.runs.state import read_state

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "graded_sums.py"


@pytest.fixture
def lengths() -> Any:
    return resolve(f"{EXAMPLE}:Sums").make().curriculum()


def drawn(lengths: Any, count: int = 400) -> list[int]:
    return [lengths.draw(seed)["digits"] for seed in range(count)]


def test_the_example_keeps_the_promises_that_training_relies_on() -> None:
    result = CliRunner().invoke(app, ["env", "check", f"{EXAMPLE}:Sums"])
    assert result.exit_code == 0, result.output
    assert not re.search(r"\b(fail|warn)\b", result.output), result.output


def test_the_options_decide_the_task() -> None:
    env = resolve(f"{EXAMPLE}:Sums").make()
    for digits in (1, 2, 3):
        observation, info = env.reset(seed=7, options={"split": "train", "digits": digits})
        assert {len(number) for number in observation.split("+")} == {digits}
        assert info["category"] == f"{digits} digits"


def test_it_turns_to_what_is_solved_about_half_of_the_time(lengths: Any) -> None:
    for _ in range(20):
        lengths.report({"digits": 1}, [True] * 8)
        lengths.report({"digits": 2}, [True, False] * 4)
        lengths.report({"digits": 3}, [])  # a group of which every episode FAILED says nothing
        lengths.report({"digits": 3}, [False] * 8)
    counts = drawn(lengths)
    assert counts.count(2) > 2 * max(counts.count(1), counts.count(3))
    assert min(counts.count(1), counts.count(3)) > 0


def test_training_asks_it_tells_it_and_saves_it(train: Any) -> None:
    result = train("--env", f"{EXAMPLE}:Sums", run_name="graded", max_steps=2)
    assert result.exit_code == 0, result.output
    last = sorted(Path("runs/graded/checkpoints").iterdir())[-1]
    saved = read_state(last / "trainer_state.pt")["curriculum"]
    assert saved["rates"] != {"1": 0.5, "2": 0.5, "3": 0.5}
    again = resolve(f"{EXAMPLE}:Sums").make().curriculum()
    again.load_state_dict(saved)
    assert again.state_dict() == saved
    assert drawn(again) != drawn(resolve(f"{EXAMPLE}:Sums").make().curriculum())


def test_the_page_shows_the_curriculum_of_the_example() -> None:
    page = (DOCS / "writing_an_environment.md").read_text(encoding="utf-8")
    source = EXAMPLE.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(class Lengths:\n.*?)```", page, re.DOTALL)
    assert len(blocks) == 1
    assert blocks[0] in source
