"""The domain of the documentation's example, as its file names it, and copies of it that differ from it."""

from pathlib import Path

from typer.testing import CliRunner, Result

from agentrl.cli.app import app

FILE = Path(__file__).parents[1] / "docs" / "examples" / "library.py"
LIBRARY = f"{FILE}:Library"
TINY = """

class Small(Library):
    name = "library_tiny"
    prompt = policy = "Look the loan up by number and card. Renew, hand in or reserve as the rules say."

Library.tiny = Small
"""


def agentrl(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, list(words))


def written(folder: Path, old: str = " ", new: str = " ", more: str = "") -> str:
    """The name of the domain in a copy of the example with a part replaced, and something added."""
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    file = folder / "library.py"
    file.write_text(text.replace(old, new) + more, encoding="utf-8")
    return f"{file}:Library"
