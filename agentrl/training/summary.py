"""What a run came to: held-out success before and after, in a table for people and a file for the report."""

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from agentrl.evaluation.evaluate import EvalReport
from agentrl.evaluation.statistics import Rate
from agentrl.training.failures import failures, tell_failures

if TYPE_CHECKING:
    from agentrl.training.api import TrainResult

_NONE = Rate(0.0, 0.0, 1.0, 0)


def side(report: EvalReport) -> dict[str, Any]:
    """One side of the summary: the overall rate, the rates by category and by turns used, and what went wrong."""
    return {
        **report.overall.as_dict(),
        "reward": report.reward,
        "failed": report.failed,
        "failure": next(iter(failures(report.episodes)), ""),
        "cut": report.cut,
        "no_room": report.no_room,
        **({"user_turns": report.worded.as_dict()} if report.worded else {}),
        **({"judge": report.judged.as_dict()} if report.judged else {}),
        "by_category": {name: rate.as_dict() for name, rate in report.by_category.items()},
        "by_turns": {str(turns): rate.as_dict() for turns, rate in report.by_turns.items()},
    }


def in_words(report: EvalReport) -> str:
    """The overall rate, what it hides (episodes that FAILED, or that the context had no room for), and the judge's."""
    told = [str(report.overall), tell_failures(report.episodes)]
    if report.no_room:
        told.append(f"{report.no_room} of {len(report.episodes)} episodes did not fit max_context: raise it")
    if report.worded:
        told.append(report.worded.note)
    if report.judged:
        told += [f"the judge's share {report.judged}", report.judged.note]
    return "; ".join(filter(None, told))


def summarise(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    """The content of summary.json."""
    summary: dict[str, Any] = {}
    if before is not None:
        summary["before"] = before
    if after is not None:
        summary["after"] = after
    for table, key in (("by_category", "category"), ("by_turns", "turns")):
        sides = [(end or {}).get(table, {}) for end in (before, after)]
        rows = []
        for name in sorted({*sides[0], *sides[1]}, key=lambda word: (len(word), word)):
            rates = [Rate(**part[name]) if name in part else _NONE for part in sides]
            row: dict[str, Any] = {key: name, "n": rates[1].n, "n_before": rates[0].n}
            row |= {end: rate.success for end, rate in zip(("before", "after"), rates, strict=True) if rate.n}
            rows.append(row)
        summary[table] = rows
    return summary


def print_summary(result: "TrainResult", console: Console) -> None:
    """The closing table of `agentrl train`, where everything is, and what to do next."""
    before, after = result.summary.get("before"), result.summary.get("after")
    if before or after:
        console.print(_table(before, after))
    reason = next((end["failure"] for end in (after, before) if end and end.get("failure")), "")
    if reason:
        console.print(f"A reason of FAILED episodes: {reason}", style="yellow", markup=False, soft_wrap=True)
    if result.interrupted:
        console.print(f"Stopped at step {result.step}. Go on with: agentrl train --resume {result.run_dir}")
    console.print(f"Run: {result.run_dir}   (report: {result.run_dir / 'report.html'})", soft_wrap=True)
    console.print(f"Next: agentrl eval {result.run_dir}   |   open the report in a browser", soft_wrap=True)


def _table(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Table:
    table = Table(title="Held-out success, with 95 % intervals", title_justify="left")
    for column in ("", "before", "after", "episodes"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("all", _cell(before), _cell(after), str((after or before or {}).get("n", "")))
    for key, label in (("by_category", ""), ("by_turns", "turns used: ")):
        sides = [(end or {}).get(key, {}) for end in (before, after)]
        table.add_section()
        for name in sorted({*sides[0], *sides[1]}, key=lambda word: (len(word), word)):
            cells = [_cell(part.get(name)) for part in sides]
            counts = " / ".join(str(part[name]["n"]) if name in part else "0" for part in sides)
            table.add_row(f"{label}{name}", *cells, counts)
    table.add_section()
    for key, label in (("failed", "FAILED, left out"), ("no_room", "did not fit max_context")):
        found = [(end or {}).get(key, 0) for end in (before, after)]
        if any(found):
            table.add_row(label, *(str(number) if number else "-" for number in found), "")
    return table


def _cell(fields: dict[str, Any] | None) -> str:
    if not fields:
        return "-"
    return str(Rate(fields["success"], fields["low"], fields["high"], fields["n"]))
