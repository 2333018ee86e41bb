"""The run directory: names, finding runs, and episodes that come back as they went."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import End, Episode, Trajectory, Turn
from agentrl.errors import RunDirectoryError
from agentrl.runs.directory import RunDirectory


def episode(text: str, seed: int = 0) -> Episode:
    turn = Turn(action=(1, 2), prompt=(3,), logprobs=(-0.5, -0.25), reward=0.5, text=text, observation=text)
    return Episode("toy", "task", seed, "g", (Trajectory("policy", (turn,), End.TERMINATED),))


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory.create(tmp_path, "first")
    run.write_config("env: toy\nseed: 3\n")
    return run


def test_a_name_that_holds_a_run_is_refused_with_both_ways_out(run: RunDirectory) -> None:
    with pytest.raises(RunDirectoryError, match=r"holds a run already.*--resume .*first.*run_name=NAME"):
        RunDirectory.create(run.path.parent, "first")


def test_empty_folders_of_a_run_that_never_began_are_taken_over(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path, "first")
    assert RunDirectory.create(tmp_path, "first").checkpoints.is_dir()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../b", "a\0b", "/a"])
def test_a_name_never_leaves_the_output_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunDirectoryError, match="no plain folder name"):
        RunDirectory.create(tmp_path / "runs", name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(RunDirectoryError, match="a file is in the way"):
        RunDirectory.create(tmp_path / "runs", "first")


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "disk is full.* free there"), (errno.EDQUOT, "disk is full"), (errno.EROFS, "cannot be written")],
)
def test_what_the_disk_refuses_is_said_in_words(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(code, "refused")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RunDirectoryError, match=f"(?s){words}.*output_dir"):
        run.log_episodes(1, [episode("a")])


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(RunDirectoryError):
        run.write_config("env: other\n")
    assert run.read_config() == {"env": "toy", "seed": 3}
    assert [path.name for path in run.path.iterdir() if path.name.startswith(".")] == []


def test_open_names_the_nearest_run(run: RunDirectory) -> None:
    assert RunDirectory.open(run.path) == run
    with pytest.raises(RunDirectoryError, match=r"does not exist.* Did you mean 'first'"):
        RunDirectory.open(run.path.with_name("frist"))


def test_open_refuses_a_folder_without_settings(run: RunDirectory) -> None:
    with pytest.raises(RunDirectoryError, match=r"no config\.yaml"):
        RunDirectory.open(run.checkpoints)


def test_latest_is_the_run_written_to_last(run: RunDirectory) -> None:
    second = RunDirectory.create(run.path.parent, "a-second")
    second.write_config("")
    run.append_log("the first goes on")
    assert RunDirectory.latest(run.path.parent) == run
    second.append_log("the second goes on")
    assert RunDirectory.latest(run.path.parent) == second


def test_latest_without_runs_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="holds no run"):
        RunDirectory.latest(tmp_path / "nowhere")


@given(texts=st.lists(st.text(st.characters(exclude_categories=()))))
def test_episodes_come_back_as_they_went(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    run = RunDirectory.create(tmp_path_factory.mktemp("runs"), "first")
    # a pair of surrogates is the one thing that JSON itself cannot tell from the character that it encodes
    texts = [text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for text in texts]
    episodes = [episode(text + "\u2028\x85\ud800\r\n", seed) for seed, text in enumerate(texts)]
    run.log_episodes(12, episodes)
    assert run.read_episodes(12) == episodes


def test_episode_files_are_utf8_whatever_the_policy_wrote(run: RunDirectory) -> None:
    run.log_episodes(7, [episode("lone \ud83d surrogate")])
    assert "lone" in (run.episodes / "step_000007.jsonl").read_text("utf-8")


def test_a_broken_episode_line_is_named(run: RunDirectory) -> None:
    run.log_episodes(1, [episode("a"), episode("b")])
    file = run.episodes / "step_000001.jsonl"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(RunDirectoryError, match=r"step_000001\.jsonl, line 2"):
        run.read_episodes(1)


def test_episodes_beyond_a_checkpoint_are_forgotten(run: RunDirectory) -> None:
    for step in (1, 2, 3, 1_000_000):
        run.log_episodes(step, [episode("a")])
    run.truncate_after(2)
    assert run.episode_steps() == [1, 2]
    assert run.read_episodes(3) == []


def test_settings_and_summary_come_back(run: RunDirectory) -> None:
    assert run.read_summary() == {}
    run.write_summary({"before": {"success": 0.25, "n": 4}})
    assert run.read_summary() == {"before": {"success": 0.25, "n": 4}}


def test_settings_that_are_no_yaml_are_said(run: RunDirectory) -> None:
    run.config.write_text("a: [")
    with pytest.raises(RunDirectoryError, match=r"config\.yaml cannot be read"):
        run.read_config()
