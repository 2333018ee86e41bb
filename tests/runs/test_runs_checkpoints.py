"""Checkpoints: whole or not there, whatever happens while one is written."""

import errno
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentrl.errors import CheckpointError
from agentrl.runs import checkpoints
from agentrl.runs.checkpoints import checkpoint_step, find_checkpoint, save_checkpoint, verify_checkpoint


def content(step: int) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"%d" % step * 5000)
        (folder / "tokenizer").mkdir()
        (folder / "tokenizer" / "vocab.json").write_text(f"[{step}]")

    return write


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder with whole checkpoints of the steps 20 and 40."""
    for step in (20, 40):
        save_checkpoint(tmp_path, step, content(step), keep=2)
    return tmp_path


def test_a_saved_checkpoint_is_found_whole_and_without_notes(two: Path) -> None:
    path, notes = find_checkpoint(two)
    assert path == two / "step_000040"
    assert notes == []
    assert checkpoint_step(path) == 40
    assert (path / "model.safetensors").read_bytes() == b"40" * 5000


def test_nothing_is_found_in_an_empty_or_missing_folder(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path) == (None, [])
    assert find_checkpoint(tmp_path / "missing") == (None, [])


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_rotation_keeps_the_newest(tmp_path: Path, keep: int) -> None:
    for step in (5, 10, 100, 1000, 1_000_000):
        save_checkpoint(tmp_path, step, content(step), keep)
    newest = ["step_000005", "step_000010", "step_000100", "step_001000", "step_1000000"][-keep:]
    assert names(tmp_path) == sorted(newest)


def test_every_flipped_byte_is_noticed(two: Path) -> None:
    file = two / "step_000040" / "model.safetensors"
    data = bytearray(file.read_bytes())
    for place in random.Random(0).sample(range(len(data)), 20):
        data[place] ^= 1
        file.write_bytes(data)
        assert "model.safetensors is damaged" in verify_checkpoint(two / "step_000040")
        data[place] ^= 1


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "half-written": (
        lambda p: os.truncate(p / "model.safetensors", 9),
        r"model.safetensors is half-written \(9 B of 10.0 kB\)",
    ),
    "file gone": (lambda p: (p / "tokenizer" / "vocab.json").unlink(), "tokenizer/vocab.json is missing"),
    "manifest gone": (lambda p: (p / "manifest.json").unlink(), "manifest.json is missing"),
    "manifest empty": (lambda p: (p / "manifest.json").write_text(""), "manifest.json is unreadable"),
    "manifest no mapping": (lambda p: (p / "manifest.json").write_text("[]"), "manifest.json is unreadable"),
    "manifest odd": (lambda p: (p / "manifest.json").write_text('{"files": []}'), "manifest.json is unreadable"),
    "empty folder": (empty, "manifest.json is missing"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_checkpoint_is_skipped_for_the_last_whole_one_and_this_is_said(two: Path, kind: str) -> None:
    damage, words = DAMAGE[kind]
    damage(two / "step_000040")
    path, notes = find_checkpoint(two)
    assert path == two / "step_000020"
    assert len(notes) == 1

    assert re.fullmatch(f"Skipped the checkpoint of step 40: {words}.*; going on from step 20\\.", notes[0])


def test_when_all_are_damaged_none_is_found_and_each_is_named(two: Path) -> None:
    for step in ("step_000020", "step_000040"):
        (two / step / "manifest.json").unlink()
    path, notes = find_checkpoint(two)
    assert path is None
    assert ["step 40" in notes[0], "step 20" in notes[1]] == [True, True]
    assert all("no whole checkpoint is left" in note for note in notes)


def test_the_checkpoint_just_saved_is_never_rotated_away_by_a_damaged_newer_one(two: Path) -> None:
    (two / "step_000040" / "manifest.json").unlink()
    save_checkpoint(two, 30, content(30), keep=1)
    assert names(two) == ["step_000030"]


def test_saving_a_step_again_replaces_it(two: Path) -> None:
    save_checkpoint(two, 40, content(41), keep=2)
    assert names(two) == ["step_000020", "step_000040"]
    assert (two / "step_000040" / "model.safetensors").read_bytes() == b"41" * 5000
    assert find_checkpoint(two) == (two / "step_000040", [])


@pytest.mark.parametrize("calls", [1, 2])
def test_a_crash_while_a_step_is_replaced_loses_nothing(two: Path, monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """Stop before the `calls`-th rename of the exchange, as a kill would: no clean-up runs."""
    replace, left = os.replace, [calls]

    def until(source: Path, target: Path) -> None:
        if not str(source).endswith("manifest.json.tmp"):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", until)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(two, 40, content(41), keep=2)
    monkeypatch.undo()
    path, _ = find_checkpoint(two)
    assert path is not None
    assert (path / "model.safetensors").read_bytes() == b"40" * 5000
    save_checkpoint(two, 60, content(60), keep=3)
    assert names(two) == ["step_000020", "step_000040", "step_000060"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("mine"), RuntimeError("mine")])
def test_what_write_raises_comes_through_and_leaves_nothing(two: Path, error: BaseException) -> None:
    def write(folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise error

    with pytest.raises(type(error)) as caught:
        save_checkpoint(two, 60, write, keep=2)
    assert caught.value is error
    assert names(two) == ["step_000020", "step_000040"]


def test_a_full_disk_is_said_and_the_earlier_checkpoints_stay(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "sync", refuse)
    with pytest.raises(
        CheckpointError, match=r"disk is full: .*step_000060 .* free there.*Delete.*resume goes on from step 40"
    ):
        save_checkpoint(two, 60, content(60), keep=2)
    assert names(two) == ["step_000020", "step_000040"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("")
    with pytest.raises(CheckpointError, match="a file is in the way"):
        save_checkpoint(tmp_path / "checkpoints", 20, content(20), keep=2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("how", ["bytes", "torch", "safetensors"])
def test_a_disk_that_is_really_full_is_recognised_whoever_writes(small_disk: Path, how: str) -> None:
    save_checkpoint(small_disk, 20, content(20), keep=2)

    def write(folder: Path) -> None:
        import torch
        from safetensors.torch import save_file

        large = torch.zeros(1_000_000)
        if how == "bytes":
            (folder / "model").write_bytes(bytes(4_000_000))
        elif how == "torch":
            torch.save({"a": large}, folder / "trainer.pt")
        else:
            save_file({"a": large}, folder / "model.safetensors")

    with pytest.raises(CheckpointError, match=r"disk is full.*goes on from step 20"):
        save_checkpoint(small_disk, 40, write, keep=2)
    assert names(small_disk) == ["step_000020"]
    assert find_checkpoint(small_disk) == (small_disk / "step_000020", [])


SAVER = """
import sys, time
from pathlib import Path
from agentrl.runs.checkpoints import save_checkpoint
folder, stall = Path(sys.argv[1]), int(sys.argv[2])
for step in range(1, 100000):
    def write(place):
        (place / "model").write_bytes(b"%d" % step)
        if step == stall:
            print("inside", flush=True)
            time.sleep(60)
        (place / "state").write_bytes(b"%d" % step * 20000)
    save_checkpoint(folder, step, write, keep=2)
    print(step, flush=True)
