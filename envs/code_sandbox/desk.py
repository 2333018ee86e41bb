"""Where the policy works in session mode: a session with the task's files, and what it reads of what happens there."""

from collections.abc import Sequence
from typing import Final

from agentrl.envs.code_sandbox.actions import MOST_STEPS, SUBMITTED_FILE, RunCommand, WriteFile
from agentrl.envs.code_sandbox.tasks import CodeTask, call_text, observation
from agentrl.sandbox import Limits, Sandbox
from agentrl.sandbox.sessions.session import CommandResult, Session, SessionEndedError

LONGEST_PROGRAM: Final = 1 << 16
_TESTS_HEAD: Final = """\
from math import inf, nan

from {module} import {function}


def expect(call, got, expected):
    if got != expected:
        raise SystemExit(f"Failed: {{call}} returned {{got!r}}, expected {{expected!r}}.")

"""


def first_files(task: CodeTask) -> dict[str, bytes]:
    """What a session begins with: `task.md` is the first observation, `tests.py` runs the visible tests."""
    lines = [_TESTS_HEAD.format(module=SUBMITTED_FILE.removesuffix(".py"), function=task.entry_point)]
    for case in task.visible:
        call = call_text(task.entry_point, case.args)
        lines.append(f"expect({call!r}, {call}, {case.expected!r})")
    if task.visible_source:
        lines += [f"candidate = {task.entry_point}", task.visible_source.rstrip()]
        lines += ["check(candidate)"] if "def check(" in task.visible_source else []
    lines.append('print("The visible tests pass.")')
    return {"task.md": _bytes(observation(task) + "\n"), "tests.py": _bytes("\n".join(lines) + "\n")}


class Desk:
    """The session of one episode. It opens when it is first needed, and anew after the policy has ended it."""

    def __init__(
        self, sandbox: Sandbox, task: CodeTask, limits: Limits, command_seconds: float, longest_output: int
    ) -> None:
        self._sandbox, self._limits = sandbox, limits
        self._command_seconds, self._longest_output = command_seconds, longest_output
        self._files = first_files(task)
        self._session: Session | None = None
        self.solution = ""
        """What the policy put into `solution.py` last, by a fence."""

    def carry_out(self, steps: Sequence[RunCommand | WriteFile]) -> list[str]:
        """Carry out an answer's steps; what the policy reads about each. Raises SandboxError when the sandbox fails."""
        said: list[str] = []
        try:
            for step in steps[:MOST_STEPS]:
                said.append(self._write(step) if isinstance(step, WriteFile) else self._run(step))
        except SessionEndedError as error:
            said.append(self._restart(error))
            return said
        if len(steps) > MOST_STEPS:
            said.append(f"Only the first {MOST_STEPS} blocks were carried out.")
        return said

    def read(self, name: str) -> tuple[str, str]:
        """A program of the session, or what is wrong with it. Raises SandboxError when the sandbox fails."""
        try:
            program = self._open().read_file(name, LONGEST_PROGRAM).decode("utf-8", "replace")
        except OSError as error:
            return "", f"Cannot submit {error}."
        except SessionEndedError as error:
            return "", self._restart(error)
        return (program, "") if program.strip() else ("", f"Cannot submit {name}: it is empty.")

    def keep(self, program: str) -> list[str]:
        """Put a program that was submitted into `solution.py`, now or when the session opens; what went wrong."""
        self.solution = program
        self._files[SUBMITTED_FILE] = _bytes(program)
        step = WriteFile(SUBMITTED_FILE, program)
        said = self.carry_out([step]) if self._session is not None else []
        return [line for line in said if line != _wrote(step)]

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _open(self) -> Session:
        if self._session is None:
            self._session = Session(self._sandbox, files=self._files, limits=self._limits)
        return self._session

    def _restart(self, error: SessionEndedError) -> str:
        self.close()
        self.solution = ""
        text = str(error)
        return f"{text[:1].upper()}{text[1:]}. A new session begins with the first files."

    def _write(self, step: WriteFile) -> str:
        try:
            self._open().write_file(step.name, _bytes(step.text))
        except (OSError, ValueError) as error:
            return f"Cannot write {error}."
        if step.name == SUBMITTED_FILE:
            self.solution = step.text
        return _wrote(step)

    def _run(self, step: RunCommand) -> str:
        try:
            result = self._open().run(step.text, self._command_seconds)
        except ValueError as error:
            return f"Cannot run this: {error}."
        notes = [f"[{note}]" for note in result.notes]
        return "\n".join([self._headline(result), *filter(None, [self._shortened(result.output.rstrip())]), *notes])

    def _headline(self, result: CommandResult) -> str:
        if result.timed_out:
            return f"Time-out: killed after {self._command_seconds:g} s."
        if result.flooded:
            return "Killed: too much output."
        if result.exit_code is not None and result.exit_code < 0:
            return f"Killed by signal {-result.exit_code}."
        return f"Exit code {result.exit_code}."

    def _shortened(self, text: str) -> str:
        """The beginning and the end of a text that is too long."""
        left_out = len(text) - self._longest_output
        if left_out <= 0:
            return text
        half = self._longest_output // 2
        return f"{text[:half]}\n[{left_out} characters left out]\n{text[len(text) - (self._longest_output - half) :]}"


def _wrote(step: WriteFile) -> str:
    return f"Wrote {step.name}."


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
