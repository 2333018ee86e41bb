"""Adversarial tasks in training: drawn by what the present policy is learning from."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import TaskSource
from agentrl.errors import ConfigError, UserError, nearest
from agentrl.simulators.adversary import OPERATORS, Generator, Settings
from agentrl.simulators.models import UserTask


def adversary_settings(values: Mapping[str, Any], prefix: str = "env_args.adversary.") -> Settings:
    """The settings that `env_args.adversary` gives; `prefix` is what stands before their names where they were given.

    Raises ConfigError for what is no mapping, an unknown key or a value out of range.
    """
    if not isinstance(values, Mapping):
        name = prefix.removesuffix(".")
        raise ConfigError(f"{name} is {values!r}; it must be a mapping of settings, e.g. {name}={{share: 0.3}}")
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
    return Generator(lambda rng: source.draw(rng, split), lambda task: get_domain(task.domain), play, settings)


def check_operators(generator: Generator, split: str) -> None:
    """Tries whether a choice of operators makes any tasks of the generator's split.

    Raises ConfigError when it doesn't, or only such as are about refusing, of which there may be a share only.
    """
    settings = generator.settings
    free = set(settings.operators) >= set(OPERATORS)
    if free and not settings.held_out:
        return
    names = "all" if free else ", ".join(settings.operators)
    if settings.held_out:
        names += f" without {', '.join('+'.join(together) for together in settings.held_out)}"
    try:
        generator.propose(random.Random(0))
    except UserError as error:
        raise ConfigError(f"the operators ({names}) make no tasks here, in the split {split!r}: {error}") from None
    if settings.refusals == 1 or not all(OPERATORS[name].refuses for name in settings.operators):
        return
    try:
        generator.propose(random.Random(0), may_refuse=False)
    except UserError:
        raise ConfigError(
            f"the operators ({names}) make only tasks in which it is right to refuse everything, and at most a share "
            f"of {settings.refusals} may be such: name further operators, or set refusals to 1"
        ) from None


class AdversarialTasks:
    """A source whose tasks are adversarial by the settings' share, without regard to any policy: evaluation and the
    expert's demonstrations draw from it. It is a `TaskSource`.

    Raises ConfigError when the settings' operators make no tasks in one of the splits.
    """

    def __init__(self, source: TaskSource, settings: Settings) -> None:
        self._settings = settings.model_copy(update={"adaptive": False})
        self._generators = {split: make_generator(source, self._settings, split) for split in ("train", "test")}
        for split, generator in self._generators.items():
            check_operators(generator, split)

    def draw(self, rng: random.Random, split: str) -> UserTask:
        """A task of the split; the same for the same `rng`. The settings' shares hold for many."""
        return self._make(rng, split, rng.random() < self._settings.share, rng.random() < self._settings.refusals)

    def at(self, number: int, split: str, rng: random.Random) -> UserTask:
        """The same for the episode with this number: the settings' shares hold for the numbers 0, 1, 2, ... exactly."""
        return self._make(rng, split, *self._settings.of_number(number))

    def _make(self, rng: random.Random, split: str, hard: bool, may_refuse: bool) -> UserTask:
        generator = self._generators[split]
        return generator.adversarial_or_plain(rng, may_refuse) if hard else generator.base(rng)


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

    def metrics(self) -> dict[str, float]:
        """How many tasks could not be made adversarial so far, which share of those that were is about refusing, and
        how many cells have been played."""
        drawn = self.generator.drawn
        return {
            "adversary/given_up": drawn["given up"],
            "adversary/refusals": drawn["refusal"] / max(1, drawn["all"]),
            "adversary/cells": len(self.generator.archive),
        }

    def state_dict(self) -> dict[str, Any]:
        """See `Generator.state_dict`."""
        return self.generator.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self.generator.load_state_dict(state)
