"""Where the files of a run are, and the small ones among them: settings, episodes, summary, log."""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from agentrl.episode import Episode
from agentrl.errors import RunDirectoryError, nearest
from agentrl.runs.disk import plain_errors, write_atomically

EPISODE_FILE = re.compile(r"step_(\d+)\.jsonl")


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The folder of one run. Make one with `create`, `open` or `latest`."""

    path: Path

    @classmethod
    def create(cls, output_dir: str | Path, run_name: str) -> Self:
        """Make the folder `output_dir/run_name` for a new run.

        Raises RunDirectoryError when a run of that name exists, when the name is no plain folder name, or when the
        disk refuses.
        """
        if not run_name or run_name in {".", ".."} or Path(run_name).name != run_name or "\0" in run_name:
            raise RunDirectoryError(f"run_name={run_name!r} is no plain folder name. Choose one without '/'.")
        run = cls(Path(output_dir) / run_name)
        with plain_errors(RunDirectoryError, run.path):
            # folders alone are what a run leaves that stopped before its first file: nothing to lose
            if run.path.is_dir() and any(not entry.is_dir() for entry in run.path.rglob("*")):
                raise RunDirectoryError(
                    f"{run.path} holds a run already. Go on with it by --resume {run.path}, "
                    "or choose another name with run_name=NAME."
                )
            for folder in (run.path, run.tensorboard, run.episodes, run.checkpoints):
                folder.mkdir(parents=True, exist_ok=True)
        return run

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """The run that lives in `path`.

        Raises RunDirectoryError when there is none, naming the runs nearby.
        """
        run = cls(Path(path))
        if run.config.is_file():
            return run
        found = "has no config.yaml" if run.path.is_dir() else "does not exist"
        siblings = [other.path.name for other in runs_in(run.path.parent)]
        hint = nearest(run.path.name, siblings) or (f" Runs there: {', '.join(siblings[-5:])}." if siblings else "")
        raise RunDirectoryError(f"{run.path} is no run directory: it {found}.{hint}")

    @classmethod
    def latest(cls, output_dir: str | Path) -> Self:
        """The run in `output_dir` that was written to last.

        Raises RunDirectoryError when there is none.
        """
        runs = runs_in(Path(output_dir))
        if not runs:
            raise RunDirectoryError(f"{output_dir} holds no run. Start one with `agentrl train`, or name its folder.")
        return cls(runs[-1].path)

    @property
    def config(self) -> Path:
        """The resolved settings."""
        return self.path / "config.yaml"

    @property
    def metrics(self) -> Path:
        """One JSON line of numbers per step."""
        return self.path / "metrics.jsonl"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's event files."""
        return self.path / "tensorboard"

    @property
    def episodes(self) -> Path:
        """The folder of logged episodes."""
        return self.path / "episodes"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def summary(self) -> Path:
        """Held-out success before and after training."""
        return self.path / "summary.json"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    @property
    def log(self) -> Path:
        """What the run said, with times."""
        return self.path / "run.log"

    def write_config(self, text: str) -> None:
        """Keep the resolved settings, given as YAML. Raises RunDirectoryError."""
        self._write(self.config, text.encode())

    def read_config(self) -> dict[str, Any]:
        """The settings of `write_config`. Raises RunDirectoryError when they are missing or no YAML mapping."""
        config = self._parse(self.config, yaml.safe_load)
        if not isinstance(config, dict):
            raise RunDirectoryError(f"{self.config} is no mapping of settings. Was it edited?")
        return config

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Keep held-out success before and after training as JSON. Raises RunDirectoryError."""
        self._write(self.summary, json.dumps(summary, indent=2).encode())

    def read_summary(self) -> dict[str, Any]:
        """What `write_summary` kept so far, or {}. Raises RunDirectoryError when the file is no JSON object."""
        summary = self._parse(self.summary, json.loads) if self.summary.exists() else {}
        if not isinstance(summary, dict):
            raise RunDirectoryError(f"{self.summary} is no JSON object. Was it edited?")
        return summary

    def append_log(self, text: str) -> None:
        """Add a line with the local time to run.log. Raises RunDirectoryError."""
        with plain_errors(RunDirectoryError, self.log), self.log.open("ab") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n".encode(errors="replace"))

    def log_episodes(self, step: int, episodes: Iterable[Episode]) -> None:
        """Keep the episodes of a step as JSON lines, in place of any that were kept for it. Raises RunDirectoryError.

        Text may hold lone surrogates, which UTF-8 cannot: they become JSON escapes, so that reading gives them back.
        """
        lines = "".join(f"{episode.to_json()}\n" for episode in episodes)
        self._write(self._episode_file(step), lines.encode("utf-8", "backslashreplace"))

    def read_episodes(self, step: int) -> list[Episode]:
        """The episodes that were kept for a step, or []. Raises RunDirectoryError, naming the line that is broken."""
        path = self._episode_file(step)
        if not path.exists():
            return []
        with plain_errors(RunDirectoryError, path):
            # split at \n alone: str.splitlines would also cut at U+2028 and the like inside a text
            lines = path.read_bytes().split(b"\n")
        episodes = []
        for number, line in enumerate(lines, 1):
            if line:
                try:
                    episodes.append(Episode.from_json(line.decode()))
                except ValueError as error:
                    raise RunDirectoryError(f"{path}, line {number}: {error}. Delete the line or the file.") from error
        return episodes

    def episode_steps(self) -> list[int]:
        """The steps for which episodes were kept, in order."""
        if not self.episodes.is_dir():
            return []
        return sorted(int(m[1]) for entry in self.episodes.iterdir() if (m := EPISODE_FILE.fullmatch(entry.name)))

    def truncate_after(self, step: int) -> None:
        """Forget the episodes beyond a step, for a run that goes on from that step's checkpoint."""
        with plain_errors(RunDirectoryError, self.episodes):
            for later in self.episode_steps():
                if later > step:
                    self._episode_file(later).unlink()

    def _episode_file(self, step: int) -> Path:
        return self.episodes / f"step_{step:06d}.jsonl"

    def _write(self, path: Path, data: bytes) -> None:
        with plain_errors(RunDirectoryError, path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)

    def _parse(self, path: Path, parse: Callable[[bytes], Any]) -> Any:
        with plain_errors(RunDirectoryError, path):
            data = path.read_bytes()
        try:
            return parse(data)
        except (ValueError, yaml.YAMLError) as error:
            raise RunDirectoryError(f"{path} cannot be read: {error}. Was it edited?") from error


def runs_in(output_dir: Path) -> list[RunDirectory]:
    """The runs in a folder, the one that was written to last at the end."""
    if not output_dir.is_dir():
        return []
    runs = [RunDirectory(folder) for folder in output_dir.iterdir() if (folder / "config.yaml").is_file()]
    return sorted(runs, key=_last_written)


def _last_written(run: RunDirectory) -> tuple[float, str]:
    files = [file for file in (run.config, run.metrics, run.log) if file.exists()]
    return max((file.stat().st_mtime for file in files), default=0.0), run.path.name
