"""Adversarial tasks in training: drawn by what the present policy is learning from."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agentrl.envs.service_desk.domains import get_domain
from agentrl.envs.service_desk.expert import Expert
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import TaskSource
from agentrl.errors import ConfigError, UserError, nearest
from agentrl.simulators.adversary import OPERATORS, Generator, Settings, is_refusal
from agentrl.simulators.models import UserTask


def adversary_settings(values: Mapping[str, Any], prefix: str = "env_args.adversary.") -> Settings:
    """The settings that `env_args.adversary` gives; `prefix` is what stands before their names where they were given.

    Raises ConfigError for an unknown key or a value out of range.
    """
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        hint = nearest(key, Settings.model_fields) if problem["type"] == "extra_forbidden" else ""
        told = problem["msg"].removeprefix("Value error, ")
        message = "there is no such setting." if hint or problem["type"] == "extra_forbidden" else told
        raise ConfigError(f"{prefix}{key}: {message}{hint}") from None


def make_generator(source: TaskSource, settings: Settings, split: str = "train") -> Generator:
    """A generator on a source's tasks, with the scripted expert of this environment."""
    return Generator(
        lambda rng: source.draw(rng, split), lambda task: get_domain(task.domain), play, settings, Expert.version
    )


def check_operators(generator: Generator) -> None:
    """Tries whether a choice of operators makes any tasks.

    Raises ConfigError when it doesn't, or only such as are about refusing, of which there may be a share only.
    """
    settings = generator.settings
    if set(settings.operators) >= set(OPERATORS) or not settings.share:
        return
    names = ", ".join(settings.operators)
    try:
        generator.propose(random.Random(0))
    except UserError as error:
        raise ConfigError(f"the operators {names} make no tasks here: {error}") from None
    if settings.refusals == 1 or not all(OPERATORS[name].refuses for name in settings.operators):
        return
    try:
        generator.propose(random.Random(0), lambda task: not is_refusal(task))
    except UserError:
        raise ConfigError(
            f"the operators {names} make only tasks in which it is right to refuse everything, and at most a share "
            f"of {settings.refusals} may be such: name further operators, or set refusals to 1"
        ) from None


class AdversarialTasks:
    """A source whose tasks are adversarial by the settings' share, without regard to any policy: evaluation and the
    expert's demonstrations draw from it. It is a `TaskSource`.

    Raises ConfigError when the settings' operators make no tasks.
    """

    def __init__(self, source: TaskSource, settings: Settings) -> None:
        self._share, self._refusals = settings.share, settings.refusals
        blind = settings.model_copy(update={"adaptive": False})
        self._generators = {split: make_generator(source, blind, split) for split in ("train", "test")}
        check_operators(self._generators["train"])

    def draw(self, rng: random.Random, split: str) -> UserTask:
        """A task of the split; the same for the same `rng`. At most the settings' share is about refusing."""
        generator = self._generators[split]
        if rng.random() >= self._share:
            return generator.base(rng)
        may_refuse = rng.random() < self._refusals
        return generator.propose(rng, lambda task: may_refuse or not is_refusal(task))


class AdversaryCurriculum:
    """A `Curriculum` on a generator: one task for each group of episodes."""

    def __init__(self, source: TaskSource, settings: Settings, split: str = "train") -> None:
        self._source, self._settings = source, settings
        self.generator = make_generator(source, settings, split)

    def in_evaluation(self, split: str) -> "AdversaryCurriculum | None":
        """One that hunts for the policy's faults in a split, where the settings' aim is that."""
        hunts = self._settings.adaptive and self._settings.aim != "learnability"
        return AdversaryCurriculum(self._source, self._settings, split) if hunts else None

    def draw(self, seed: int) -> dict[str, Any]:
        """Reset options: the task, plain or adversarial."""
        return {"task": self.generator.draw(seed)}

    def report(self, options: Mapping[str, Any], successes: Sequence[bool]) -> None:
        """The successes of the group that was played with the options."""
        self.generator.report(options["task"], successes)

    def state_dict(self) -> dict[str, Any]:
        """See `Generator.state_dict`."""
        return self.generator.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self.generator.load_state_dict(state)
