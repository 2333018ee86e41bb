"""From a YAML file and `key=value` words to a checked `TrainConfig`, and back to a file that explains itself.

Every mistake is reported at once, each in one line that names the file and line (or the command line), the key, what
is wrong and what it must be.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from agentrl.config.contradictions import contradictions
from agentrl.config.explain import explain, known_keys
from agentrl.config.schema import TrainConfig
from agentrl.config.yaml_text import parse
from agentrl.errors import ConfigError, nearest

Origins = dict[str, str]
"""Where a dotted key was given: "my.yaml:3: ", "command line: ", or "" for a call from Python."""


ArgumentsOf = Callable[[str], Collection[str]]
"""What an environment's constructor takes, by the environment's spec."""


def load_config(
    path: str | None,
    overrides: Sequence[str] = (),
    *,
    whole: bool = False,
    arguments_of: ArgumentsOf = lambda env: (),
) -> TrainConfig:
    """Read a YAML file (None: no file, the defaults) and apply `key=value` overrides, the last of which wins.

    `path` may also be the bare name of a ready-made file in `agentrl.configs`. Keys of overrides may be dotted
    (`env_args.task_file=x`); values are YAML, so lists are written `[1, 2]`. A key of an override that is no setting,
    but among the `arguments_of` the environment, is its argument: `level=easy` is `env_args.level=easy`. A file that is
    `whole`, as a run's own is, has every key: one that lacks some was cut off, and its run must not go on with the
    defaults instead. Raises ConfigError, which lists everything that is wrong, and what `arguments_of` raises.
    """
    values: dict[str, Any] = {}
    origins: Origins = {}
    if path is not None:
        values, origins = _read(path)
        if whole:
            _require_whole(path, origins)
    foreign = [override for override in overrides if _section(override) not in TrainConfig.model_fields]
    for override in overrides:
        if override not in foreign:
            _apply(override, values, origins)
    env = values.get("env", TrainConfig.model_fields["env"].default)
    taken = arguments_of(env) if foreign and isinstance(env, str) else ()
    for override in foreign:
        own = "=" in override and _section(override) in taken
        _apply(f"env_args.{override}" if own else override, values, origins)
    return _check(values, origins, taken)


def make_config(**values: Any) -> TrainConfig:
    """The settings given from Python, checked and explained as `load_config` does.

    Raises ConfigError, which lists everything that is wrong.
    """
    return _check(values, {})


def parse_env_args(words: Sequence[str]) -> dict[str, Any]:
    """The constructor arguments that `key=value` words give to an environment; `env_args.key=value` is the same.

    Raises ConfigError when a word is no `key=value`.
    """
    values: dict[str, Any] = {"env_args": {}}
    for word in words:
        _apply("env_args." + word.removeprefix("env_args."), values, {})
    return dict(values["env_args"])


def ready_made() -> list[str]:
    """The file names of the configurations that come with agentrl."""
    return sorted(entry.name for entry in resources.files("agentrl.configs").iterdir() if entry.name.endswith(".yaml"))


def render_config(config: TrainConfig) -> str:
    """The whole configuration as YAML that `load_config` reads back unchanged, each key below its meaning.

    Raises ConfigError when `env_args` holds something that YAML cannot say.
    """
    try:
        values = config.model_dump(mode="json")
    except PydanticSerializationError as error:
        raise ConfigError(
            f"env_args: {error}. Give plain values (text, numbers, lists, mappings), so that the run can be resumed "
            "from its file; for anything else, pass as env a function that makes the environment."
        ) from error
    lines = (line for section in TrainConfig.__bases__ for line in _render_section(section, values))
    return "\n".join(lines)


def _render_section(section: type[BaseModel], values: Mapping[str, Any]) -> Iterator[str]:
    yield f"# ---- {(section.__doc__ or section.__name__).splitlines()[0]}"
    yield from _render(section, values, "")
    yield ""


def _render(model: type[BaseModel], values: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        for line in (field.description or "").splitlines():
            yield f"{indent}# {line.strip()}"
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield f"{indent}{name}:"
            yield from _render(annotation, values[name], indent + "  ")
        else:
            text = yaml.safe_dump({name: values[name]}, sort_keys=False, allow_unicode=True, width=10_000)
            yield from (indent + line for line in text.splitlines())


def _read(path: str) -> tuple[dict[str, Any], Origins]:
    try:
        text = _find(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not UTF-8 text ({error.reason} at byte {error.start}). Is it a YAML file?"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
    values, lines = parse(text, path)
    if values is None:
        return {}, {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a configuration is a list of `key: value` lines; this file holds {_kind(values)}.")
    odd = [key for key in values if not isinstance(key, str)]
    if odd:
        raise ConfigError(f"{path}:{lines[str(odd[0])]}: the key {odd[0]!r} is no name of a setting.")
    return values, {key: f"{path}:{line}: " for key, line in lines.items()}


def _require_whole(path: str, given: Origins) -> None:
    missing = [key for key in known_keys(TrainConfig) if key not in given]
    if missing:
        few = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise ConfigError(
            f"{path}: the settings of this run are not whole: {few} are missing. Put back a copy of the file, or add "
            "the missing lines (`agentrl train --print-config` shows every key with its default)."
        )


def _find(path: str) -> Path:
    if os.path.exists(path):
        return Path(path)
    names = ready_made()
    if path in names:
        return Path(str(resources.files("agentrl.configs") / path))
    hint = nearest(path, names, most=1) or f" Ready-made ones: {', '.join(names)}."
    raise ConfigError(f"{path}: there is no such configuration file.{hint}")


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else f"the {type(value).__name__} {str(value)[:40]!r}"


def _section(override: str) -> str:
    """The first part of an override's key."""
    return override.partition("=")[0].partition(".")[0].strip()


