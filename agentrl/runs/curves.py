"""Which curves the report shows, in which order, from the rows of metrics.jsonl."""

import math
from collections.abc import Iterable, Mapping, Sequence

from agentrl.runs.charts import Chart, Point, Series, line_chart, stacked_chart

Rows = Sequence[Mapping[str, float]]
OWN_REWARDS = frozenset({"reward/mean", "reward/std", "reward/success"})


def curves(rows: Rows) -> list[Chart]:
    """All charts for which the run has numbers."""
    charts = (_reward(rows), _parts(rows), *_policy(rows), *_episodes(rows), *_machine(rows))
    return [chart for chart in charts if chart is not None]


def column(rows: Rows, name: str) -> list[Point]:
    """The points (step, value) of one metric, with NaN where it was not finite."""
    return [(row["step"], row[name]) for row in rows if name in row]


def _series(rows: Rows, named: Mapping[str, str], first: int = 1) -> list[Series]:
    """One series for each metric (name → label) that was logged."""
    return [
        Series(label, points, colour)
        for colour, (name, label) in enumerate(named.items(), first)
        if (points := column(rows, name))
    ]


def _reward(rows: Rows) -> Chart | None:
    held_out = Series("held out", column(rows, "eval/success"), 3, dots=True)
    series = [*_series(rows, {"reward/mean": "reward", "reward/success": "success"}), held_out]
    note = "Training episodes of each step; dots: success on held-out tasks."
    return line_chart("Reward and success", [s for s in series if s.points], note=note)


def _parts(rows: Rows) -> Chart | None:
    names: Iterable[str] = dict.fromkeys(name for row in rows for name in row if name.startswith("reward/"))
    parts = {name: name.removeprefix("reward/") for name in names if name not in OWN_REWARDS}
    return line_chart("Parts of the reward", _series(rows, dict(list(parts.items())[:6])), note="Means per episode.")


def _policy(rows: Rows) -> list[Chart | None]:
    return [
        line_chart(
            "KL to the reference",
            _series(rows, {"kl/ref": "nats per trajectory"}),
            note="1 to 5 (shaded) is healthy.",
            healthy=(1, 5),
        ),
        line_chart(
            "Entropy",
            _series(rows, {"policy/entropy": "nats per token"}, 4),
            note="How much the policy explores.",
        ),
        line_chart("Loss", _series(rows, {"policy/loss": "policy", "value/loss": "value"})),
        line_chart("Gradient norm", _series(rows, {"policy/grad_norm": "before clipping"}, 2)),
        line_chart("KL of one update", _series(rows, {"kl/update": "nats per trajectory"}, 5)),
        line_chart(
            "Clipped ratios",
            _series(rows, {"policy/clip_low": "below", "policy/clip_high": "above"}),
            note="Share of tokens whose gradient was cut.",
            percent=True,
        ),
        line_chart(
            "Explained variance of the critic",
            _series(rows, {"value/explained_variance": "share"}, 3),
            note="1 is perfect, 0 a constant.",
        ),
    ]


def _episodes(rows: Rows) -> list[Chart | None]:
    shares = {
        "groups/constant_share": "groups without reward spread",
        "episode/length_stop_share": "actions cut off",
        "episode/failed_share": "failed episodes",
    }
    return [
        line_chart("Turns per episode", _series(rows, {"episode/turns": "turns"}, 2)),
        line_chart("Tokens per episode", _series(rows, {"episode/tokens": "sampled tokens"}, 4)),
        line_chart("Shares to watch", _series(rows, shares), note="Healthy when low.", percent=True),
    ]


def _machine(rows: Rows) -> list[Chart | None]:
    return [
        _time(rows),
        line_chart("Throughput", _series(rows, {"throughput/tokens_per_second": "tokens per second"}, 3)),
        line_chart("Memory", _series(rows, {"memory/rss_mb": "MB"}, 5)),
    ]


def _time(rows: Rows) -> Chart | None:
    named = ("time/rollout", "time/update", "time/step")
    timed = [row for row in rows if all(math.isfinite(row.get(name, math.nan)) for name in named)]
    rest = [(row["step"], max(0.0, row["time/step"] - row["time/rollout"] - row["time/update"])) for row in timed]
    parts = [*_series(timed, {"time/rollout": "rollout", "time/update": "update"}), Series("other", rest, 6)]
    return stacked_chart("Time per step", parts, unit=" s") if timed else None
