"""What the adversary's tests share: plain tasks of the shop, and tasks that an operator could be applied to."""

import random
from collections.abc import Iterator
from functools import cache

from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.simulators.adversary import apply
from agentrl.simulators.models import UserTask

SHOP = get_domain("shop")
TINY = get_domain("shop_tiny")
TRADES = ("shop", "travel")


@cache
def plain(number: int, trade: str = "shop") -> UserTask:
    """A task of the full level: one to three wishes, all sorts of users."""
    return sample_task(trade, "full", number)


def harder(names: tuple[str, ...], count: int, tries: int = 80, trade: str = "shop") -> Iterator[UserTask]:
    """Tasks with the operators, not proven, `count` at most."""
    found = 0
    for number in range(tries):
        task = apply(plain(number, trade), names, random.Random(number), get_domain(trade))
        if task is not None:
            found += 1
            yield task
        if found == count:
            return
