"""Words of the command line that several commands understand the same way."""

import enum
from typing import Annotated

import typer

from agentrl.errors import ConfigError

SCRIPTED = ("expert", "noop")
"""Policies that need no model."""


Template = Annotated[
    str | None, typer.Option(help="Chat template of a model: chatml, or a Jinja file; without it, its own.")
]
MaxNewTokens = Annotated[
    int | None,
    typer.Option(min=1, help="Longest answer in tokens; the run's own, or 128.", show_default=False),
]
MaxContext = Annotated[
    int | None,
    typer.Option(min=1, help="Longest conversation in tokens; the run's own, or 768.", show_default=False),
]


EnvThreads = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Threads of the environments: as many as a server that plays users answers at once; the run's own, or 4.",
        show_default=False,
    ),
]
MaxFailedShare = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help="Stop when more episodes FAILED; the run's own, or 0.25.", show_default=False),
]


class Split(enum.StrEnum):
    """Which tasks are played."""

    TRAIN = "train"
    TEST = "test"


def check_policy(policy: str, env: str | None) -> None:
    """Raise ConfigError when a scripted policy is asked for and no environment to play it in."""
    if policy in SCRIPTED and env is None:
        raise ConfigError(f"{policy}: say in which environment, with --env NAME.")


def attempts(text: str) -> tuple[int, ...]:
    """The numbers in "1,4", sorted. Raises ConfigError when one is no whole number above 0."""
    try:
        numbers = sorted({int(part) for part in text.split(",")})
    except ValueError as error:
        raise ConfigError(f"--k {text}: write whole numbers with commas between them, e.g. 1,4.") from error
    if numbers[0] < 1:
        raise ConfigError(f"--k {text}: {numbers[0]} is out of range: it must be at least 1.")
    return tuple(numbers)
