"""The domains by name: the built-in ones, and those of others.

shop                       a built-in trade, or a name from the entry-point group `agentrl.domains`
package.module:Class       a subclass of `Domain`
./file.py:Class            the same from a file; the name may be left out when there is only one

These are trades. What a trade plays at a level is a domain: level "tiny" has one of its own, where the trade has that
level. A task holds its domain's name, by which it is found again: "shop_tiny", "./file.py:Class.tiny".
"""

import importlib.metadata
from functools import cache
from typing import Any, Final, get_args

from agentrl.envs.importing import import_module, import_source, named
from agentrl.envs.service_desk.domains.base import Domain, Level
from agentrl.envs.service_desk.domains.parts import check_domain, tiny_of
from agentrl.envs.service_desk.domains.shop import Shop
from agentrl.envs.service_desk.domains.shop_tiny import TinyShop
from agentrl.envs.service_desk.domains.travel import Travel
from agentrl.envs.service_desk.domains.travel_tiny import TinyTravel
from agentrl.errors import ConfigError, UserError, nearest

TRADES: Final[tuple[str, ...]] = (Shop.name, Travel.name)
"""The built-in ones: all that `BOTH` means."""
DOMAINS: Final[dict[str, type[Domain]]] = {cls.name: cls for cls in (Shop, TinyShop, Travel, TinyTravel)}
BOTH: Final = "both"
GROUP: Final = "agentrl.domains"
"""Entry points with short names of domains."""
_OWN: Final = "./file.py:Class or package.module:Class for your own"
_TINY: Final = ".tiny"
_made: Final[dict[str, Domain]] = {}


def get_domain(name: str) -> Domain:
    """The domain that a task's `domain` names, which may import it. Raises UserError when there is none."""
    return _made.get(name) or load_domain(name)


def load_domain(name: str) -> Domain:
    """The same, looked up anew: a file that has changed since then is imported again."""
    cls = _class(name)
    if type(_made.get(name)) is not cls:
        _made[name] = check_domain(cls, name)
    return _made[name]


@cache
def domain_name(trade: str, level: Level) -> str:
    """The name of a trade's domain at a level. Raises UserError for level "tiny" of a trade that has none."""
    if level != "tiny":
        return trade
    cls = type(get_domain(trade))
    tiny = tiny_of(cls)
    if tiny is None:
        raise UserError(
            f"{trade} has no level 'tiny', but easy and full: set the level to one of these, or give the class a "
            "smaller domain as its `tiny`"
        )
    if tiny is cls:
        return trade
    if trade in TRADES:
        return tiny.name
    return f"{trade}:{cls.__name__}{_TINY}" if trade.endswith(".py") else f"{trade}{_TINY}"


def trades_of(named_by: str, level: str, prefix: str = "env_args.", *, one: bool = False) -> tuple[str, ...]:
    """The trades that a setting names, tried at a level; `one` allows no `BOTH`.

    Raises ConfigError when there is no such level, or no such domain. `prefix` is what stands before the names of the
    settings, `domain` and `level`, where they were given.
    """
    if level not in get_args(Level):
        raise ConfigError(f"{prefix}level is {level!r}; it must be one of {', '.join(get_args(Level))}")
    known = [*TRADES, *([] if one else [BOTH])]
    if named_by not in known and not _is_path(named_by) and named_by not in (known := [*known, *_points()]):
        hint = nearest(str(named_by), known, 1)
        raise ConfigError(f"{prefix}domain is {named_by!r}; it must be one of {', '.join(known)}, or {_OWN}.{hint}")
    trades = TRADES if named_by == BOTH else (named_by,)
    for trade in trades:
        try:
            load_domain(trade)
            load_domain(domain_name(trade, level))
        except UserError as error:
            raise ConfigError(f"{prefix}domain: {error}") from error
    return trades


def _class(name: str) -> Any:
    if name in DOMAINS:
        return DOMAINS[name]
    if _is_path(name):
        module, attribute, source = import_source(name)
        return named(module, attribute, name, source, _is_trade, "domain")[1]
    points = _points()
    point = points.get(name.removesuffix(_TINY))
    if point is None:
        known = [*DOMAINS, *points]
        raise UserError(f"there is no domain {name!r}; domains: {', '.join(known)}, or {_OWN}.{nearest(name, known)}")
    attribute = point.attr + (_TINY if name.endswith(_TINY) else "")
    return named(import_module(point.module), attribute, name, point.module, _is_trade, "domain")[1]


def _is_path(name: object) -> bool:
    return isinstance(name, str) and (":" in name or name.endswith(".py"))


def _points() -> dict[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}


def _is_trade(value: object) -> bool:
    """Whether it is a class of a domain, and no other one's `tiny`."""
    return isinstance(value, type) and issubclass(value, Domain) and value.tiny is not value
