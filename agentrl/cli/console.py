"""What the commands share: consoles, a table, a progress bar, and text made safe for a terminal.

rich is imported in the functions, so that `agentrl --help` stays quick.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red"}
"""The colours of a check's status."""


def stdout() -> "Console":
    """The console for results."""
    from rich.console import Console

    return Console(highlight=False)


def stderr() -> "Console":
    """The console for errors and progress, so that results can be piped."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_error(message: str) -> None:
    """Print "error: ..." in red to stderr."""
    from rich.text import Text

    stderr().print(Text.assemble(("error: ", "bold red"), printable(message)), soft_wrap=True)


def printable(text: str) -> str:
    """The text as a terminal may show it: no control characters that move the cursor, no lone surrogates."""
    shown = "".join(sign if sign.isprintable() or sign in "\n\t" else _escaped(sign) for sign in text)
    encoding = sys.stdout.encoding or "utf-8"
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def table(columns: Iterable[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> "Table":
    """A table of text cells, none of which is read as markup. The words pass, warn and fail get their colours."""
    from rich.table import Table
    from rich.text import Text

    made = Table(*columns, title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for row in rows:
        cells = [printable(_cell(value)) for value in row]
        made.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in cells))
    return made


def table_of(rows: Sequence[Mapping[str, Any]]) -> "Table":
    """A table of mappings; its columns are their keys in order of appearance."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return table(columns, ([row.get(column, "") for column in columns] for row in rows))


def progress() -> "Progress":
    """A progress bar on stderr that shows the rate and the remaining time."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Finished items per second."""

        def render(self, task: Any) -> Text:
            """The rate as text."""
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.1f}/s" if speed else "")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    return Progress(*columns, console=stderr())


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _escaped(sign: str) -> str:
    # Marks that join or direct text are not "printable" to Python, but belong to it.
    import unicodedata

    category = unicodedata.category(sign)
    return f"\\x{ord(sign):02x}" if category == "Cc" else sign
