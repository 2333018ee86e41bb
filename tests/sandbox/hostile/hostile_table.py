"""docs/hostile.md, made of the table of cases and the docstrings of the programs.

python tests/sandbox/hostile/hostile_table.py    # writes it; a test fails when it is out of date
"""

from pathlib import Path

from hostile_case import Case
from hostile_cases import CASES

PAGE = Path(__file__).parents[3] / "docs" / "hostile.md"
_HEAD = """# Hostile programs, case by case

Each row is one program of `tests/sandbox/hostile/`, run by the tests in every tier that the machine has, as root and
as an ordinary user. After each of them the tests look at the machine: no process, descriptor, segment or file is left,
nothing planted was read, changed or reached, the fork server lives, and an honest program gets all that it may use.
Secrets are planted before: a file that everybody may read, an environment variable, an inheritable descriptor, a
process with a secret in its memory and on its command line, TCP, UDP and unix services, a System V segment, another
run's program, stdin and files. The programs print what they get hold of, and none of it may be in the output.

"real" marks the attacks that a test sees succeed where nothing is isolated: in the tier `none`, or in a plain
subprocess where that tier's limits hold them, too. The other programs attack limits, or would take the machine down.
The column "container, docker" speaks of the tier `container`, which the docker back-end uses inside its container.

Each program is run as a command of a session, too (`namespaces`, `container`, docker), and must reach as little there;
after the session nothing of it may be left. The column "in a session" tells what is different, and why.

This page is made by `tests/sandbox/hostile/hostile_table.py`; change the table and the docstrings there.
"""
_SECTIONS = {
    "processes": "Processes",
    "resources": "Memory, disk, output",
    "secrets": "Secrets",
    "network": "Network",
    "kernel": "Kernel",
}
_GRADER = """
## Graders

Each of these is a solution. First it passes a grader as they are usually written (`naive_graders.py`: the exit code, a
word on stdout, a list in the same process, unittest and pytest in the solution's directory), then none of ours, in
every tier. Only 61e (feedback), 63g (a slow answer) and 64b (a table) have no such grader to pass first.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for folder, title in _SECTIONS.items():
        columns = (
            "case",
            "must hold",
            "`namespaces`",
            "`lockdown`",
            "container, docker",
            "in a session",
            "not covered",
        )
        rows = [_program(case) for case in CASES if case.name.startswith(folder + "/")]
        parts += [f"\n## {title}\n\n", _table(columns, rows)]
    rows = [_solution(case) for case in CASES if case.is_solution]
    parts += [_GRADER, "\n", _table(("case", "attacks", "must hold", "what holds it", "not covered"), rows)]
    return "".join(parts)


def _program(case: Case) -> tuple[str, ...]:
    lines = case.lines()
    real = f", real ({case.real})" if case.real else ""
    lockdown = case.by_lockdown if case.by_lockdown != "the same" else case.by
    container = case.by_container if case.by_container != "the same" else lockdown
    return (f"{_title(lines)}{real}", lines["Must hold"], case.by, lockdown, container, case.session, case.uncovered)


def _solution(case: Case) -> tuple[str, ...]:
    lines = case.lines()
    return (_title(lines), lines["Attacks"], lines["Must hold"], case.by, case.uncovered)


def _title(lines: dict[str, str]) -> str:
    return lines["title"].removeprefix("Case ").rstrip(".")


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page())
