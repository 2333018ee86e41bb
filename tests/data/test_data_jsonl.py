"""Episodes survive the way to a file and back; a broken line is named; a file is whole or not there."""

import resource
from pathlib import Path

import pytest

from agentrl.data import JsonlWriter, iter_episodes, write_jsonl
from agentrl.episode import End, Episode, Stop, Trajectory, Turn
from agentrl.errors import UserError


def episode(text: str = "a", seed: int = 0) -> Episode:
    turn = Turn(action=(1, 2), logprobs=(-0.5, -0.25), reward=1.0, stop=Stop.EOS, observation="see", text=text)
    return Episode("game", "t1", seed, "g", (Trajectory("agent", (turn,), End.TERMINATED),), info={"success": True})


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    episodes = [episode("line\nfeed \u2028 and NUL \0", 1), episode("ünï 😀", 2)]
    assert write_jsonl(tmp_path / "new" / "e.jsonl", episodes) == 2
    assert list(iter_episodes(tmp_path / "new" / "e.jsonl")) == episodes


def test_lone_surrogates_survive(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "e.jsonl", [episode("a\ud800b \\ud800")])
    (tmp_path / "e.jsonl").read_text(encoding="utf-8")
    assert list(iter_episodes(tmp_path / "e.jsonl")) == [episode("a\ud800b \\ud800")]


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(f"\n{episode().to_json()}\n\n")
    assert list(iter_episodes(path)) == [episode()]


@pytest.mark.parametrize(
    "line", ["{", "[]", "3", '{"version": 99}', '{"version": 1}', '{"version": 1, "trajectories": 3}', "\ufeffx"]
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(f"{episode().to_json()}\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        list(iter_episodes(path))
    assert str(caught.value).startswith(f"{path}:2: this line is no episode: ")


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(UserError, match=":1: this line is no episode"):
        list(iter_episodes(path))


def test_a_line_cut_short_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(episode().to_json()[:40])
    with pytest.raises(UserError, match="was its writing cut short"):
        list(iter_episodes(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.jsonl: cannot be read: No such file"):
        list(iter_episodes(tmp_path / "none.jsonl"))


def test_an_error_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_jsonl(path, (episode(seed=1 // seed) for seed in (1, 0)))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_whole_lines_are_kept_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with pytest.raises(KeyboardInterrupt):
        write_and_stop(path)
    assert list(iter_episodes(path)) == [episode()]


def test_nothing_written_leaves_no_file_when_interrupted(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), JsonlWriter(tmp_path / "e.jsonl", keep_partial=True):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"e\.jsonl: cannot be written: "):
        JsonlWriter(tmp_path / "file" / "e.jsonl")


def test_a_full_disk_is_named_and_keeps_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(episode().to_json()) + 100, before[1]))
    try:
        with pytest.raises(UserError, match=r"e\.jsonl: cannot be written: File too large"):
            write_two(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(iter_episodes(path)) == [episode()]


def write_two(path: Path) -> None:
    with JsonlWriter(path, keep_partial=True) as writer:
        writer.write(episode().to_json())
        writer.write(episode().to_json())


def write_and_stop(path: Path) -> None:
    with JsonlWriter(path, keep_partial=True) as writer:
        writer.write(episode().to_json())
        raise KeyboardInterrupt
