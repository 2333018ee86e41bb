"""report.html: one run on one page, for people, in one file that loads nothing.

Everything that is shown, episode text above all, is hostile input: the template escapes it, the page has no scripts,
and its content security policy forbids every load.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from agentrl.episode import Episode
from agentrl.errors import RunDirectoryError
from agentrl.runs import charts, health, transcripts
from agentrl.runs.curves import column, curves
from agentrl.runs.directory import RunDirectory
from agentrl.runs.disk import plain_errors, write_atomically
from agentrl.runs.metrics import read_metrics

T = TypeVar("T")
SAMPLE_STEPS = 5
"""How many of the first and of the last steps' episodes make up the distributions of the reward."""


def write_report(run_dir: RunDirectory | Path) -> Path:
    """Write the page of a run and return its path. Files that are missing or broken leave their section out.

    Raises RunDirectoryError when the page cannot be written.
    """
    run = run_dir if isinstance(run_dir, RunDirectory) else RunDirectory(run_dir)
    page = render(run)
    with plain_errors(RunDirectoryError, run.report):
        # lone surrogates, which a policy can write and UTF-8 cannot, become question marks
        write_atomically(run.report, page.encode("utf-8", "replace"))
    return run.report


def render(run: RunDirectory) -> str:
    """The page of a run as HTML."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters.update(compact=charts.compact, percent=charts.as_percent, shown=transcripts.shown)
    template = environment.from_string(files("agentrl.runs").joinpath("report.html").read_text("utf-8"))
    return template.render(_contents(run))


def _contents(run: RunDirectory) -> dict[str, Any]:
    """Everything that the template needs."""
    notes: list[str] = []
    rows = _tolerant(notes, lambda: read_metrics(run.metrics), list[dict[str, float]])
    config = _tolerant(notes, run.read_config, dict[str, Any]) if run.config.exists() else {}
    summary = _tolerant(notes, run.read_summary, dict[str, Any])
    episodes = {step: _tolerant(notes, partial(run.read_episodes, step), list[Episode]) for step in _sampled(run)}
    return {
        "name": run.path.resolve().name,
        "facts": _facts(config, rows),
        "outcome": _outcome(summary, rows),
        "tables": _tables(summary),
        "findings": health.check(rows),
        "notes": notes,
        "curves": curves(rows),
        "rewards": _distribution(episodes),
        "transcripts": transcripts.pick(episodes),
        "config": run.config.read_text("utf-8", "replace") if run.config.exists() else "",
        "view": (charts.WIDTH, charts.HEIGHT, charts.LEFT, charts.RIGHT, charts.TOP, charts.BOTTOM),
        "written": time.strftime("%Y-%m-%d %H:%M"),
    }


def _tolerant(notes: list[str], read: Callable[[], T], empty: Callable[[], T]) -> T:
    """What `read` returns; when the file is broken, something empty, and a note that says so."""
    try:
        return read()
    except RunDirectoryError as error:
        notes.append(str(error))
        return empty()


def _sampled(run: RunDirectory) -> list[int]:
    """The first and the last few steps with episodes, without overlap; the middle one of an odd few is a first."""
    steps = run.episode_steps()
    each = min(SAMPLE_STEPS, (len(steps) + 1) // 2)
    return sorted({*steps[:each], *steps[-each:]})


def _facts(config: Mapping[str, Any], rows: Sequence[Mapping[str, float]]) -> list[tuple[str, str]]:
    """The head of the page: what was trained, on what, how long, when."""
    known = {"environment": config.get("env"), "algorithm": config.get("algo"), "seed": config.get("seed")}
    facts = [(label, str(value)) for label, value in known.items() if value is not None]
    if config:
        facts.insert(2, ("model", _model(config)))
    if rows:
        facts.append(("steps", str(rows[-1]["step"])))
        facts.append(("finished", time.strftime("%Y-%m-%d %H:%M", time.localtime(rows[-1]["time"]))))
        spent = sum(value for _, value in column(rows, "time/step") if math.isfinite(value))
        facts += [("training time", _duration(spent))] if spent else []
    return facts


def _model(config: Mapping[str, Any]) -> str:
    if config.get("model_name_or_path"):
        return str(config["model_name_or_path"])
    tiny = config.get("tiny") or {}
    shape = f", {tiny['num_hidden_layers']} layers of {tiny['hidden_size']}" if "hidden_size" in tiny else ""
    return f"tiny transformer{shape}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _outcome(summary: Mapping[str, Any], rows: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Success before and after: held out, with intervals, or else of the first and last training steps."""
    before, after = _score(summary.get("before")), _score(summary.get("after"))
    if before or after:
        return {"what": "held-out success", "before": before, "after": after}
    success = [value for _, value in column(rows, "reward/success") if math.isfinite(value)]
    if len(success) < 2:
        return {}
    few = min(SAMPLE_STEPS, len(success) // 2)
    first, last = (_score({"success": fmean(part)}) for part in (success[:few], success[-few:]))
    return {"what": f"success in the first and last {few} training steps", "before": first, "after": last}


def _score(fields: Any) -> dict[str, Any] | None:
    """A success rate of the summary with its interval, None where the summary has no number."""
    if not isinstance(fields, Mapping) or _share(fields.get("success")) is None:
        return None
    score = {name: _share(fields.get(name)) for name in ("success", "low", "high")}
    if score["low"] is None or score["high"] is None:
        score |= {"low": None, "high": None}
    return {**score, "n": fields.get("n"), "failed": fields.get("failed")}


def _share(value: Any) -> float | None:
    return min(1.0, max(0.0, float(value))) if isinstance(value, int | float) and math.isfinite(value) else None


def _tables(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Success before and after by difficulty and by turns used."""
    tables = []
    for title, key, name in (("By difficulty", "category", "by_category"), ("By turns used", "turns", "by_turns")):
        listed = summary.get(name)
        rows = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []
        lines = [
            {"label": str(row.get(key, "")), "n": row.get("n")}
            | {end: _share(row.get(end)) for end in ("before", "after")}
            for row in rows
        ]
        tables += [{"title": title, "key": key, "rows": lines}] if lines else []
    return tables


def _distribution(episodes: Mapping[int, Sequence[Episode]]) -> charts.Chart | None:
    """Histograms of the reward per episode, of the first against the last steps."""
    steps = sorted(episodes)
    each = (len(steps) + 1) // 2
    parts = [part for part in (steps[:each], steps[each:]) if part]
    samples = [(_span(part), [e.reward for step in part for e in episodes[step] if not e.failed]) for part in parts]
    return charts.histogram("Reward per episode", samples, note="Share of the logged episodes.")


def _span(steps: Sequence[int]) -> str:
    return f"step {steps[0]}" if len(steps) == 1 else f"steps {steps[0]} to {steps[-1]}"
