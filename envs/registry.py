"""From what `--env` says to something that makes environments.

code_sandbox               a name from the entry-point group `agentrl.envs` (built-ins are registered there as well)
package.module:Class       a class, or a function that returns an environment
./file.py:Class            the same from a file; the name may be left out when there is only one
gymnasium:ID               anything that `gymnasium.make` knows
pettingzoo:module          a module with `parallel_env` or `env`, e.g. pettingzoo:mpe2.simple_spread_v3
"""

import functools
import importlib.metadata
import inspect
import sys
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import gymnasium
import pettingzoo

from agentrl.envs.importing import describe, import_module, import_source, named
from agentrl.errors import AgentRLError, ConfigError, EnvironmentDefinitionError, UnknownEnvironmentError, nearest

GROUP = "agentrl.envs"
Kind = Literal["gymnasium", "pettingzoo_parallel", "pettingzoo_aec"]

_BASES: dict[type, Kind] = {
    gymnasium.Env: "gymnasium",
    pettingzoo.ParallelEnv: "pettingzoo_parallel",
    pettingzoo.AECEnv: "pettingzoo_aec",
}
_HOW = "`agentrl env list` shows the names; your own environment is ./file.py:Class or package.module:Class."


@dataclass(frozen=True)
class EnvEntry:
    """An environment that can be made: what it is called, where it comes from, and how.

    `spec` leads here again through `resolve`, and is "" for an object given from Python. `summary` is the first line
    of the docstring. `signature` tells which arguments `make` accepts; None accepts any.
    """

    name: str
    spec: str
    source: str
    kind: Kind
    factory: Callable[..., Any]
    summary: str = ""
    signature: inspect.Signature | None = None

    def make(self, **env_args: Any) -> Any:
        """Make a new environment: a `gymnasium.Env`, `pettingzoo.ParallelEnv` or `pettingzoo.AECEnv`, as `kind` says.

        Raises ConfigError when an argument is unknown or missing, EnvironmentDefinitionError when the constructor
        raises or what it made is incomplete, and whatever error of agentrl's own the constructor raises.
        """
        self._check_arguments(env_args)
        try:
            env = self.factory(**env_args)
        except AgentRLError:
            raise
        except Exception as error:
            raise EnvironmentDefinitionError(f"{self.name}: making it raised {describe(error)}.") from error
        _check_instance(env, self.kind, self.name)
        return env

    def accepts(self, name: str) -> bool:
        """Whether `make` takes an argument of this name."""
        known = self.known_arguments()
        return known is None or name in known

    def known_arguments(self) -> list[str] | None:
        """The names of the arguments of `make`; None when it takes any."""
        parameters = list(self.signature.parameters.values()) if self.signature else []
        if self.signature is None or any(p.kind is p.VAR_KEYWORD for p in parameters):
            return None
        return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]

    def _check_arguments(self, env_args: dict[str, Any]) -> None:
        known = self.known_arguments()
        if known is None or self.signature is None:
            return
        accepted = f"{self.name} accepts {', '.join(known)}." if known else f"{self.name} accepts no arguments."
        for name in env_args:
            if name not in known:
                raise ConfigError(f"env_args.{name}: there is no such argument.{nearest(name, known, 1)} {accepted}")
        for parameter in self.signature.parameters.values():
            if parameter.name in known and parameter.default is parameter.empty and parameter.name not in env_args:
                raise ConfigError(f"env_args.{parameter.name}: {self.name} needs this argument. {accepted}")


def resolve(target: str | Callable[..., Any]) -> EnvEntry:
    """Find the environment that `target` means: a spec (see the top of this file), a class, or a function.

    Raises UnknownEnvironmentError when there is nothing of that name, EnvironmentDefinitionError when what is there
    is no environment or cannot be imported.
    """
    if not isinstance(target, str):
        return _entry(target, _name_of(target), _importable_spec(target), _module_of(target))
    scheme, _, rest = target.partition(":")
    if scheme == "gymnasium" and rest:
        return _from_gymnasium(rest)
    if scheme == "pettingzoo" and rest:
        return _from_pettingzoo(rest)
    if ":" in target or target.endswith(".py"):
        module, attribute, source = import_source(target)
        return _from_module(module, attribute, target, source)
    return _from_entry_point(target)


def arguments_of(spec: str) -> list[str]:
    """The names of the arguments of an environment's constructor, as far as it names them. Raises as `resolve` does."""
    return resolve(spec).known_arguments() or []


