"""What a text environment needs: a space of any Unicode text, and a base class with the spaces filled in.

An author writes `reset` and `step` on strings. Everything else is optional: `system_prompt`, `expert`, splits.
"""

import string
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import gymnasium
from gymnasium.spaces import Text

DEFAULT_MAX_LENGTH = 1 << 16


class AnyText(Text):
    """The space of all strings up to `max_length` characters.

    Gymnasium's `Text` accepts letters and digits only: a blank or an empty string is outside. Samples are drawn from
    the printable ASCII characters.
    """

    def __init__(self, max_length: int = DEFAULT_MAX_LENGTH, *, seed: int | None = None) -> None:
        super().__init__(max_length, min_length=0, charset=string.printable, seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether `x` is a string that is not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A printable string of at most 64 characters: long enough to test with, short enough to be quick."""
        length = int(self.np_random.integers(0, min(self.max_length, 64) + 1))
        return "".join(self.np_random.choice(list(string.printable), size=length))

    def __repr__(self) -> str:
        return f"AnyText(max_length={self.max_length})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyText) and other.max_length == self.max_length

    def __hash__(self) -> int:
        return hash(("AnyText", self.max_length))


class Curriculum(Protocol):
    """What decides the training tasks by how the present policy does on them. The trainer asks it, in order, once for
    each group of episodes, tells it the outcomes after the step, and saves its state with the checkpoint.

    One that is to choose the tasks of `agentrl eval` as well has `in_evaluation(split) -> Curriculum | None`. What
    `metrics() -> Mapping[str, float]` gives, where there is such a method, goes into the run's metrics.
    """

    def draw(self, seed: int) -> Mapping[str, Any]:
        """Options for `reset`, beside the split, of all episodes of a group."""

    def report(self, options: Mapping[str, Any], successes: Sequence[bool]) -> None:
        """Which of the group's episodes were solved; those that FAILED are left out."""

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes, as plain values."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""


class TextEnv(gymnasium.Env[str, str]):
    """A Gymnasium environment whose observations and actions are text.

    Subclasses write `reset` and `step`. `info` may say `task_id` and `category` in `reset`, `rewards` (the named parts
    of the reward) in `step`, and `success` when the episode ends. An environment that can play its own expert defines
    `expert(self) -> str`: the action that a scripted expert takes now. `tiny_cold_start_args` are arguments of the
    constructor that differ while the expert plays for the tiny policy's cold start: an expert that is too good leaves
    such a policy nothing to learn by itself. `cold_start_args` replace arguments that were given, for any policy, where
    those would make each of the expert's thousands of episodes dear. `yields_to` names arguments of a run that are left
    out where it is played later with one of certain others. `conditions()` is a line for the run's log on what this
    machine gives the environment; it is asked for before anything is played, so it may raise what would fail later.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 (gymnasium declares it this way)
    system_prompt: str = ""
    tiny_cold_start_args: ClassVar[Mapping[str, Any]] = {}
    cold_start_args: Mapping[str, Any] = {}
    yields_to: ClassVar[Mapping[str, Sequence[str]]] = {}
    table: ClassVar[str] = ""
    """Where the same environment is found with further seats, a PettingZoo one: `agentrl env play ENV --as SEAT`."""

    def __init__(self, max_length: int = DEFAULT_MAX_LENGTH) -> None:
        self.observation_space = AnyText(max_length)
        self.action_space = AnyText(max_length)

    def conditions(self) -> str:
        """What the machine gives this environment, in a line; "" when there is nothing to say."""
        return ""

    def curriculum(self) -> Curriculum | None:
        """A new curriculum over the training tasks; None where tasks follow from the seed alone."""
        return None


def split_of(options: Mapping[str, Any] | None) -> str:
    """The split that `reset(options={"split": ...})` asks for: "train" unless told.

    Raises ValueError on anything but "train" and "test".
    """
    split = (options or {}).get("split", "train")
    if split not in ("train", "test"):
        raise ValueError(f"options['split'] is {split!r}; it must be 'train' or 'test'")
    return str(split)
