"""Adversarial tasks in training: drawn by what the present policy is learning from."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agentrl.envs.service_desk.domains import get_domain
from agentrl.envs.service_desk.expert import Expert
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import TaskSource
from agentrl.errors import ConfigError, nearest
from agentrl.simulators.adversary import Generator, Settings
from agentrl.simulators.models import UserTask


def adversary_settings(values: Mapping[str, Any]) -> Settings:
    """The settings that `env_args.adversary` gives. Raises ConfigError for an unknown key or a value out of range."""
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        hint = nearest(key, Settings.model_fields) if problem["type"] == "extra_forbidden" else ""
        message = "there is no such setting." if hint or problem["type"] == "extra_forbidden" else problem["msg"]
        raise ConfigError(f"env_args.adversary.{key}: {message}{hint}") from None


def make_generator(source: TaskSource, settings: Settings, split: str = "train") -> Generator:
    """A generator on a source's tasks, with the scripted expert of this environment."""
    return Generator(
        lambda rng: source.draw(rng, split), lambda task: get_domain(task.domain), play, settings, Expert.version
    )


class AdversarialTasks:
    """A source whose tasks are adversarial by the settings' share, without regard to any policy: evaluation and the
    expert's demonstrations draw from it. It is a `TaskSource`."""

    def __init__(self, source: TaskSource, settings: Settings) -> None:
        self._share = settings.share
        blind = settings.model_copy(update={"adaptive": False})
        self._generators = {split: make_generator(source, blind, split) for split in ("train", "test")}

    def draw(self, rng: random.Random, split: str) -> UserTask:
        """A task of the split; the same for the same `rng`."""
        generator = self._generators[split]
        return generator.propose(rng) if rng.random() < self._share else generator.base(rng)


class AdversaryCurriculum:
    """A `Curriculum` on a generator: one task for each group of episodes."""

    def __init__(self, source: TaskSource, settings: Settings) -> None:
        self.generator = make_generator(source, settings)

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
