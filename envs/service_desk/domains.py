"""The domains by name."""

from functools import cache
from typing import Final

from agentrl.envs.service_desk.domain import Domain, Level
from agentrl.envs.service_desk.shop import Shop
from agentrl.envs.service_desk.shop_tiny import TinyShop
from agentrl.envs.service_desk.travel import Travel
from agentrl.envs.service_desk.travel_tiny import TinyTravel
from agentrl.errors import UserError, nearest

DOMAINS: Final[dict[str, type[Domain]]] = {cls.name: cls for cls in (Shop, TinyShop, Travel, TinyTravel)}


@cache
def get_domain(name: str) -> Domain:
    """The domain that a task's `domain` names. Raises UserError when there is none."""
    if name not in DOMAINS:
        raise UserError(f"there is no domain {name!r}; domains: {', '.join(DOMAINS)}.{nearest(name, DOMAINS)}")
    return DOMAINS[name]()


def domain_name(trade: str, level: Level) -> str:
    """The domain of a trade, "shop" or "travel", at a level: level "tiny" has domains of its own."""
    return f"{trade}_tiny" if level == "tiny" else trade
