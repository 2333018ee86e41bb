"""Geometry of the report's charts: numbers in, coordinates and labels out. The template draws them as SVG.

All coordinates are in the units of a `WIDTH` x `HEIGHT` view box, y down. Nothing here writes markup, so nothing here
has to escape any.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 42, 350, 26, 166
MOST_POINTS = 240
MOST_COLUMNS = 80
SMOOTH_FROM = 15

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """Named points (step, value). `colour` is an index into the page's palette; `dots` marks each point."""

    label: str
    points: Sequence[Point]
    colour: int = 1
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis, at a coordinate."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A path, how it looks ("raw", "line", "dots"), and its points where these are marked."""

    path: str
    colour: int
    look: str
    marks: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What the chart says when a column of it is pointed at."""

    left: float
    width: float
    x: float
    step: str
    title: str
    values: tuple[tuple[str, int], ...]
    marks: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled rectangle with its explanation."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, ready to be drawn."""

    title: str
    note: str
    legend: tuple[tuple[str, int], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    strokes: tuple[Stroke, ...] = ()
    readings: tuple[Reading, ...] = ()
    bars: tuple[Bar, ...] = ()
    band: tuple[float, float] | None = None
    """Top and height of the healthy range."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from numbers to coordinates."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The coordinate of a value, cut to a tenth."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def line_chart(
    title: str,
    series: Sequence[Series],
    *,
    note: str = "",
    percent: bool = False,
    healthy: tuple[float, float] | None = None,
) -> Chart | None:
    """Lines over steps, or None when there is no finite point. `healthy` shades a range of values."""
    shown = [Series(s.label, _thin(_finite(s.points)), s.colour, s.dots) for s in series]
    shown = [s for s in shown if s.points]
    if not shown:
        return None
    steps = [x for s in shown for x, _ in s.points]
    values = [y for s in shown for _, y in s.points]
    x = Scale(*_x_range(min(steps), max(steps)), LEFT, RIGHT)
    y = Scale(*_y_range(min(values), max(values), percent), BOTTOM, TOP)
    write = as_percent if percent else compact
    return Chart(
        title=title,
        note=note,
        legend=tuple((s.label, s.colour) for s in shown),
        x_ticks=_step_ticks(x),
        y_ticks=tuple(Tick(y(value), write(value)) for value in ticks(y.low, y.high)),
        strokes=tuple(stroke for s in shown for stroke in _strokes(s, x, y)),
        readings=_readings(shown, x, y, write),
        band=_band(healthy, y),
    )


def stacked_chart(title: str, series: Sequence[Series], *, note: str = "", unit: str = "") -> Chart | None:
    """Bars over steps, each cut into the series' parts, or None without data. All series share their steps."""
    columns = [_thin(s.points, 40) for s in series]
    if not columns or not columns[0]:
        return None
    totals = [sum(part[1] for part in parts) for parts in zip(*columns, strict=True)]
    steps = [step for step, _ in columns[0]]
    y = Scale(0, max(totals) * 1.05 or 1.0, BOTTOM, TOP)
    width = (RIGHT - LEFT) / len(steps)
    bars = []
    for index, parts in enumerate(zip(*columns, strict=True)):
        base = 0.0
        for s, (step, value) in zip(series, parts, strict=True):
            top = y(base + value)
            words = f"step {compact(step)}: {s.label} {compact(value)}{unit}"
            left = LEFT + index * width
            bars.append(Bar(round(left + width * 0.1, 1), top, round(width * 0.8, 1), y(base) - top, s.colour, words))
            base += value
    x = Scale(
        *_x_range(steps[0], steps[-1]), *((LEFT + width / 2, RIGHT - width / 2) if len(steps) > 1 else (LEFT, RIGHT))
    )
    return Chart(
        title=title,
        note=note,
        legend=tuple((s.label, s.colour) for s in series),
        x_ticks=_step_ticks(x),
        y_ticks=tuple(Tick(y(value), compact(value) + unit) for value in ticks(y.low, y.high)),
        bars=tuple(bars),
    )


def histogram(title: str, samples: Sequence[tuple[str, Sequence[float]]], *, note: str = "") -> Chart | None:
    """The shares of values per bin, the samples side by side, or None without values."""
    samples = [(label, [v for v in values if math.isfinite(v)]) for label, values in samples]
    everything = [value for _, values in samples for value in values]
    if not everything:
        return None
    low, high = min(0.0, *everything), max(1.0, *everything)
    bins = 10
    shares = [_shares(values, low, high, bins) for _, values in samples]
    y = Scale(0, min(1.0, max(max(row) for row in shares) * 1.1), BOTTOM, TOP)
    x = Scale(low, high, LEFT, RIGHT)
    width, edge = (RIGHT - LEFT) / bins, (high - low) / bins
    bars = []
    for number, (row, (label, _)) in enumerate(zip(shares, samples, strict=True)):
        for index, share in enumerate(row):
            left = LEFT + width * (index + 0.08 + 0.84 * number / len(samples))
            start = low + index * edge
            words = f"{label}: {as_percent(share)} between {compact(start)} and {compact(start + edge)}"
            bar_width = round(width * 0.84 / len(samples), 1)
            bars.append(Bar(round(left, 1), y(share), bar_width, BOTTOM - y(share), number + 1, words))
    return Chart(
        title=title,
        note=note,
        legend=tuple((label, number + 1) for number, (label, _) in enumerate(samples)),
        x_ticks=tuple(Tick(x(value), compact(value)) for value in ticks(low, high)),
        y_ticks=tuple(Tick(y(value), as_percent(value)) for value in ticks(y.low, y.high)),
        bars=tuple(bars),
    )


def ticks(low: float, high: float, least: int = 3) -> list[float]:
    """The widest spaced round numbers (1, 2 or 5 times a power of ten apart) from `low` to `high`, at least `least`."""
    power = 10.0 ** math.ceil(math.log10(high - low))
    for factor in (1, 0.5, 0.2, 0.1, 0.05):
        step = power * factor
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 >= least:
            break
    # rounded, since 3 * 0.1 should read 0.3
    return [round(number * step, 12) for number in range(first, last + 1)]


def compact(value: float) -> str:
    """A number in about three significant digits: 0.0123, 4.57, 12.3k."""
    if not math.isfinite(value):
        return "–"
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):.3g}{unit}"
    if value == int(value):
        return str(int(value))
    return f"{value:.3g}" if abs(value) >= 1e-4 else f"{value:.0e}"


