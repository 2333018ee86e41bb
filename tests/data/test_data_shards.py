"""A folder of shards survives whatever kills its writer, at any byte, and goes on without loss or repetition."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agentrl.data.dataset import open_folder
from agentrl.data.selection import Selection
from agentrl.data.shards import INDEX, ShardWriter
from agentrl.episode import End, Episode, Trajectory, Turn
from agentrl.errors import UserError

KINDS = ("messages", "sharegpt")


def episode(index: int) -> Episode:
    turn = Turn(observation=f"task {index}?", text=f"answer {index}", reward=float(index % 3 > 0))
    labels = {"goal": "odd" if index % 2 else "even", "operator": "plain"}
    info = {"success": index % 3 > 0, "labels": labels}
    return Episode("game", f"t{index}", index, "g", (Trajectory("agent", (turn,), End.TERMINATED),), info=info)


def fill(folder: Path, until: int, *, resume: bool = True, stop: int | None = None, **asked: Any) -> Selection:
    """Play up to a number of tasks; raise in the middle of writing task `stop`."""
    selection = Selection(only_success=True)
    settings = {"env": "game", **asked}
    with open_folder(folder, KINDS, selection, settings=settings, shard_size=4, resume=resume) as data:
        for index in range(data.tasks, until):
            if index == stop:
                data.whole = False
                data.sink.write("messages", '{"half": ')
                raise KeyboardInterrupt
            data.add([episode(index)])
    return selection


def lines(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((folder / kind).iterdir()) for line in path.read_text().splitlines()]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.jsonl"))}


def test_shards_have_no_more_lines_than_asked(tmp_path: Path) -> None:
    fill(tmp_path / "d", 15)
    for kind in KINDS:
        counts = [len(path.read_text().splitlines()) for path in sorted((tmp_path / "d" / kind).iterdir())]
        assert counts == [4, 4, 2]
    assert [record["task_id"] for record in lines(tmp_path / "d", "messages")] == [f"t{i}" for i in range(15) if i % 3]


def test_going_on_gives_the_same_bytes(tmp_path: Path) -> None:
    fill(tmp_path / "whole", 20)
    for until in (1, 7, 8, 20):
        selection = fill(tmp_path / "parts", until)
    assert content(tmp_path / "parts") == content(tmp_path / "whole")
    assert selection.tally["played"] == 20
    assert json.loads((tmp_path / "parts/card.json").read_text()) == json.loads(
        (tmp_path / "whole/card.json").read_text()
    )


def test_an_interruption_while_a_task_is_written_leaves_whole_tasks_only(tmp_path: Path) -> None:
    fill(tmp_path / "whole", 20)
    fill(tmp_path / "parts", 5)
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "parts", 20, stop=11)
    assert len(lines(tmp_path / "parts", "messages")) == len(lines(tmp_path / "parts", "sharegpt"))
    fill(tmp_path / "parts", 20)
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_what_was_not_vouched_for_is_cut_off(tmp_path: Path, cut: int) -> None:
    fill(tmp_path / "whole", 20)
    fill(tmp_path / "parts", 9)
    for name in ("messages/00001.jsonl", "messages/00009.jsonl", "index.jsonl"):
        with (tmp_path / "parts" / name).open("ab") as file:
            file.write(b'{"messages": [{"role": "user", "content": "x"}]}\n'.ljust(200)[:cut])
    fill(tmp_path / "parts", 20)
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


KILLED = """
import sys, time
sys.path.insert(0, {tests!r})
import agentrl.data.dataset as dataset
from pathlib import Path
from test_data_shards import KINDS, Selection, episode, open_folder
dataset._COMMIT_SECONDS = 0.0
selection = Selection(only_success=True)
with open_folder(Path({folder!r}), KINDS, selection, settings={{"env": "game"}}, shard_size=4, resume=True) as data:
    print("ready", flush=True)
    for index in range(data.tasks, 100_000):
        data.add([episode(index)])