def with_seat(entry: EnvEntry, seat: str) -> EnvEntry:
    """The same environment with this seat: itself, or the one that its class names in `table`.

    Raises ConfigError when it has one seat only, and what `resolve` raises.
    """
    spec = getattr(entry.factory, "table", "")
    seated = resolve(spec) if entry.kind == "gymnasium" and spec else entry
    if seated.kind == "gymnasium":
        raise ConfigError(f"{entry.name} has one seat only, so there is no seat {seat!r} to play.")
    return seated


def list_environments() -> list[EnvEntry]:
    """The registered environments that can be imported, by name."""
    broken = broken_environments()
    return [_from_entry_point(name) for name in _entry_points() if name not in broken]


def broken_environments() -> dict[str, str]:
    """The registered environments that cannot be imported, by name: why not."""
    broken = {}
    for name in _entry_points():
        try:
            _from_entry_point(name)
        except (UnknownEnvironmentError, EnvironmentDefinitionError) as error:
            broken[name] = str(error)
    return broken


def kind_of(cls: object) -> Kind | None:
    """Which sort of environment a class is; None when it is none."""
    if not isinstance(cls, type):
        return None
    return next((kind for base, kind in _BASES.items() if issubclass(cls, base)), None)


def _entry_points() -> dict[str, list[importlib.metadata.EntryPoint]]:
    points: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for point in sorted(importlib.metadata.entry_points(group=GROUP)):
        same = points.setdefault(point.name, [])
        if point.value not in [other.value for other in same]:
            same.append(point)
    return points


def _from_entry_point(name: str) -> EnvEntry:
    points = _entry_points()
    if name not in points:
        raise UnknownEnvironmentError(f"{name!r} is no known environment.{_hint(name, list(points))} {_HOW}")
    if len(points[name]) > 1:
        owners = " and ".join(f"{point.value} ({_owner(point)})" for point in points[name])
        raise EnvironmentDefinitionError(f"{name!r} is registered twice: {owners}. Name the one you mean in full.")
    point = points[name][0]
    entry = _from_module(import_module(point.module), point.attr, name, _owner(point))
    return EnvEntry(**{**vars(entry), "name": name})


