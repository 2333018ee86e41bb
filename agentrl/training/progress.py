"""What a run shows while it works: bars with rates and remaining time on a terminal, plain lines elsewhere."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

Report = Callable[[int, int, str], None]


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")


class Display:
    """Shows phases of long work, each as a bar; messages appear above it."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)

    def say(self, text: str, style: str = "") -> None:
        """Print a line."""
        self.console.print(text, style=style or None, highlight=False, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def phase(self, title: str) -> Iterator[Report]:
        """A bar for the block; the report function takes done, total and a description."""
        if not self.console.is_terminal:
            yield lambda done, total, text: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(title, total=None)

            def report(done: int, total: int, text: str) -> None:
                progress.update(task, completed=done, total=total, description=f"{title}: {text}" if text else title)

            yield report


def step_line(step: int, total: int, metrics: dict[str, Any]) -> str:
    """One training step in one line."""
    parts = [
        f"step {step:>4}/{total}",
        f"reward {metrics['reward/mean']:.3f}",
        f"success {metrics['reward/success']:.1%}",
        f"turns {metrics['episode/turns']:.2f}",
        f"entropy {metrics.get('policy/entropy', float('nan')):.3f}",
    ]
    if "kl/ref" in metrics:
        parts.append(f"kl {metrics['kl/ref']:.2f}")
    parts.append(f"{metrics['time/step']:.1f} s")
    return "  ".join(parts)