"""


def test_a_killed_writer_loses_and_repeats_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    for wait in (0.05, 0.15):
        code = KILLED.format(tests=str(Path(__file__).parent), folder=str(folder))
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait)
            os.kill(process.pid, signal.SIGKILL)
    done = json.loads((folder / "progress.json").read_text())["tasks"]
    assert done > 0
    fill(folder, done + 3)
    expected = [f"t{i}" for i in range(done + 3) if i % 3]
    for kind in KINDS:
        assert [record["task_id"] for record in lines(folder, kind)] == expected


def test_other_settings_cannot_go_on(tmp_path: Path) -> None:
    fill(tmp_path / "d", 3, seed=1)
    with pytest.raises(UserError, match=r"was made with seed=1 \(now 2\)"):
        fill(tmp_path / "d", 6, seed=2)


def test_nothing_is_overwritten_by_accident(tmp_path: Path) -> None:
    fill(tmp_path / "d", 3)
    with pytest.raises(UserError, match="exists already"):
        fill(tmp_path / "d", 6, resume=False)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="holds something else"):
        ShardWriter(tmp_path / "mine", KINDS, settings={}, force=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="is a file"):
        ShardWriter(tmp_path / "file", KINDS, settings={})


def test_force_begins_anew(tmp_path: Path) -> None:
    fill(tmp_path / "d", 9)
    with open_folder(tmp_path / "d", KINDS, Selection(), settings={}, shard_size=4, force=True) as data:
        assert data.tasks == 0
        data.add([episode(1)])
    assert len(lines(tmp_path / "d", "messages")) == 1
    assert len((tmp_path / "d" / "index.jsonl").read_text().splitlines()) == 1


def test_a_shortened_shard_is_noticed(tmp_path: Path) -> None:
    fill(tmp_path / "d", 9)
    path = tmp_path / "d/messages/00001.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserError, match="was shortened"):
        fill(tmp_path / "d", 12)


@pytest.mark.parametrize("harm", ["deleted", "cut"])
def test_an_earlier_shard_that_was_harmed_is_noticed(tmp_path: Path, harm: str) -> None:
    fill(tmp_path / "d", 15)
    path = tmp_path / "d/messages/00000.jsonl"
    if harm == "deleted":
        path.unlink()
    else:
        path.write_text(path.read_text().splitlines(keepends=True)[0])
    with pytest.raises(UserError, match=r"00000\.jsonl: was changed since, or is gone"):
        fill(tmp_path / "d", 20)


@pytest.mark.parametrize(
    "change",
    [
        {"tasks": -1},
        {"places": {"messages": {}}},
        {"places": {"../victim": {}}},
        {"places": {"messages": {"shard": 3}, "sharegpt": {}, "index": {}}},
        {"settings": None},
        {"more": 1},
    ],
)
def test_a_foreign_record_of_progress_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    fill(tmp_path / "d", 9)
    path = tmp_path / "d/progress.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    before = content(tmp_path / "d")
    with pytest.raises(UserError, match=r"progress\.json: is damaged"):
        fill(tmp_path / "d", 12)
    assert content(tmp_path / "d") == before


def test_beginning_anew_deletes_shards_and_nothing_else(tmp_path: Path) -> None:
    fill(tmp_path / "d", 9)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "00000.jsonl").write_text("x")
    (tmp_path / "d/messages/notes.jsonl").write_text("x")
    for path in sorted((tmp_path / "d/sharegpt").iterdir()):
        path.unlink()
    (tmp_path / "d/sharegpt").rmdir()
    (tmp_path / "d/sharegpt").symlink_to(tmp_path / "mine")
    ShardWriter(tmp_path / "d", KINDS, settings={}, force=True).close()
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jsonl"))
    assert left == ["d/messages/notes.jsonl", "mine/00000.jsonl"]


def test_a_folder_in_which_nothing_was_done_is_begun_anew(tmp_path: Path) -> None:
    fill(tmp_path / "d", 0, seed=1)
    fill(tmp_path / "d", 3, seed=2)
    assert len(lines(tmp_path / "d", "messages")) == 2


def test_the_index_names_each_kept_episode(tmp_path: Path) -> None:
    fill(tmp_path / "d", 4)
    entries = [json.loads(line) for line in (tmp_path / "d" / f"{INDEX}.jsonl").read_text().splitlines()]
    assert [(entry["task"], entry["task_id"], entry["cell"]) for entry in entries] == [
        (1, "t1", "odd | plain"),
        (2, "t2", "even | plain"),
    ]


def test_the_card_counts_what_is_there(tmp_path: Path) -> None:
    fill(tmp_path / "d", 15, seed=4)
    card = json.loads((tmp_path / "d/card.json").read_text())
    assert card["settings"] == {"env": "game", "seed": 4}
    assert card["counts"] == {"played": 15, "failed": 0, "succeeded": 10, "unsuccessful": 5, "kept": 10}
    assert (card["tasks"], card["episodes"], card["success"], card["mean_turns"]) == (15, 10, 1.0, 1.0)
    assert card["records"] == {"messages": 10, "sharegpt": 10}
    assert card["files"] == {"messages": 3, "sharegpt": 3}
    assert card["cells"] == {"odd | plain": 5, "even | plain": 5}
    assert card["labels"]["goal"] == {"odd": 5, "even": 5}
    assert card["variety"]["answers"]["distinct_1"] == pytest.approx(11 / 20)
    page = (tmp_path / "d/README.md").read_text()
    assert page.startswith('---\nconfigs:\n- config_name: messages\n  data_files: "messages/*.jsonl"\n')
    assert "15 tasks, 15 episodes played, 10 kept; left out: 5 without success." in page


def test_a_full_disk_is_named_and_gone_on_from(tmp_path: Path) -> None:
    fill(tmp_path / "whole", 400)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # the index reaches it first
    try:
        with pytest.raises(UserError, match="cannot be written: File too large"):
            fill(tmp_path / "parts", 400)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    fill(tmp_path / "parts", 400)
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


def test_an_error_before_the_first_task_leaves_nothing_of_a_new_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "d", 3, stop=0)
    assert not (tmp_path / "d").exists()
    fill(tmp_path / "d", 2)
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "d", 3, stop=2)
    assert len(lines(tmp_path / "d", "messages")) == 1