"""


def saver(folder: Path, stall: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", SAVER, str(folder), str(stall)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_a_kill_inside_a_save_leaves_the_last_whole_one_and_a_note(tmp_path: Path) -> None:
    with saver(tmp_path, stall=3) as process:
        assert process.stdout is not None
        while process.stdout.readline() != "inside\n":
            pass
        process.kill()
    path, notes = find_checkpoint(tmp_path)
    assert path == tmp_path / "step_000002"
    assert notes == ["Skipped the checkpoint of step 3: its saving was interrupted; going on from step 2."]
    save_checkpoint(tmp_path, 3, content(3), keep=2)
    assert names(tmp_path) == ["step_000002", "step_000003"]


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_time_leaves_a_whole_checkpoint(tmp_path: Path, seed: int) -> None:
    with saver(tmp_path, stall=0) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        time.sleep(random.Random(seed).uniform(0, 0.05))
        process.kill()
        said = [int(line) for line in process.stdout.read().split("\n") if line]
    path, _ = find_checkpoint(tmp_path)
    assert path is not None
    step = checkpoint_step(path)
    assert step >= max(said, default=3)
    assert (path / "state").read_bytes() == b"%d" % step * 20000


def test_the_name_of_a_checkpoint_is_checked(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        checkpoint_step(tmp_path / "latest")
