"""Files of adversarial tasks with their proofs, made and played again, and dialogues that show them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agentrl.envs.service_desk.curriculum import check_operators, make_generator
from agentrl.envs.service_desk.domains.base import Level
from agentrl.envs.service_desk.domains.registry import get_domain, trades_of
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import GeneratedTasks, read_tasks, sample_task
from agentrl.errors import ConfigError, UserError, nearest
from agentrl.simulators.adversary import (
    CATEGORIES,
    OPERATORS,
    Generator,
    Rejection,
    Settings,
    apply,
    is_refusal,
    prove,
    verify,
    write_tasks,
)
from agentrl.simulators.models import UserTask
from agentrl.simulators.users import seeded

_SPARE: Final = 10
"""So many more draws than tasks wanted, and as many again, may come to nothing."""
OnTask = Callable[[int, int], None]
"""Told how many tasks are done, of how many."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    tasks: tuple[UserTask, ...]
    missing: str
    """Why there are fewer than wanted, or ""."""
    rejected: dict[str, Counter[str]]
    """By operator: why candidates with it were not proven, and how often."""

    @property
    def refusals(self) -> int:
        """How many are about refusing."""
        return sum(map(is_refusal, self.tasks))

    @property
    def used(self) -> Counter[str]:
        """How many tasks each operator is in."""
        return Counter(op.name for task in self.tasks for op in task.ops)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One dialogue with the expert."""

    operator: str
    category: str
    right: str
    lines: tuple[str, ...]


def make_tasks(
    out: str | Path,
    count: int = 100,
    *,
    domain: str = "shop",
    level: Level = "full",
    split: str = "train",
    settings: Settings | None = None,
    seed: int = 0,
    force: bool = False,
    on_task: OnTask = lambda done, total: None,
    prefix: str = "",
) -> Made:
    """Write adversarial tasks to a file, which is whole or not there; of the settings, the share is all of them.

    A draw that comes to nothing is passed over; when too many do, the file holds fewer tasks. `prefix` stands before
    the names of arguments in messages. Raises ConfigError for an unknown domain, level or split, and for operators that
    make no such tasks; UserError when the file exists, unless by `force`, when it cannot be written, or without a task.
    """
    if Path(out).exists() and not force:
        raise UserError(f"{out}: exists already. Choose another name, or overwrite it with {prefix}force.")
    trades = trades_of(domain, level, prefix)
    if split not in ("train", "test"):
        raise ConfigError(f"{prefix}split is {split!r}; it must be train or test")
    blind = (settings or Settings()).model_copy(update={"share": 1.0, "adaptive": False})
    generator = make_generator(GeneratedTasks(trades, level), blind, split)
    check_operators(generator, split)
    written: list[UserTask] = []
    reasons: Counter[str] = Counter()

    def tasks() -> Iterator[UserTask]:
        for task in _draw(generator, count, seed, reasons):
            written.append(task)
            on_task(len(written), count)
            yield task
        if not written:
            raise UserError(f"no task could be made: {reasons.most_common(1)[0][0]}")

    write_tasks(out, tasks())
    return Made(tuple(written), reasons.most_common(1)[0][0] if len(written) < count else "", generator.rejected)


def _draw(generator: Generator, count: int, seed: int, reasons: Counter[str]) -> Iterator[UserTask]:
    made = 0
    for number in range(2 * count + _SPARE):
        try:
            task = generator.adversarial(seeded("generate", seed, number), generator.may_refuse)
        except UserError as error:
            reasons[str(error)] += 1
            continue
        yield task
        made += 1
        if made == count:
            return


def verify_tasks(path: str | Path, on_task: OnTask = lambda done, total: None) -> tuple[list[str], int]:
    """What is wrong with the file's tasks, and how many there are. Raises TaskFileError for broken lines."""
    tasks, problems = read_tasks(path), []
    for number, task in enumerate(tasks, 1):
        if problem := verify(task, get_domain(task.domain), play):
            problems.append(f"{path}: task {task.id!r} {problem}")
        on_task(number, len(tasks))
    return problems, len(tasks)


def dialogues(
    names: Sequence[str] = (), domain: str = "shop", level: Level = "full", seed: int = 0, prefix: str = ""
) -> Iterator[Dialogue]:
    """A proven dialogue for each of the operators; without names, for the first applicable one of each category.

    Raises ConfigError for an unknown domain or level, UserError for an unknown operator or one that applies nowhere.
    """
    trades_of(domain, level, prefix, one=True)
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


def _dialogue(name: str, domain: str, level: Level, seed: int) -> Dialogue | None:
    first = seeded("show", seed, name).getrandbits(40)  # each operator has other tasks, so that no two look alike
    for number in range(first, first + 60):
        plain = sample_task(domain, level, number)
        world = get_domain(plain.domain)
        task = apply(plain, [name], seeded("show", seed, number), world)
        if task is not None and not isinstance(prove(task, world, play), Rejection):
            operator = OPERATORS[name]
            return Dialogue(name, operator.category, operator.correct_behaviour, play(task).lines)
    return None
