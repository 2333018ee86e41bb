"""What an answer in session mode asks for: commands, files, a submission. One pass over its lines."""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from agentrl.envs.code_sandbox import feedback

SUBMITTED_FILE: Final = "solution.py"
"""What `submit` submits unless it names another file, and where each submitted program is put."""
MOST_STEPS: Final = 8
"""Commands and files of one answer that are carried out."""

SYSTEM_PROMPT: Final = (
    "You have a shell with task.md and tests.py. ```sh runs commands, ```python file=NAME writes a file, "
    f"```python submits a program, and `submit` at the end of ```sh submits {SUBMITTED_FILE}."
)

_OPENING: Final = re.compile(r"[^`]*(`{3,})([^`]*)$")
_SUBMIT: Final = re.compile(r"submit(?:[ \t]+(\S+))?[ \t]*")
_SHELL, _PYTHON = ("sh", "bash", "shell"), ("python", "py")


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run this in the session's shell."""

    text: str


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Write this file into the session."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The steps in their order, and what is submitted after them: a program, or a file of the session.

    `tidy` tells that it holds something to carry out, all of it in closed fences.
    """

    steps: tuple[RunCommand | WriteFile, ...]
    program: str
    submitted_file: str
    tidy: bool

    @property
    def submits(self) -> bool:
        """Whether a program is submitted."""
        return bool(self.program or self.submitted_file)


class _Block(NamedTuple):
    words: list[str]
    body: str
    closed: bool


def parse(answer: str) -> Answer:
    """Read an answer. Fences with other words, and text around the fences, say nothing.

    Characters that UTF-8 cannot encode become question marks. The last program counts; a program goes before `submit`.
    An answer without any such fence is read as without a session: a program in a bare fence, or at its start.
    """
    blocks = _blocks(answer.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n"))
    steps: list[RunCommand | WriteFile] = []
    program = submitted = ""
    tidy = True
    for words, body, closed in blocks:
        name = _file_name(words)
        if name:
            steps.append(WriteFile(name, body))
        elif words and words[0].lower() in _SHELL:
            command, submitted_here = _split_submit(body)
            submitted = submitted_here or submitted
            if command.strip():
                steps.append(RunCommand(command))
        elif words and words[0].lower() in _PYTHON:
            program = body if body.strip() else program
        else:
            continue
        tidy = tidy and closed
    if not (steps or program or submitted):
        program, tidy = feedback.extract_program(answer)
    return Answer(tuple(steps), program, "" if program else submitted, tidy)


def _blocks(answer: str) -> list[_Block]:
    """The fenced blocks. A fence ends at a line that begins with as many backticks as opened it, or with the answer."""
    blocks: list[_Block] = []
    fence = ""
    words: list[str] = []
    body: list[str] = []
    for line in answer.split("\n"):
        if fence and line.startswith(fence):
            blocks.append(_Block(words, "".join(body), True))
            fence = ""
        elif fence:
            body.append(line + "\n")
        elif opening := _OPENING.match(line.rstrip()):
            fence, words, body = opening[1], opening[2].split(), []
    return [*blocks, _Block(words, "".join(body), False)] if fence else blocks


def _file_name(words: list[str]) -> str:
    names = [word.removeprefix("file=").strip("\"'") for word in words if word.startswith("file=")]
    return names[0] if names else ""


def _split_submit(command: str) -> tuple[str, str]:
    """A command without the `submit` that is its last line, and the file that this submits ("" without one)."""
    lines = command.rstrip().split("\n")
    found = _SUBMIT.fullmatch(lines[-1].strip())
    return ("\n".join(lines[:-1]), found[1] or SUBMITTED_FILE) if found else (command, "")
