"""`code_sandbox`: the policy writes a program over several turns against tests, with feedback."""

import dataclasses
import random
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar

from agentrl.envs.base import TextEnv, split_of
from agentrl.envs.code_sandbox import actions, feedback
from agentrl.envs.code_sandbox.desk import Desk
from agentrl.envs.code_sandbox.expert import careless, fenced, in_session
from agentrl.envs.code_sandbox.families import KINDS, Vocabulary
from agentrl.envs.code_sandbox.files import read_tasks
from agentrl.envs.code_sandbox.grading import grade
from agentrl.envs.code_sandbox.rewards import RewardWeights, reward_parts
from agentrl.envs.code_sandbox.sources import GeneratedTasks, GivenTasks
from agentrl.envs.code_sandbox.tasks import CodeTask, DrawnTask, TaskSource, observation
from agentrl.errors import ConfigError
from agentrl.sandbox import Limits, Sandbox, shared_sandbox
from agentrl.sandbox.opening import check_words
from agentrl.sandbox.sessions.session import SESSION_LIMITS, require_processes


class CodeSandboxEnv(TextEnv):
    """Write a function; visible tests answer with feedback; hidden tests decide.

    An answer is text with a program in a ```python fence. If the program passes all visible tests, or it was the last
    of `max_attempts`, the hidden tests decide and the episode terminates; else the observation says what went wrong.

    With `session`, an answer can also run commands and write files in a shell of the episode's own, over `max_turns`
    answers. The hidden tests run elsewhere, on what was submitted alone.

    `reset` takes `options={"split": "train" | "test", "level": 1 | 2 | 3}`; the level is drawn when not given. Tasks
    are generated unless `task_file` (JSONL; see `files.py`) or `tasks` gives them. `step` raises SandboxError when the
    sandbox fails, which says nothing about the program.
    """

    metadata: dict[str, Any] = {**TextEnv.metadata, "reward_range": (0.0, 1.0)}  # noqa: RUF012 (as gymnasium declares it)
    system_prompt = "Answer with a ```python block."
    tiny_cold_start_args: ClassVar[Mapping[str, Any]] = {
        "expert_mistake_rate": 0.9,
        "imitate_mistakes": True,
        "max_attempts": 4,
    }
    """The tiny policy imitates a careless expert, which leaves RL something to put right. It never gets as far as the
    fourth attempt, which holds no slip."""

    def __init__(
        self,
        *,
        levels: Sequence[int] | Mapping[int, float] = (1, 2, 3),
        kinds: Sequence[str] = KINDS,
        vocabulary: Vocabulary = "small",
        task_file: str | PathLike[str] | None = None,
        tasks: Sequence[CodeTask] | None = None,
        max_attempts: int = 3,
        reward_weights: Mapping[str, float] | None = None,
        expert_mistake_rate: float = 0.3,
        imitate_mistakes: bool = False,
        wall_seconds: float = 2.0,
        memory_mb: int = 256,
        session: bool = False,
        max_turns: int = 10,
        command_seconds: float = 10.0,
        output_characters: int = 2000,
        backend: str = "embedded",
        isolation: str = "auto",
        image: str | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        """Arguments:

        levels: of generated tasks, equally often, or with weights: `{1: 0.5, 2: 0.5}`.
        kinds: of families that generated tasks are made of: "numbers", "strings", "lists", "dictionaries".
        vocabulary: "small" is 40 families of operations, each in one wording and with up to four constants, which the
            tiny policy can learn; "full" is all 105 in all their wordings.
        task_file, tasks: play these tasks instead; at most one of the two.
        max_attempts: answers per episode, at least 1.
        reward_weights: replaces some of `RewardWeights`: "success", "partial", "format", "turns".
        expert_mistake_rate: how often an answer of the expert holds a slip, in [0, 1]; the last attempt never does.
        imitate_mistakes: a cold start learns the slips as well, instead of only how they are put right.
        wall_seconds, memory_mb: limits of one run of a program against all its tests; a session's processes together
            may hold `memory_mb`, too.
        session: give the policy a shell.
        max_turns, command_seconds, output_characters: with a session: answers per episode, time for each command, and
            how much of its output is shown.
        backend, isolation, image: what runs the programs, in the words of `open_sandbox`; the process has one of each.
        sandbox: runs the programs instead.

        Raises ConfigError for a value out of range or an unknown word, TaskFileError for a task file with broken lines,
        SandboxError for a session where programs cannot start processes.
        """
        super().__init__()
        _require("max_attempts", max_attempts, max_attempts >= 1, "at least 1")
        _require("expert_mistake_rate", expert_mistake_rate, 0 <= expert_mistake_rate <= 1, "from 0 to 1")
        _require("wall_seconds", wall_seconds, wall_seconds > 0, "above 0")
        _require("memory_mb", memory_mb, memory_mb > 0, "above 0")
        _require("max_turns", max_turns, max_turns >= 1, "at least 1")
        _require("command_seconds", command_seconds, command_seconds > 0, "above 0")
        _require("output_characters", output_characters, output_characters > 0, "above 0")
        self._source = _task_source(levels, kinds, vocabulary, task_file, tasks)
        self._max_attempts = max_attempts
        self._weights = RewardWeights.of(reward_weights or {})
        self._mistake_rate, self._imitate_mistakes = expert_mistake_rate, imitate_mistakes
        self._limits = Limits(wall_seconds=wall_seconds, memory_mb=memory_mb)
        self._sandbox, self._words = sandbox, (backend, isolation, image)
        try:
            check_words(backend, isolation, image)
        except ValueError as error:
            raise ConfigError(f"env_args: {error}") from error
        self._session = session
        self._max_turns = max_turns if session else max_attempts
        self._command_seconds, self._output_characters = command_seconds, output_characters
        if session:
            require_processes(self._runner())
            self.system_prompt = actions.SYSTEM_PROMPT
        self._desk: Desk | None = None
        self._drawn: DrawnTask | None = None
        self._attempts = self._turns = 0
        self._tidy = 0
        self._slip: str | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """A new task: its words, signature and visible examples. Raises ValueError for an unknown split or level."""
        super().reset(seed=seed)
        level = (options or {}).get("level")
        self.close()
        self._drawn = self._source.draw(self._rng(), split_of(options), level)
        self._attempts = self._turns = 0
        self._tidy = 0
        self._slip = None
        if self._session:
            limits = dataclasses.replace(SESSION_LIMITS, memory_mb=self._limits.memory_mb)
            self._desk = Desk(self._runner(), self._drawn.task, limits, self._command_seconds, self._output_characters)
        return observation(self._drawn.task), self._info()

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Carries out the answer. Raises RuntimeError when no episode is under way."""
        task = self._current().task
        self._turns += 1
        answer = self._read(action)
        self._tidy += answer.tidy
        said = self._desk.carry_out(answer.steps) if self._desk is not None else []
        if answer.steps and not answer.submits:
            return self._finish(0, 1) if self._turns == self._max_turns else self._go_on(action, said)
        self._attempts += 1
        last = self._attempts == self._max_attempts or self._turns == self._max_turns
        program, complaint = answer.program, self._nothing(task)
        if self._desk is not None and answer.submitted_file:
            program, complaint = self._desk.read(answer.submitted_file)
        if not program:
            return self._finish(0, 1) if last else self._go_on(action, [*said, complaint])
        verdict = grade(self._runner(), program, task, self._limits, last=last)
        if last or verdict.visible_passed:
            return self._finish(verdict.hidden_passed, len(verdict.hidden))
        said += self._desk.keep(program) if self._desk is not None else []
        return self._go_on(action, [*said, feedback.failure(task, verdict, self._limits.wall_seconds)])

    def expert(self) -> str:
        """What the expert answers now: the canonical solution, or sometimes one with a slip.

        In a session it sometimes looks at the files first, and sometimes runs the tests before it submits.
        Raises ConfigError for a task without a solution (a task file need not give any).
        """
        drawn = self._current()
        if not drawn.task.solution:
            raise ConfigError(
                f"task {drawn.task.task_id!r} has no solution, so there is no expert; give 'solution' in it"
            )
        turns, attempts = self._max_turns - self._turns, self._max_attempts - self._attempts
        rng = self._rng() if self._desk is not None or (drawn.program and attempts > 1) else None
        if rng is None:
            return fenced(drawn.task.solution)
        slips = bool(drawn.program) and min(turns, attempts) > 1 and rng.random() < self._mistake_rate
        program = careless(drawn, rng) if slips else drawn.task.solution
        answer = fenced(program)
        if self._desk is not None:
            answer = in_session(program, drawn.task.solution, self._desk.solution, self._turns, turns, rng)
        self._slip = answer if slips else None
        return answer

    def conditions(self) -> str:
        """How programs are isolated here. Raises SandboxError when they cannot be."""
        return f"programs run in the sandbox, isolation: {self._runner().tier}"

    def close(self) -> None:
        """End the session, if there is one."""
        if self._desk is not None:
            self._desk.close()
            self._desk = None

    def _runner(self) -> Sandbox:
        return self._sandbox or shared_sandbox(*self._words)

    def _current(self) -> DrawnTask:
        if self._drawn is None:
            raise RuntimeError("no episode is under way: call reset first")
        return self._drawn

    def _rng(self) -> random.Random:
        """A generator seeded by the environment's own: many times faster than it for single small draws."""
        return random.Random(int(self.np_random.integers(1 << 62)))

    def _info(self) -> dict[str, Any]:
        task = self._current().task
        return {"task_id": task.task_id, "category": task.category}

    def _read(self, action: str) -> actions.Answer:
        if self._desk is not None:
            return actions.parse(action)
        program, tidy = feedback.extract_program(action)
        return actions.Answer((), program, "", tidy)

    def _nothing(self, task: CodeTask) -> str:
        return feedback.no_program(task) if self._desk is None else feedback.nothing_to_do(task)

    def _go_on(self, action: str, said: Sequence[str]) -> tuple[str, float, bool, bool, dict[str, Any]]:
        info = self._info() | {"rewards": {"hidden": 0.0, "format": 0.0, "turns": 0.0}}
        if action == self._slip and not self._imitate_mistakes:
            info["imitate"] = False
        left = []
        if self._desk is not None:
            turns, attempts = self._max_turns - self._turns, self._max_attempts - self._attempts
            left = [f"Answers left: {turns}, submissions: {min(turns, attempts)}."]
        return "\n".join([*said, *left]), 0.0, False, False, info

    def _finish(self, passed: int, total: int) -> tuple[str, float, bool, bool, dict[str, Any]]:
        rewards = reward_parts(
            self._weights,
            passed=passed,
            total=total,
            tidy_share=self._tidy / self._turns,
            attempts=self._attempts,
            max_attempts=self._max_attempts,
        )
        info = self._info() | {"rewards": rewards, "success": passed == total, "hidden_share": passed / total}
        self._drawn = None
        self.close()
        return feedback.result(passed, total), min(1.0, sum(rewards.values())), True, False, info


def _require(name: str, value: object, is_right: bool, must_be: str) -> None:
    if not is_right:
        raise ConfigError(f"env_args.{name} is {value!r}; it must be {must_be}")


def _task_source(
    levels: Sequence[int] | Mapping[int, float],
    kinds: Sequence[str],
    vocabulary: Vocabulary,
    task_file: str | PathLike[str] | None,
    tasks: Sequence[CodeTask] | None,
) -> TaskSource:
    if task_file is not None and tasks is not None:
        raise ConfigError("env_args: give task_file or tasks, not both")
    if task_file is not None:
        return GivenTasks(read_tasks(task_file))
    return GivenTasks(tasks) if tasks is not None else GeneratedTasks(levels, kinds, vocabulary)