def as_percent(value: float | None) -> str:
    """A share for people: "41.2%"."""
    return f"{100 * value:.3g}%" if value is not None and math.isfinite(value) else "–"


def _finite(points: Sequence[Point]) -> list[Point]:
    return [(x, y) for x, y in points if math.isfinite(y)]


def _thin(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most `most` points: neighbours are averaged, so that a long run stays readable and the page small."""
    size = max(1, math.ceil(len(points) / most))
    chunks = [points[i : i + size] for i in range(0, len(points), size)]
    return [(chunk[-1][0], fmean(y for _, y in chunk)) for chunk in chunks]


def _smooth(points: Sequence[Point]) -> list[Point]:
    """The centred moving average over about a tenth of the points."""
    half = max(1, len(points) // 20)
    return [(x, fmean(y for _, y in points[max(0, i - half) : i + half + 1])) for i, (x, _) in enumerate(points)]


def _strokes(series: Series, x: Scale, y: Scale) -> list[Stroke]:
    if series.dots or len(series.points) == 1:
        marks = tuple((x(step), y(value)) for step, value in series.points)
        return [Stroke(_path(series.points, x, y), series.colour, "dots", marks)]
    if len(series.points) < SMOOTH_FROM:
        return [Stroke(_path(series.points, x, y), series.colour, "line")]
    raw = Stroke(_path(series.points, x, y), series.colour, "raw")
    return [raw, Stroke(_path(_smooth(series.points), x, y), series.colour, "line")]


def _path(points: Sequence[Point], x: Scale, y: Scale) -> str:
    return "M" + " L".join(f"{x(step):g} {y(value):g}" for step, value in points)


def _readings(series: Sequence[Series], x: Scale, y: Scale, write: Callable[[float], str]) -> tuple[Reading, ...]:
    """One column for each of the steps of the longest series, holding what every series says there."""
    steps = [step for step, _ in _thin(max(series, key=lambda s: len(s.points)).points, MOST_COLUMNS)]
    edges = [LEFT, *((x(a) + x(b)) / 2 for a, b in pairwise(steps)), RIGHT]
    columns = []
    for index, step in enumerate(steps):
        left, right = edges[index], edges[index + 1]
        near = [(s, min(s.points, key=lambda p: abs(p[0] - step))) for s in series]
        near = [(s, point) for s, point in near if left - 0.5 <= x(point[0]) <= right + 0.5]
        words = ", ".join(f"{s.label} {write(value)}" for s, (_, value) in near)
        columns.append(
            Reading(
                left=round(left, 1),
                width=round(right - left, 1),
                x=x(step),
                step=compact(step),
                title=f"step {compact(step)}: {words}",
                values=tuple((write(value), s.colour) for s, (_, value) in near),
                marks=tuple((y(value), s.colour) for s, (_, value) in near),
            )
        )
    return tuple(columns)


def _step_ticks(x: Scale) -> tuple[Tick, ...]:
    return tuple(Tick(x(step), compact(step)) for step in ticks(x.low, x.high) if step == int(step))


def _x_range(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low - 1, high + 1)


def _y_range(low: float, high: float, percent: bool) -> tuple[float, float]:
    """The data's range with a margin; 0 is shown when it is not far away, and shares stay within 0 and 100 %."""
    margin = (high - low) * 0.06 or max(abs(high) * 0.1, 1e-3)
    bottom = 0.0 if 0 <= low < 0.6 * high or (percent and low >= 0) or low == high == 0 else low - margin
    top = high + margin
    if percent and high <= 1:
        top = min(1.0, max(top, 0.1))
    return bottom, top


def _band(healthy: tuple[float, float] | None, y: Scale) -> tuple[float, float] | None:
    if healthy is None:
        return None
    low, high = max(healthy[0], y.low), min(healthy[1], y.high)
    return (y(high), round(y(low) - y(high), 1)) if high > low else None


def _shares(values: Sequence[float], low: float, high: float, bins: int) -> list[float]:
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    return [count / max(1, len(values)) for count in counts]
