"""The domain "shop_tiny": the shop with less of everything, for the tiny policy."""

import random
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from agentrl.envs.service_desk.domains.base import Facts, State, Wish, Write
from agentrl.envs.service_desk.domains.shop import GIVEN, Shop
from agentrl.envs.service_desk.domains.shop_tools import ShopDesk
from agentrl.envs.service_desk.domains.shop_words import TINY_SHOP
from agentrl.envs.service_desk.domains.splits import number_in, split_of_seed
from agentrl.envs.tools import Toolbox
from agentrl.simulators.models import ToolCall
from agentrl.simulators.users import seeded


class TinyShop(Shop):
    """One order for each of two customers, four tools, and short words: for the tiny policy."""

    name = "shop_tiny"
    ontology = TINY_SHOP
    toolbox = Toolbox(ShopDesk, ("get_order", "cancel_order", "return_order", "swap_item"))
    writes: ClassVar[Mapping[str, Write]] = {
        "cancel": Write("cancel_order", {"order_id": "order_id"}),
        "return": Write("return_order", {"order_id": "order_id"}),
        "exchange": Write("swap_item", {"order_id": "order_id", "new_item": "new_item"}),
    }
    policy = (
        "Look the order up by number and zip. Cancel or swap what is pending, return what is delivered, refuse else. "
        "Ask before you write. Tell the result."
    )
    prompt = policy
    does: ClassVar[Mapping[str, tuple[str, str]]] = {
        "cancel": ("cancel {order_id}", "取消{order_id}"),
        "return": ("return {order_id}", "退货{order_id}"),
        "exchange": ("swap {order_id} for {new_item}", "把{order_id}换成{new_item}"),
        "status": ("check {order_id}", "查询{order_id}"),
    }
    facts: ClassVar[tuple[str, ...]] = ("item", "price", "status")
    words = ("pending", "shipped", "delivered", "cancelled", "returned")
    things = ("lamp", "chair", "mug", "tent", "desk", "coat", "fan", "clock", "bike", "rug")

    def make_state(self, seed: int) -> State:
        """Two customers with an order each."""
        rng, split = seeded("shop_tiny", seed), split_of_seed(seed)
        customers: dict[str, Any] = {}
        orders: dict[str, Any] = {}
        for key in ("C1", "C2"):
            customers[key] = {"name": rng.choice(GIVEN), "zip": number_in(rng, split, 3), "vouchers": 0, "card": "-"}
            orders[f"#{number_in(rng, split, 3)}"] = {
                "item": rng.choice(self.things),
                "status": rng.choice(("pending", "shipped", "delivered")),
                "price": rng.randint(10, 99),
                "customer": key,
                "refund_to": "",
                "voucher": False,
                "swapped": "",
                "address": "",
            }
        return {
            "split": split,
            "customers": customers,
            "orders": orders,
            # Products are numbers: a tiny policy learns to copy those, which it meets everywhere, before words.
            "products": {f"P{n}": {"price": rng.randint(10, 99), "stock": 1} for n in rng.sample(range(10, 100), 4)},
        }

    def wishes(self, number: str, record: Facts, state: State, rng: random.Random) -> list[Wish]:
        """All of them, whatever the order's status."""
        other = rng.choice(list(state["products"]))
        return [
            ("cancel", {"order_id": number}),
            ("return", {"order_id": number}),
            ("exchange", {"order_id": number, "new_item": other}),
            ("status", {"order_id": number}),
        ]

    def refusal(self, state: State, kind: str, slots: Facts) -> str:
        """Pending ones are cancelled and swapped, delivered ones returned."""
        status = state["orders"][slots["order_id"]]["status"]
        needed = {"cancel": "pending", "exchange": "pending", "return": "delivered"}.get(kind, status)
        return "" if status == needed else f"it is {status}"

    def answers(self, state: State, kind: str, slots: Facts) -> tuple[str, ...]:
        """The status is the answer to a question."""
        return (
            (state["orders"][slots["order_id"]]["status"],) if kind == "status" else super().answers(state, kind, slots)
        )

    def checks(self, state: State, kind: str, slots: Facts) -> tuple[ToolCall, ...]:
        """Everything is in stock."""
        return ()

    def secrets(self, state: State) -> Iterable[str]:
        """There are none."""
        return ()


Shop.tiny = TinyShop
