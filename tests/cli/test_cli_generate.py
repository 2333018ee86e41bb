"""`agentrl generate` and `agentrl eval`: what is asked for, what is written, what is kept."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agentrl.cli.app import app
from agentrl.data import iter_episodes
from agentrl.episode import End, Episode, Trajectory, Turn
from agentrl.errors import SandboxError

LIMITS = ["--template", "chatml", "--max-new-tokens", "99", "--max-context", "2000"]
LIMITS += ["--env-threads", "32", "--max-failed-share", "0.5"]


def episode(index: int, success: bool = True, end: End = End.TERMINATED, text: str = "") -> Episode:
    turn = Turn(observation="?", text=text or str(index), reward=float(success))
    return Episode("game", str(index), index, "g", (Trajectory("agent", (turn,), end),), info={"success": success})


class Api:
    """Stands for `agentrl.evaluation.api`, and remembers how it was called."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.policies: list[str] = []
        self.episodes: list[Episode] = [episode(0), episode(1, success=False), episode(2)]
        self.stop: BaseException | None = None

    def generate_episodes(self, policy: str, env: str, **asked: Any) -> Iterator[Episode]:
        self.policies.append(policy)
        self.asked = {"policy": policy, "env": env, **asked}
        yield from self.episodes[asked["first"] * asked["samples"] : asked["episodes"] * asked["samples"]]
        if self.stop is not None:
            raise self.stop

    def run_evaluation(self, policy: str, env: str | None, **asked: Any) -> Any:
        self.asked = {"policy": policy, "env": env, **asked}
        return SimpleNamespace(rows=[{"": "all", "success": 0.51234}, {"": "[level 1]", "success": 1.0, "note": "few"}])


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Api:
    fake = Api()
    monkeypatch.setattr("agentrl.evaluation.api.generate_episodes", fake.generate_episodes)
    monkeypatch.setattr("agentrl.evaluation.api.run_evaluation", fake.run_evaluation)
    monkeypatch.chdir(tmp_path)
    return fake


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words))


def generate(*words: str) -> Result:
    return run("generate", "--env", "game", "--out", "data.jsonl", *words)


def texts(name: str) -> list[str]:
    return [json.loads(line)["messages"][-1]["content"] for line in Path(name).read_text().splitlines()]


def test_episodes_and_messages_lie_next_to_each_other(api: Api) -> None:
    result = generate("--episodes", "3")
    assert result.exit_code == 0
    assert list(iter_episodes("data.jsonl")) == api.episodes
    assert texts("data.messages.jsonl") == ["0", "1", "2"]
    assert "played 3 episodes, 2 with success; kept 3" in result.output


def test_everything_asked_for_is_passed_on(api: Api) -> None:
    words = ["--policy", "noop", "--episodes", "7", "--split", "test", "--seed", "3", "--temperature", "0.5", "a=1"]
    generate(*words, *LIMITS)
    assert api.asked == {
        "policy": "noop",
        "env": "game",
        "episodes": 7,
        "samples": 1,
        "first": 0,
        "order": None,
        "split": "test",
        "seed": 3,
        "temperature": 0.5,
        "env_args": {"a": 1},
        "template": "chatml",
        "max_new_tokens": 99,
        "max_context": 2000,
        "env_threads": 32,
        "max_failed_share": 0.5,
        "inherit": False,
    }


def test_only_successes_are_kept_when_asked(api: Api) -> None:
    generate("--only-success")
    assert texts("data.messages.jsonl") == ["0", "2"]


def test_failed_episodes_are_left_out_and_counted(api: Api) -> None:
    api.episodes.append(episode(3, end=End.FAILED))
    result = generate()
    assert texts("data.messages.jsonl") == ["0", "1", "2"]
    assert "1 failed and are left out" in result.output


@pytest.mark.parametrize(("form", "first"), [("episodes", "version"), ("messages", "messages")])
def test_one_format_alone_goes_to_the_file_itself(api: Api, form: str, first: str) -> None:
    generate("--format", form)
    assert [entry.name for entry in Path().iterdir()] == ["data.jsonl"]
    assert next(iter(json.loads(Path("data.jsonl").read_text().splitlines()[0]))) == first


def test_existing_files_are_not_overwritten_by_accident(api: Api) -> None:
    Path("data.messages.jsonl").write_text("mine")
    result = generate()
    assert result.exit_code == 2
    assert "data.messages.jsonl: exists already" in result.stderr
    assert api.asked == {}
    assert generate("--force").exit_code == 0


def test_ctrl_c_keeps_what_was_played(api: Api) -> None:
    api.stop = KeyboardInterrupt()
    result = generate()
    assert result.exit_code == 130
    assert len(list(iter_episodes("data.jsonl"))) == 3
    assert "kept 3" in result.output


def test_a_failure_of_the_machinery_keeps_what_was_played(api: Api) -> None:
    api.stop = SandboxError("the sandbox is gone")
    result = generate()
    assert result.exit_code == 1
    assert len(list(iter_episodes("data.jsonl"))) == 3


