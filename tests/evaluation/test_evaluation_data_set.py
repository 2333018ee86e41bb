"""A data set made from Python: what it was made of is remembered, and copies are told."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrl.data.selection import Selection
from agentrl.data.target import make_target
from agentrl.errors import ConfigError, UserError
from agentrl.evaluation.data_set import Playing, write_data_set

WORDY = """
from pathlib import Path
from agentrl.envs import TextEnv
class Wordy(TextEnv):
    "Say the word of the file."
    def __init__(self, source=None, nested=None, wrong=0):
        super().__init__()
        self.words, self.wrong = Path(source or nested["source"]).read_text().split(), wrong
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.word = self.words[self.np_random.integers(len(self.words))]
        return f"say {self.word}", {"task_id": str(seed), "category": self.word}
    def step(self, action):
        return "", float(action == self.word), True, False, {"success": action == self.word}
    def expert(self):
        return "wrong" if self.wrong else self.word
"""


@pytest.fixture
def wordy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("words").write_text("a a a b")
    Path("wordy.py").write_text(WORDY)
    return "./wordy.py:Wordy"


def make(env: str, episodes: int, *, resume: bool = True, **asked: Any) -> int:
    asked = {"env_args": {"source": "words"}, **asked}
    forms = ["messages,preference" if "against" in asked else "messages"]
    target = make_target("demos", forms, resume=resume)
    return write_data_set(Playing(env, **asked), episodes, target, Selection())


def records(kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(f"demos/{kind}/00000.jsonl").read_text().splitlines()]


def test_tasks_are_played_and_gone_on_with(wordy: str) -> None:
    done: list[int] = []
    target = make_target("demos", ["messages"])
    args: dict[str, Any] = {"env_args": {"source": "words"}}
    played = write_data_set(Playing(wordy, **args), 5, target, Selection(), lambda n, _: done.append(n))
    assert (played, done) == (5, [0, 1, 2, 3, 4, 5])
    assert write_data_set(Playing(wordy, **args), 5, make_target("demos", ["messages"], resume=True), Selection()) == 0
    assert [record["messages"][1]["content"] == record["category"] for record in records("messages")] == [True] * 5


@pytest.mark.parametrize("env_args", [{"source": "words"}, {"source": Path("words")}, {"nested": {"source": "words"}}])
@pytest.mark.parametrize("changed", ["words", "wordy.py"])
def test_a_file_that_changed_is_no_longer_what_the_data_came_from(
    wordy: str, env_args: dict[str, Any], changed: str
) -> None:
    make(wordy, 2, env_args=env_args)
    assert make(wordy, 3, env_args=env_args) == 1
    Path(changed).write_text(Path(changed).read_text() + " ")
    with pytest.raises(UserError, match=r"was made with sources=\{.*Ask for the same again"):
        make(wordy, 4, env_args=env_args)


def test_a_rival_has_its_own_arguments_and_the_same_tasks(wordy: str) -> None:
    make(wordy, 6, against="expert", against_args={"wrong": 1})
    pairs = records("preference")
    assert [(pair["chosen"][0]["content"], pair["rejected"][0]["content"]) for pair in pairs] == [
        (record["category"], "wrong") for record in records("messages")
    ]
    assert len(pairs) == 6
    with pytest.raises(UserError, match="was made with against_args"):
        make(wordy, 7, against="expert", against_args={"wrong": 2})


def test_pairs_of_one_episode_are_refused_and_without_a_pair_no_file_is_named(wordy: str) -> None:
    for alone in ({}, {"samples": 1, "balance": 8}):
        with pytest.raises(ConfigError, match="a pair needs two episodes of its task"):
            make_pairs(Playing(wordy, env_args={"source": "words"}, **alone))
        assert not Path("demos").exists()
    tally = make_pairs(Playing(wordy, env_args={"source": "words"}, against="expert"))
    assert (tally["pairs"], tally["rival_played"], tally["rival_succeeded"]) == (0, 4, 4)
    head = Path("demos/README.md").read_text().split("---")[1]
    assert yaml.safe_load(head) == {"configs": [], "dataset_info": []}


def make_pairs(playing: Playing) -> Counter[str]:
    selection = Selection()
    write_data_set(playing, 4, make_target("demos", ["preference"]), selection)
    return selection.tally


def test_the_count_of_pairs_goes_on(wordy: str) -> None:
    playing = Playing(wordy, env_args={"source": "words"}, against="noop")
    for episodes in (3, 5):
        selection = Selection()
        write_data_set(playing, episodes, make_target("demos", ["preference"], resume=True), selection)
        assert (selection.tally["pairs"], selection.tally["rival_played"]) == (episodes, episodes)
        assert selection.tally["rival_succeeded"] == 0


@pytest.mark.parametrize("episodes", [3, 20])
def test_copies_are_told_once(wordy: str, episodes: int, capsys: pytest.CaptureFixture[str]) -> None:
    make(wordy, episodes, samples=4)
    assert capsys.readouterr().err.count(f"each of the first {min(8, episodes)} tasks the 4 episodes are the same") == 1
    make(wordy, episodes + 1, samples=4)  # one task tells nothing
    assert "are the same" not in capsys.readouterr().err


def test_one_episode_of_a_task_has_no_copies(wordy: str, capsys: pytest.CaptureFixture[str]) -> None:
    make(wordy, 10)
    assert "are the same" not in capsys.readouterr().err
