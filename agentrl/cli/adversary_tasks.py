"""What `agentrl adversary` does, apart from words and tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agentrl.envs.service_desk.curriculum import adversary_settings, check_operators, make_generator
from agentrl.envs.service_desk.domains import get_domain
from agentrl.envs.service_desk.env import TRADES
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import GeneratedTasks, read_tasks, sample_task
from agentrl.errors import ConfigError, UserError, nearest
from agentrl.simulators.adversary import (
    CATEGORIES,
    OPERATORS,
    Rejection,
    apply,
    is_refusal,
    prove,
    verify,
    write_tasks,
)
from agentrl.simulators.models import UserTask
from agentrl.simulators.users import seeded

LEVELS: Final = ("tiny", "easy", "full")


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    tasks: int
    cells: set[tuple[str, str, str, int]]
    refusals: int
    rows: list[tuple[str, str, str, str]]
    """By operator: its name, tasks with it, rejected candidates, and the most frequent reason."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One dialogue with the expert."""

    operator: str
    category: str
    right: str
    lines: tuple[str, ...]


def dialogues(names: Sequence[str], domain: str, level: Any, seed: int) -> Iterator[Dialogue]:
    """A proven dialogue for each of the operators; without names, for the first applicable one of each category.

    Raises ConfigError for an unknown domain or level, UserError for an unknown operator or one that applies nowhere.
    """
    _check(domain=(domain, TRADES), level=(level, LEVELS))
    for name in names:
        if name not in OPERATORS:
            raise UserError(f"there is no operator {name!r}.{nearest(name, OPERATORS)}")
    if names:
        for name in names:
            found = _dialogue(name, domain, level, seed)
            if found is None:
                raise UserError(f"the operator {name!r} applies to no task of {domain!r} at level {level!r}")
            yield found
        return
    for category in CATEGORIES:
        options = (name for name, operator in OPERATORS.items() if operator.category == category)
        if found := next(filter(None, (_dialogue(name, domain, level, seed) for name in options)), None):
            yield found


def _dialogue(name: str, domain: str, level: Any, seed: int) -> Dialogue | None:
    first = seeded("show", seed, name).getrandbits(40)  # each operator has other tasks, so that no two look alike
    for number in range(first, first + 60):
        plain = sample_task(domain, level, number)
        world = get_domain(plain.domain)
        task = apply(plain, [name], seeded("show", seed, number), world)
        if task is not None and not isinstance(prove(task, world, play), Rejection):
            operator = OPERATORS[name]
            return Dialogue(name, operator.category, operator.correct_behaviour, play(task).lines)
    return None


def _check(**choices: tuple[Any, Sequence[str]]) -> None:
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise ConfigError(f"--{name} is {value!r}; it must be one of {', '.join(allowed)}")


def make_tasks(
    out: str,
    count: int,
    domain: str,
    level: Any,
    split: str,
    operators: Sequence[str] | None,
    depth: int,
    refusals: float,
    seed: int,
    *,
    force: bool = False,
) -> Made:
    """Write the tasks to a file, which is whole or not there.

    Raises ConfigError for an unknown domain, level, split or operator, and for operators that make no such tasks;
    UserError when the file exists, unless by `force`, or cannot be written.
    """
    if Path(out).exists() and not force:
        raise UserError(f"{out}: exists already. Choose another name, or overwrite it with --force.")
    _check(domain=(domain, (*TRADES, "both")), level=(level, LEVELS), split=(split, ("train", "test")))
    chosen: dict[str, Any] = {} if operators is None else {"operators": tuple(operators)}
    settings = adversary_settings(
        {"share": 1.0, "adaptive": False, "depth": depth, "refusals": refusals, **chosen}, prefix="--"
    )
    generator = make_generator(GeneratedTasks(TRADES if domain == "both" else (domain,), level), settings, split)
    check_operators(generator)
    written: list[UserTask] = []

    def tasks() -> Iterator[UserTask]:
        for number in range(count):
            task = generator.adversarial(seeded("generate", seed, number))
            written.append(task)
            yield task

    write_tasks(out, tasks())
    used = Counter(op.name for task in written for op in task.ops)
    rows = []
    for name in sorted({*used, *generator.rejected}):
        reasons = generator.rejected.get(name, Counter())
        rows.append((name, str(used[name]), str(reasons.total()), reasons.most_common(1)[0][0] if reasons else ""))
    return Made(len(written), {task.cell for task in written}, sum(map(is_refusal, written)), rows)


def verify_tasks(path: str) -> tuple[list[str], int]:
    """What is wrong with the file's tasks, and how many there are. Raises TaskFileError for broken lines."""
    tasks = read_tasks(path)
    found = ((task, verify(task, get_domain(task.domain), play)) for task in tasks)
    return [f"{path}: task {task.id!r} {problem}" for task, problem in found if problem], len(tasks)
