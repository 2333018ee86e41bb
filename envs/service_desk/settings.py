"""Settings of an environment of the desk: are they in their range, and which language model do they name?"""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from agentrl.errors import ConfigError, nearest

if TYPE_CHECKING:
    from agentrl.simulators.endpoint import Endpoint


def check_number(name: str, value: object, least: float, most: float | None = None, *, whole: bool = False) -> None:
    """Raises ConfigError unless an argument is a number in the range."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if whole and not isinstance(number, int):
        number = None
    if number is None or not least <= number or (most is not None and not number <= most):
        wanted = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(f"env_args.{name} is {value!r}; it must be {'a whole number, ' if whole else ''}{wanted}")


def check_flag(name: str, value: object) -> None:
    """Raises ConfigError unless an argument is true or false."""
    if not isinstance(value, bool):
        raise ConfigError(f"env_args.{name} is {value!r}; it must be true or false")


def settings_of(whose: str, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """`{whose}_args`, none if left out. Raises ConfigError for what is no mapping."""
    if given is not None and not isinstance(given, Mapping):
        raise ConfigError(f"env_args.{whose}_args is {given!r}; it must be a mapping of settings, e.g. {{timeout: 60}}")
    return given or {}


def endpoint_of(whose: str, model: str, base_url: str, settings: Mapping[str, Any]) -> "Endpoint":
    """The endpoint that `{whose}_model`, `{whose}_base_url` and `{whose}_args` name. Raises ConfigError."""
    from agentrl.simulators.endpoint import Endpoint

    known = {field.name for field in fields(Endpoint)} - {"model", "base_url", "api_key"}
    if "api_key" in settings:
        raise ConfigError(f"env_args.{whose}_args.api_key would be written to the run: set OPENAI_API_KEY instead")
    check_names(settings, known, whose)
    try:
        return Endpoint(model=str(model), base_url=str(base_url), **settings)
    except ConfigError as error:
        raise ConfigError(f"env_args.{whose}_args or {whose}_base_url: {error}") from error


def check_names(settings: Mapping[str, Any], known: set[str], whose: str) -> None:
    """Raises ConfigError for a setting of `{whose}_args` that is none of the known ones."""
    for name in settings:
        if name not in known:
            raise ConfigError(f"env_args.{whose}_args.{name}: there is no such setting.{nearest(name, known, 1)}")