def _owner(point: importlib.metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.module


def _hint(name: str, known: list[str]) -> str:
    if name in gymnasium.registry:
        return f" Did you mean 'gymnasium:{name}'?"
    if name and Path(f"{name}.py").is_file():
        return f" Did you mean './{name}.py'?"
    return nearest(name, known)


def _from_module(module: ModuleType, attribute: str, spec: str, source: str) -> EnvEntry:
    attribute, target = named(module, attribute, spec, source, lambda value: kind_of(value) is not None, "environment")
    return _entry(target, attribute, spec, source)


def _from_gymnasium(name: str) -> EnvEntry:
    try:
        spec = gymnasium.spec(name)
        where = spec.entry_point
        creator: Any = gymnasium.envs.registration.load_env_creator(where) if isinstance(where, str) else where
    except gymnasium.error.UnregisteredEnv as error:
        near = nearest(name, gymnasium.registry, most=2)
        raise UnknownEnvironmentError(
            f"gymnasium:{name}: Gymnasium knows no such ID.{near} `gymnasium.pprint_registry()` shows all; write "
            "gymnasium:module:ID when a module has to be imported first."
        ) from error
    except Exception as error:
        raise EnvironmentDefinitionError(f"gymnasium:{name}: cannot be loaded: {describe(error)}.") from error
    factory = functools.partial(gymnasium.make, name, disable_env_checker=True)
    signature = inspect.signature(creator) if callable(creator) else None
    return EnvEntry(name, f"gymnasium:{name}", "gymnasium", "gymnasium", factory, _summary(creator), signature)


def _from_pettingzoo(name: str) -> EnvEntry:
    module = _import_any(name, f"pettingzoo.{name}")
    for attribute, kind in (("parallel_env", "pettingzoo_parallel"), ("env", "pettingzoo_aec")):
        factory = getattr(module, attribute, None)
        if callable(factory):
            signature = inspect.signature(getattr(module, "raw_env", factory))
            summary = _summary(module) or _summary(getattr(module, "raw_env", None))
            return EnvEntry(
                name, f"pettingzoo:{name}", module.__name__, typing.cast(Kind, kind), factory, summary, signature
            )
    raise EnvironmentDefinitionError(
        f"pettingzoo:{name}: the module {module.__name__} has neither parallel_env nor env. Name the environment's own "
        "module, e.g. pettingzoo:mpe2.simple_spread_v3."
    )


def _import_any(first: str, second: str) -> ModuleType:
    try:
        return import_module(first)
    except UnknownEnvironmentError as error:
        try:
            return import_module(second)
        except UnknownEnvironmentError:
            raise UnknownEnvironmentError(
                f"pettingzoo:{first}: there is no module {first!r}, nor {second!r}. Is its package installed?"
            ) from error


def _entry(target: Any, name: str, spec: str, source: str) -> EnvEntry:
    label = spec or name
    if any(isinstance(target, base) for base in _BASES):
        raise EnvironmentDefinitionError(
            f"{label}: this is one environment, but many are played at once; give the class or a function."
        )
    if isinstance(target, type):
        kind = _kind_of_class(target, label)
    elif callable(target):
        kind = _kind_of_function(target, label)
    else:
        raise EnvironmentDefinitionError(
            f"{label}: an object of type {type(target).__name__} is no environment. {_HOW}"
        )
    return EnvEntry(name, spec, source, kind, target, _summary(target), inspect.signature(target))


def _kind_of_class(cls: type, label: str) -> Kind:
    kind = kind_of(cls)
    base = next((base for base in _BASES if issubclass(cls, base)), gymnasium.Env)
    needed = [] if issubclass(cls, gymnasium.Wrapper) else ["reset", "step"]
    missing = [name for name in needed if getattr(cls, name, None) in (None, getattr(base, name))]
    if kind is None:
        missing += [name for name in ("observation_space",) if not hasattr(cls, name)]
        lacks = f" It also lacks {', '.join(missing)}." if missing else ""
        raise EnvironmentDefinitionError(
            f"{label}: the class is no environment. Derive it from agentrl.envs.TextEnv (text), gymnasium.Env, "
            f"pettingzoo.ParallelEnv or pettingzoo.AECEnv.{lacks}"
        )
    if missing:
        raise EnvironmentDefinitionError(f"{label}: the class defines no {' and no '.join(missing)}. Write it there.")
    return kind


def _kind_of_function(function: Callable[..., Any], label: str) -> Kind:
    """What a function makes: its return annotation says so, or one call does."""
    try:
        annotation = typing.get_type_hints(function).get("return")
    except Exception:  # annotations may name anything; then the call below tells
        annotation = None
    kind = kind_of(annotation)
    if kind is not None:
        return kind
    try:
        env = function()
    except AgentRLError:
        raise
    except Exception as error:
        raise EnvironmentDefinitionError(
            f"{label}: calling the function raised {describe(error)}. If it needs arguments, annotate what it returns."
        ) from error
    kind = kind_of(type(env))
    if kind is None:
        raise EnvironmentDefinitionError(
            f"{label}: the function returned a {type(env).__name__}, which is no environment."
        )
    env.close()
    return kind


def _check_instance(env: Any, kind: Kind, name: str) -> None:
    if kind_of(type(env)) != kind:
        raise EnvironmentDefinitionError(f"{name}: expected a {kind} environment, but got a {type(env).__name__}.")
    needed = ["observation_space", "action_space"] if kind == "gymnasium" else ["possible_agents"]
    missing = [attribute for attribute in needed if not hasattr(env, attribute)]
    if missing:
        raise EnvironmentDefinitionError(
            f"{name}: the environment has no {' and no '.join(missing)}. Set it in __init__ "
            "(agentrl.envs.TextEnv does so in its own __init__: call super().__init__())."
        )


def _name_of(target: Any) -> str:
    return str(getattr(target, "__name__", type(target).__name__)).strip("<>")


def _module_of(target: Any) -> str:
    return str(getattr(target, "__module__", ""))


def _importable_spec(target: Any) -> str:
    """`module:name` where that leads back to the very object in any process, else ""."""
    module, name = sys.modules.get(_module_of(target)), str(getattr(target, "__qualname__", ""))
    found = getattr(module, name, None) if module is not None and module.__name__ != "__main__" else None
    return f"{_module_of(target)}:{name}" if found is target else ""


def _summary(target: Any) -> str:
    """The first line of the object's own docstring, past headings (Gymnasium's begin with "## Description")."""
    text = (vars(target) if hasattr(target, "__dict__") else {}).get("__doc__") or ""
    lines = [line.strip() for line in str(text).splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")