def test_a_folder_is_no_file_to_write(api: Api) -> None:
    Path("data.jsonl").mkdir()
    result = generate()
    assert result.exit_code == 2
    assert "this is a folder" in result.stderr


def data_set(*words: str) -> Result:
    return run("generate", "--env", "game", "--out", "demos", *words)


def test_a_name_without_an_ending_is_a_folder_of_shards_with_a_card(api: Api) -> None:
    result = data_set("--episodes", "3", "--format", "messages,alpaca", "--shard-size", "2")
    assert result.exit_code == 0, result.output
    names = sorted(str(path) for path in Path("demos").rglob("*.*"))
    shards = [f"demos/{kind}/0000{number}.jsonl" for kind in ("alpaca", "messages") for number in (0, 1)]
    assert names == sorted([*shards, "demos/README.md", "demos/card.json", "demos/index.jsonl", "demos/progress.json"])
    assert texts("demos/messages/00000.jsonl") + texts("demos/messages/00001.jsonl") == ["0", "1", "2"]
    assert json.loads(Path("demos/card.json").read_text())["settings"]["policy"] == "expert"


def test_a_folder_is_gone_on_with(api: Api) -> None:
    data_set("--episodes", "2")
    again = data_set("--episodes", "3")
    assert again.exit_code == 2
    assert "Go on with --resume" in again.stderr
    assert data_set("--episodes", "3", "--resume").exit_code == 0
    assert api.asked["first"] == 2
    assert texts("demos/messages/00000.jsonl") == ["0", "1", "2"]
    assert "done already" in data_set("--episodes", "3", "--resume").output


def test_ctrl_c_keeps_a_folder_that_can_be_gone_on_with(api: Api) -> None:
    api.stop = KeyboardInterrupt()
    assert data_set("--episodes", "9").exit_code == 130
    api.stop, api.episodes = None, [*api.episodes, episode(3)]
    assert data_set("--episodes", "4", "--resume").exit_code == 0
    assert texts("demos/messages/00000.jsonl") == ["0", "1", "2", "3"]


def test_only_a_folder_is_gone_on_with(api: Api) -> None:
    result = generate("--resume")
    assert result.exit_code == 2
    assert "only a folder can be gone on with" in result.stderr


def test_only_jsonl_is_a_file_and_what_has_another_ending_a_folder(api: Api) -> None:
    assert run("generate", "--env", "game", "--out", "demos-v1.0").exit_code == 0
    assert Path("demos-v1.0/card.json").exists()
    for name in ("data.json", "data.parquet", "data.jsonl.gz"):
        refused = run("generate", "--env", "game", "--out", name)
        assert refused.exit_code == 2
        assert "only JSON Lines are written" in refused.stderr
        assert not Path(name).exists()


def test_an_unknown_form_is_refused_with_the_nearest(api: Api) -> None:
    result = generate("--format", "sharegtp")
    assert result.exit_code == 2
    assert "Did you mean 'sharegpt'?" in result.stderr


def test_the_bar_leaves_out_what_failed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("rich.progress.Progress.update", lambda bar, task, **kept: told.append(kept["description"]))
    api.episodes.append(episode(3, end=End.FAILED))
    generate()
    assert told[-1] == "playing, 67% succeed, 3 kept"


def test_how_it_was_played_changes_nothing_about_a_folder(api: Api) -> None:
    assert data_set("--episodes", "2").exit_code == 0
    resumed = data_set("--episodes", "3", "--resume", "--env-threads", "9", "--max-failed-share", "1")
    assert resumed.exit_code == 0, resumed.output


def test_best_of_keeps_one_episode_of_each_task(api: Api) -> None:
    api.episodes = [episode(0, success=False), episode(1), episode(2, success=False), episode(3, success=False)]
    generate("--episodes", "2", "--best-of", "2", "--only-success")
    assert api.asked["samples"] == 2
    assert texts("data.messages.jsonl") == ["1"]


def test_samples_keep_all_that_succeed(api: Api) -> None:
    api.episodes = [episode(0), episode(1), episode(2, success=False), episode(3)]
    generate("--episodes", "2", "--samples", "2", "--only-success")
    assert texts("data.messages.jsonl") == ["0", "1", "3"]


def test_samples_and_best_of_exclude_one_another(api: Api) -> None:
    assert generate("--samples", "2", "--best-of", "2").exit_code == 2


