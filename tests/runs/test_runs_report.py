"""report.html: everything escaped, nothing loaded, and a page for every state of a run."""

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from agentrl.episode import End, Episode, Stop, Trajectory, Turn
from agentrl.runs.charts import Series, compact, line_chart, stacked_chart, ticks
from agentrl.runs.directory import RunDirectory
from agentrl.runs.metrics import MetricsWriter
from agentrl.runs.report import render, write_report
from agentrl.runs.transcripts import pick, shown

ATTACK = "<script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>\"' onload='x' {{ 7*7 }} </pre>"
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Collects the tags with their attributes and the text, and checks that tags nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def episode(seed: int, success: bool, text: str = "my answer") -> Episode:
    first = Turn(text=text, observation=f"observed {seed}", reward=0.25, rewards={"format": 0.25}, stop=Stop.LENGTH)
    last = Turn(text=f"{text} again", observation="feedback", reward=0.5 * success, rewards={"tests": 0.5 * success})
    seat = Trajectory("policy", (first, last), End.TERMINATED, system_prompt="be good", final_observation="the end")
    return Episode("toy", f"task {seed}", seed, "g", (seat,), info={"success": success, "category": "level 1"})


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "first")


ODD_SUMMARIES = [[], {"before": None}, {"after": {}}, {"by_turns": [3]}, {"by_turns": 3}, {"after": {"success": "x"}}]


def fill(run: RunDirectory, steps: int) -> None:
    writer = MetricsWriter(run)
    for step in range(1, steps + 1):
        share = step / steps
        row = {"reward/mean": share, "reward/success": share, "kl/ref": 4 * share, "time/rollout": 1.0}
        writer.log(step, row | {"time/update": 0.5, "time/step": 2.0, "policy/loss": math.nan if step == 2 else 0.1})
        run.log_episodes(step, [episode(seed, seed % 2 == 0) for seed in range(4)])


def test_text_of_an_episode_never_becomes_markup(run: RunDirectory) -> None:
    hostile = Episode(
        env=ATTACK,
        task_id=ATTACK,
        seed=0,
        group=ATTACK,
        trajectories=tuple(
            Trajectory(
                agent=f"{ATTACK}{seat}",
                turns=(Turn(text=ATTACK, observation=ATTACK, rewards={ATTACK: 1.0}),),
                end=End.TERMINATED,
                system_prompt=ATTACK,
                final_observation=ATTACK,
            )
            for seat in range(2)
        ),
        info={"success": True, "category": ATTACK},
    )
    run.log_episodes(1, [hostile])
    run.write_config(json.dumps({"env": ATTACK, "algo": ATTACK, "model_name_or_path": ATTACK}))
    run.write_summary(
        {"after": {"success": 0.5, "n": ATTACK}, "by_category": [{"category": ATTACK, "before": ATTACK, "n": ATTACK}]}
    )
    MetricsWriter(run).log(1, {f"reward/{ATTACK}": 1.0})
    html = write_report(run).read_text()
    page = Page(html)
    assert {"script", "img", "link", "iframe", "object", "a"}.isdisjoint(tag for tag, _ in page.tags)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count("alert(1)") >= 8
    assert "49" not in re.findall(r"onload='x' (\S+)", page.text)


def test_the_page_loads_nothing(run: RunDirectory) -> None:
    fill(run, 30)
    html = write_report(run).read_text()
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html
    assert "@import" not in html
    loading = {"src", "href", "srcset", "action", "data", "xlink:href", "poster"}
    assert not [name for _, attributes in Page(html).tags for name in attributes if name in loading]
    assert "default-src 'none'" in html


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 20, 700])
def test_any_number_of_steps_makes_a_page(run: RunDirectory, steps: int) -> None:
    fill(run, steps)
    html = write_report(run).read_text()
    page = Page(html)
    assert ("No step has been logged yet." in page.text) == (steps == 0)
    assert len([tag for tag, _ in page.tags if tag == "svg"]) == (0 if steps == 0 else 5)
    assert "nan" not in " ".join(str(attributes) for _, attributes in page.tags)
    assert len(html) < 500_000


@pytest.mark.parametrize("file", ["metrics.jsonl", "config.yaml", "summary.json", "episodes/step_000001.jsonl"])
def test_a_broken_file_is_said_on_the_page(run: RunDirectory, file: str) -> None:
    fill(run, 3)
    (run.path / file).write_bytes(b"\xff{broken\n")
    page = Page(write_report(run).read_text())
    assert "this page" in page.text
    assert Path(file).name in page.text.split("Curves")[0]


@pytest.mark.parametrize("summary", ODD_SUMMARIES)
def test_an_odd_summary_does_not_stop_the_page(run: RunDirectory, summary: object) -> None:
    fill(run, 3)
    run.summary.write_text(json.dumps(summary))
    Page(write_report(run).read_text())


def test_a_folder_without_any_file_makes_a_page(tmp_path: Path) -> None:
    Page(write_report(tmp_path).read_text())