def _apply(override: str, values: dict[str, Any], origins: Origins) -> None:
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals or not all(key.split(".")):
        raise ConfigError(f"command line: {override!r} is no setting; write key=value, for example group_size=8.")
    *parents, name = key.split(".")
    section = values
    for depth, parent in enumerate(parents, start=1):
        section = section.setdefault(parent, {})
        if not isinstance(section, dict):
            above = ".".join(parents[:depth])
            raise ConfigError(f"command line: {key}: {above} is {section!r}, which has no keys below it.")
    section[name] = _value(key, text)
    for old in [known for known in origins if known == key or known.startswith(f"{key}.")]:
        del origins[old]
    origins[key] = "command line: "


def _value(key: str, text: str) -> Any:
    """What the text after the `=` means: YAML, but text stays text where only text fits (`run_name=7`)."""
    field = TrainConfig.model_fields.get(key)
    takes_text = field is not None and field.annotation in (str, str | None)
    nullable = field is not None and field.annotation == (str | None)
    try:
        value, _ = parse(text, f"command line: {key}")
    except ConfigError:
        if text.startswith(("[", "{", '"', "'")) and not takes_text:
            raise
        return text
    if takes_text and not isinstance(value, str) and not (value is None and nullable):
        return text
    return value


def _check(values: Mapping[str, Any], origins: Origins, others: Collection[str] = ()) -> TrainConfig:
    try:
        config = TrainConfig.model_validate(values)
    except ValidationError as error:
        problems = list(explain(error, TrainConfig, others))
    else:
        problems = list(contradictions(config))
        if not problems:
            return config
    lines = [f"{_origin(key, origins)}{key}: {problem}" for key, problem in problems]
    raise ConfigError(lines[0] if len(lines) == 1 else f"{len(lines)} settings are wrong:\n  " + "\n  ".join(lines))


def _origin(key: str, origins: Origins) -> str:
    """Where a key was given: its own place, that of the nearest mapping around it, or that of a key below it."""
    above = key
    while above:
        if above in origins:
            return origins[above]
        above = above.rpartition(".")[0]
    return next((where for known, where in origins.items() if known.startswith(f"{key}.")), "")
