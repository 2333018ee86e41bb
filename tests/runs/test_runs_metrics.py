"""metrics.jsonl: whole lines, no NaN in JSON, and the same file after a resume."""

import errno
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import RunDirectoryError
from agentrl.runs.directory import RunDirectory
from agentrl.runs.metrics import MetricsWriter, read_metrics


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "first")


def timeless(path: Path) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name != "time"} for row in read_metrics(path)]


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard itself shows: for each tag its steps and values."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_a_line_begins_with_step_and_time(run: RunDirectory) -> None:
    MetricsWriter(run).log(3, {"reward/mean": 0.5})
    assert list(json.loads(run.metrics.read_text())) == ["step", "time", "reward/mean"]


@given(rows=st.lists(st.dictionaries(st.sampled_from("abc"), st.floats()), max_size=6))
def test_numbers_come_back_and_what_is_none_comes_back_as_nan(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, float]]
) -> None:
    run = RunDirectory.create(tmp_path_factory.mktemp("runs"), "first")
    writer = MetricsWriter(run)
    for step, row in enumerate(rows):
        writer.log(step, row)
    assert "NaN" not in run.metrics.read_text() if rows else True
    for step, (row, read) in enumerate(zip(rows, timeless(run.metrics), strict=True)):
        assert read.pop("step") == step
        assert read.keys() == row.keys()
        for name, value in row.items():
            assert read[name] == value if math.isfinite(value) else math.isnan(read[name])


def test_every_line_is_on_the_disk_when_log_returns(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    MetricsWriter(run).log(1, {"a": 1.0})
    assert synced == [run.metrics.stat().st_size]


@given(cut=st.integers(1, 200))
def test_a_half_written_last_line_is_left_out_and_then_removed(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    run = RunDirectory.create(tmp_path_factory.mktemp("runs"), "first")
    for step in (1, 2, 3):
        MetricsWriter(run).log(step, {"reward/mean": step / 7})
    whole = run.metrics.read_bytes()
    run.metrics.write_bytes(whole[:-cut])
    left = whole[:-cut].count(b"\n")
    assert [row["step"] for row in read_metrics(run.metrics)] == [1, 2, 3][:left]
    MetricsWriter(run).log(9, {"reward/mean": 0.0})
    assert [row["step"] for row in read_metrics(run.metrics)] == [*[1, 2, 3][:left], 9]


def test_a_broken_line_in_the_middle_is_named(run: RunDirectory) -> None:
    run.metrics.write_bytes(b'{"step": 1, "time": 0}\n{"step"\n{"step": 3, "time": 0}\n')
    with pytest.raises(RunDirectoryError, match=r"metrics\.jsonl, line 2"):
        read_metrics(run.metrics)


@pytest.mark.parametrize("line", ["[]", "{}", '{"step": null}', '{"step": "x"}', '{"step": 1, "a": []}', "\0", "1e999"])
def test_a_line_that_is_no_metrics_is_named(run: RunDirectory, line: str) -> None:
    run.metrics.write_text(line + "\n")
    with pytest.raises(RunDirectoryError, match="line 1"):
        read_metrics(run.metrics)


def test_a_missing_file_has_no_rows(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "metrics.jsonl") == []


@given(total=st.integers(1, 12), data=st.data())
def test_a_resumed_run_ends_with_the_lines_of_an_uninterrupted_one(
    tmp_path_factory: pytest.TempPathFactory, total: int, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, total), label="checkpoint")
    died = data.draw(st.integers(at, total), label="last step before it died")

    def log(writer: MetricsWriter, steps: range, offset: float) -> None:
        for step in steps:
            writer.log(step, {"reward/mean": math.sin(step) + offset, "kl/ref": math.nan})

    output = tmp_path_factory.mktemp("runs")
    plain, killed = RunDirectory.create(output, "plain"), RunDirectory.create(output, "killed")
    log(MetricsWriter(plain), range(1, total + 1), 0)
    log(MetricsWriter(killed), range(1, at + 1), 0)
    log(MetricsWriter(killed), range(at + 1, died + 1), 1)  # a future that the checkpoint does not know
    resumed = MetricsWriter(killed)
    resumed.truncate_after(at)
    log(resumed, range(at + 1, total + 1), 0)
    assert str(timeless(killed.metrics)) == str(timeless(plain.metrics))


def test_tensorboard_shows_the_same_numbers(run: RunDirectory) -> None:
    writer = MetricsWriter(run)
    writer.log(1, {"reward/mean": 0.25})
    writer.log(2, {"reward/mean": 0.5, "kl/ref": 1.5})
    assert scalars(run.tensorboard) == {"reward/mean": [(1, 0.25), (2, 0.5)], "kl/ref": [(2, 1.5)]}


def test_tensorboard_forgets_what_a_resumed_run_takes_back(run: RunDirectory) -> None:
    for step in (1, 2, 3, 4):
        MetricsWriter(run).log(step, {"reward/mean": 1.0})
    resumed = MetricsWriter(run)
    resumed.truncate_after(2)
    resumed.log(3, {"reward/mean": 0.5})
    assert scalars(run.tensorboard) == {"reward/mean": [(1, 1.0), (2, 1.0), (3, 0.5)]}


def test_writing_metrics_never_imports_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from agentrl.runs.directory import RunDirectory;"
        "from agentrl.runs.metrics import MetricsWriter; from agentrl.runs.report import write_report;"
        "import agentrl.runs.checkpoints, agentrl.runs.state;"
        f"run = RunDirectory.create(Path({str(tmp_path)!r}), 'r'); MetricsWriter(run).log(1, dict(a=1.0));"
        "write_report(run); assert 'torch' not in sys.modules and 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_full_disk_is_said(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = MetricsWriter(run)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RunDirectoryError, match=r"disk is full: .*metrics\.jsonl.* free there"):
        writer.log(1, {"a": 1.0})