def test_another_policy_gives_the_rejected_answers(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    played = []

    def generate_episodes(policy: str, env: str, **asked: Any) -> Iterator[Episode]:
        played.append((policy, asked["env_args"]))
        return iter([episode(0, success=policy == "expert", text=f"{policy}'s")])

    monkeypatch.setattr("agentrl.evaluation.api.generate_episodes", generate_episodes)
    words = ["--against", "noop", "--against-args", "b=2", "--against-args", "c=3", "a=1", "b=1"]
    result = generate("--episodes", "1", *words, "--format", "preference")
    assert result.exit_code == 0, result.output
    (record,) = [json.loads(line) for line in Path("data.jsonl").read_text().splitlines()]
    assert record["chosen"][0]["content"] == "expert's"
    assert record["rejected"][0]["content"] == "noop's"
    assert played == [("expert", {"a": 1, "b": 1}), ("noop", {"a": 1, "b": 2, "c": 3})]
    assert "kept 1\nwrote 1 pairs; the worse policy played 1 episodes, 0 with success\n" in result.output
    assert "there is no --against" in generate("--force", "--against-args", "b=2").stderr


def test_duplicates_and_full_cells_are_left_out_and_counted(api: Api) -> None:
    api.episodes = [episode(0), episode(0), episode(1), episode(2)]
    result = generate("--episodes", "4", "--dedup", "exact", "--cap-per-cell", "2")
    assert texts("data.messages.jsonl") == ["0", "1"]
    assert "1 duplicates, 1 over the cap of their cell; kept 2" in result.output


def labelled(index: int, goal: str) -> Episode:
    one = episode(index)
    return dataclasses.replace(one, info={**one.info, "labels": {"goal": goal, "persona": "en"}})


def test_a_cell_of_no_label_is_refused_and_nothing_is_left_behind(api: Api) -> None:
    api.episodes = [labelled(0, "a")]
    refused = data_set("--episodes", "1", "--cell", "persna,goal")
    assert refused.exit_code == 2
    assert "--cell persna: the environment tells no such label. Did you mean 'persona'?" in refused.stderr
    assert not Path("demos").exists()
    assert data_set("--episodes", "1", "--cell", "persona,goal").exit_code == 0
    assert json.loads(Path("demos/index.jsonl").read_text())["cell"] == "en | a"


def test_tasks_are_chosen_from_the_cells_in_turn(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_tasks(env: str, *, tasks: int, **where: Any) -> Iterator[dict[str, Any]]:
        assert (env, where) == ("game", {"split": "train", "seed": 0, "env_args": {}})
        return iter([{"labels": {"goal": goal}} for goal in "aaaaabab"[:tasks]])

    monkeypatch.setattr("agentrl.evaluation.api.draw_tasks", draw_tasks)
    api.episodes = [labelled(index, "a") for index in range(3)]
    assert data_set("--episodes", "3", "--balance", "8", "--cell", "goal").exit_code == 0
    assert api.asked["order"] == [0, 5, 1, 7, 2, 3, 4, 6]
    assert data_set("--episodes", "4", "--balance", "3").exit_code == 2


def test_a_foreign_record_of_progress_is_no_licence_to_delete(api: Api) -> None:
    Path("victim").mkdir()
    Path("victim/00000.jsonl").write_text("precious")
    Path("demos").mkdir()
    for text in ('{"places": {"../victim": {}}}', '{"tasks": 3, "tal', "[]"):
        Path("demos/progress.json").write_text(text)
        for words in (["--force"], ["--resume"], []):
            result = data_set(*words)
            assert result.exit_code == 2
            assert "progress.json: is damaged, or not of a data set" in result.stderr
        assert Path("demos/progress.json").read_text() == text
    assert Path("victim/00000.jsonl").read_text() == "precious"


def test_eval_prints_a_table_and_passes_everything_on(api: Api) -> None:
    words = ["--env", "game", "--episodes", "9", "--k", "4,1", "--temperature", "0", "x=1", *LIMITS]
    result = run("eval", "runs/a", *words)
    assert result.exit_code == 0
    assert api.asked == {
        "policy": "runs/a",
        "env": "game",
        "episodes": 9,
        "split": "test",
        "temperature": 0.0,
        "k": (1, 4),
        "seed": 0,
        "env_args": {"x": 1},
        "template": "chatml",
        "max_new_tokens": 99,
        "max_context": 2000,
        "env_threads": 32,
        "max_failed_share": 0.5,
        "out": None,
    }
    assert "0.512" in result.output
    assert "[level 1]" in result.output


def test_a_run_may_be_evaluated_where_it_was_trained(api: Api) -> None:
    run("eval", "runs/a")
    assert api.asked["env"] is None


@pytest.mark.parametrize("policy", ["expert", "noop"])
def test_a_scripted_policy_needs_an_environment(api: Api, policy: str) -> None:
    result = run("eval", policy)
    assert result.exit_code == 2
    assert "say in which environment, with --env NAME" in result.stderr


@pytest.mark.parametrize(("k", "expected"), [("1,x", "write whole numbers"), ("0", "at least 1"), ("", "write whole")])
def test_attempts_that_cannot_be_are_refused(api: Api, k: str, expected: str) -> None:
    result = run("eval", "runs/a", "--k", k)
    assert result.exit_code == 2
    assert expected in result.stderr