def test_success_before_and_after_is_shown_with_intervals(run: RunDirectory) -> None:
    run.write_summary(
        {
            "before": {"success": 0.363, "low": 0.306, "high": 0.424, "n": 256},
            "after": {"success": 0.789, "low": 0.735, "high": 0.835, "n": 256},
            "by_category": [{"category": "level 7", "before": 0.1, "after": None, "n": 9}],
            "by_turns": [{"turns": 3, "before": 0.2, "after": 0.4, "n": 9}],
        }
    )
    text = re.sub(r"\s+", " ", Page(render(run)).text)
    for words in ("36.3% → 78.9%", "+42.6 points", "[73.5%, 83.5%]", "n = 256", "level 710%–", "320%40%"):
        assert words in text


def test_health_messages_are_shown_with_their_steps(run: RunDirectory) -> None:
    writer = MetricsWriter(run)
    for step in range(1, 5):
        writer.log(step, {"kl/ref": 9.0})
    text = Page(render(run)).text
    assert "step 3" in text
    assert "KL to the reference is 9.0 nats" in text
    assert "No rule" not in text


def test_first_and_last_step_show_a_success_and_a_failure_each(run: RunDirectory) -> None:
    fill(run, 12)
    picked = pick({step: run.read_episodes(step) for step in run.episode_steps()})
    verdicts = {step: [(t.episode.success, t.unfolded) for t in transcripts] for step, transcripts in picked}
    assert verdicts == {1: [(False, True), (True, False)], 12: [(True, True), (False, False)]}


def test_a_transcript_holds_everything_in_order(run: RunDirectory) -> None:
    run.log_episodes(1, [episode(0, True)])
    text = Page(render(run)).text
    places = [text.index(words) for words in ("be good", "observed 0", "my answer", "feedback", "again", "the end")]
    assert places == sorted(places)
    assert "format 0.25" in text
    assert "cut off by max_new_tokens" in text


def test_seats_are_shown_in_the_order_in_which_they_acted() -> None:
    seats = tuple(
        Trajectory(name, tuple(Turn(text=f"{name}{i}") for i in range(2)), End.TERMINATED) for name in ("a", "b")
    )
    played = Episode("toy", "t", 0, "g", seats, order=("b", "a", "b", "a"))
    ((_, (transcript,)),) = pick({1: [played]})
    assert [message.text for message in transcript.messages] == ["b0", "a0", "b1", "a1"]
    assert [message.who for message in transcript.messages] == ["b", "a", "b", "a"]


def test_failed_episodes_are_no_example() -> None:
    broken = Episode("toy", "t", 0, "g", (Trajectory("policy", (), End.FAILED, failure="boom"),))
    assert pick({1: [broken]}) == [(1, [])]
    assert pick({}) == []


def test_long_and_odd_text_is_made_readable(run: RunDirectory) -> None:
    assert shown("x" * 7000).endswith("… 1,000 more characters")
    assert shown("a\0\x1b[31m\u202eb\n\tc") == "a␀␛[31m\ufffdb\n\tc"
    run.log_episodes(1, [episode(0, True, "\ud800 lone " + "y" * 9000)])
    assert "? lone" in write_report(run).read_text("utf-8")


def test_a_point_lands_where_the_axes_say() -> None:
    chart = line_chart("t", [Series("s", [(0, 0.0), (10, 1.0), (20, math.nan), (30, 2.0)])])
    assert chart is not None
    y = {tick.label: tick.at for tick in chart.y_ticks}
    x = {tick.label: tick.at for tick in chart.x_ticks}
    assert chart.strokes[0].path == f"M{x['0']:g} {y['0']:g} L{x['10']:g} {y['1']:g} L{x['30']:g} {y['2']:g}"


def test_every_step_has_a_reading_of_every_series() -> None:
    chart = line_chart("t", [Series("a", [(1, 5.0), (2, 6.0)]), Series("b", [(2, 7.0)], 2)])
    assert chart is not None
    assert [reading.title for reading in chart.readings] == ["step 1: a 5", "step 2: a 6, b 7"]


def test_nothing_to_draw_is_no_chart() -> None:
    assert line_chart("t", []) is None
    assert line_chart("t", [Series("a", [(1, math.nan)])]) is None
    assert stacked_chart("t", [Series("a", [])]) is None


def test_the_parts_of_a_bar_stand_on_each_other() -> None:
    chart = stacked_chart("t", [Series("a", [(1, 1.0), (2, 2.0)]), Series("b", [(1, 3.0), (2, 0.0)], 2)])
    assert chart is not None
    first, second = chart.bars[0], chart.bars[1]
    assert second.y + second.height == pytest.approx(first.y)
    assert second.height == pytest.approx(3 * first.height, rel=0.02)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.5, 1]),
        (0, 0.83, [0, 0.2, 0.4, 0.6, 0.8]),
        (-0.047, 0.038, [-0.04, -0.02, 0, 0.02]),
        (1, 60, [20, 40, 60]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.01234, "0.0123"), (12, "12"), (12345, "12.3k"), (math.nan, "–")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert compact(value) == text
