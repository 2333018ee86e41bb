"""What an environment of the desk plays: its settings about tasks, checked, and the options of a reset."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from os import PathLike
from typing import Any, Final

from agentrl.envs.base import split_of
from agentrl.envs.service_desk.checking import check_task
from agentrl.envs.service_desk.curriculum import AdversarialTasks, adversary_settings
from agentrl.envs.service_desk.domains.base import Domain, Level
from agentrl.envs.service_desk.domains.registry import domain_name, get_domain, trades_of
from agentrl.envs.service_desk.people import people_of
from agentrl.envs.service_desk.tasks import GeneratedTasks, GivenTasks, TaskSource, read_tasks
from agentrl.errors import ConfigError, TaskFileError, UserError, nearest
from agentrl.simulators.adversary import Settings
from agentrl.simulators.models import UserTask

_DEFAULTS: Final = ("shop", "tiny")
_OPTIONS: Final = ("split", "task", "user_seed", "number")


@dataclass(frozen=True, slots=True)
class Played:
    """Where the tasks come from: `plain`, which `source` makes adversarial by the settings `adversary`."""

    domains: tuple[Domain, ...]
    """Those that the prompt is about."""
    plain: TaskSource
    source: TaskSource
    adversary: Settings | None

    def draw(self, rng: random.Random, split: str, number: int | None) -> UserTask:
        """The task of the episode with this number, where that decides; else one by the random numbers."""
        if isinstance(self.source, GivenTasks | AdversarialTasks) and number is not None:
            return self.source.at(number, split, rng)
        return self.source.draw(rng, split)

    @property
    def told(self) -> str:
        """What is worth knowing before anything is played, or ""."""
        return self.plain.told if isinstance(self.plain, GivenTasks) else ""


def open_tasks(
    domain: str,
    level: Level,
    *,
    task_file: str | PathLike[str] | None = None,
    tasks: TaskSource | Sequence[UserTask] | None = None,
    personas: Mapping[str, Any] | str | PathLike[str] | None = None,
    adversary: Mapping[str, Any] | None = None,
    few_words: bool = True,
) -> Played:
    """The arguments are those of `ServiceDeskEnv`; `few_words` is whether the users of a domain with few have no more.

    Raises ConfigError for wrong values and for such as don't fit together, TaskFileError for a file with wrong lines
    and a list with tasks that cannot be played. A source of somebody else's raises it when it draws one.
    """
    trades = trades_of(domain, level)
    if task_file is not None and tasks is not None:
        raise ConfigError("env_args: give task_file or tasks, not both")
    if personas is not None and not (task_file is None and tasks is None):
        raise ConfigError("env_args.personas: given tasks have their users already; leave personas out")
    named = [domain_name(trade, level) for trade in trades]
    people = people_of(personas, level, few_words=few_words and any(get_domain(name).few_words for name in named))
    plain: TaskSource = GeneratedTasks(trades, level, people)
    if task_file is not None or tasks is not None:
        plain = _given(_read(task_file) if task_file is not None else tasks)
        named = _fitting(named, plain, given=(domain, level) != _DEFAULTS)
    hard = None if adversary is None else adversary_settings(adversary)
    hard = hard if hard and hard.share else None
    return Played(tuple(map(get_domain, named)), plain, AdversarialTasks(plain, hard) if hard else plain, hard)


def reset_options(options: Mapping[str, Any] | None, number: int | None) -> dict[str, Any]:
    """The options of a reset, all of them there: `split`, `task`, `user_seed` and `number`, the given one unless told.

    Raises ValueError for a wrong value, and for a name that is almost one of these (others are ignored); UserError for
    a task that cannot be played.
    """
    given = dict(options or {})
    for name in given:
        if name not in _OPTIONS and (hint := nearest(str(name), _OPTIONS, 1)):
            raise ValueError(f"options[{name!r}]: there is no such option.{hint}")
    found = {"task": None, "user_seed": None, "number": number, **given, "split": split_of(given)}
    if not isinstance(found["task"], UserTask | None):
        raise ValueError(f"options['task'] is a {type(found['task']).__name__}; it must be a UserTask")
    if found["task"] is not None:
        check_task(found["task"])
    for name in ("user_seed", "number"):
        value = given.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 0):
            raise ValueError(f"options[{name!r}] is {value!r}; it must be a whole number from 0 on")
    return found


def _read(file: object) -> list[UserTask]:
    if not isinstance(file, str | PathLike):
        raise ConfigError(f"env_args.task_file is {file!r}; it must be the name of a file")
    return read_tasks(file)


class _Checked:
    """A source of somebody else's, each of whose tasks is checked as it is drawn."""

    def __init__(self, source: TaskSource) -> None:
        self._source = source

    def draw(self, rng: random.Random, split: str) -> UserTask:
        """See `TaskSource`. Raises TaskFileError for what is no task, or one that cannot be played."""
        task = self._source.draw(rng, split)
        if not isinstance(task, UserTask):
            raise TaskFileError(f"env_args.tasks drew a {type(task).__name__}; it must be a UserTask")
        if problem := _problem(task):
            raise TaskFileError(f"env_args.tasks drew the task {task.id!r}: {problem}")
        return task


def _problem(task: UserTask) -> str:
    try:
        check_task(task)
    except UserError as error:
        return str(error)
    return ""


def _given(tasks: Any) -> TaskSource:
    if isinstance(tasks, Sequence) and not isinstance(tasks, str) and all(isinstance(one, UserTask) for one in tasks):
        return _playable(GivenTasks(tasks))
    if isinstance(tasks, GivenTasks):
        return _playable(tasks)
    if not callable(getattr(tasks, "draw", None)):
        raise ConfigError(
            "env_args.tasks must be a list of UserTask, or have `draw(rng, split)`; a file is a task_file"
        )
    return _Checked(tasks)


def _playable(given: GivenTasks) -> GivenTasks:
    """Raises TaskFileError that names the tasks that cannot be played with their places, ten at most."""
    found = ((place, task, _problem(task)) for place, task in enumerate(given.tasks))
    problems = [f"env_args.tasks[{place}], the task {task.id!r}: {told}" for place, task, told in found if told]
    if problems:
        raise TaskFileError("\n".join([f"{len(problems)} tasks cannot be played:", *problems[:10]]))
    return given


def _fitting(named: list[str], source: TaskSource, *, given: bool) -> list[str]:
    """The domains that given tasks are about, which the settings, unless they are the defaults, must name as well."""
    found = list(source.domains) if isinstance(source, GivenTasks) else named
    if set(found) <= set(named):
        return named
    if given:
        raise ConfigError(
            f"env_args.domain and level mean {', '.join(named)}, but the given tasks are about {', '.join(found)}: "
            "leave both out, and the tasks decide"
        )
    return found
