"""The tools of the shop's desk. They refuse what can't be done; the agent, what must not be."""

from typing import Any, Literal

from agentrl.envs.service_desk.domains.base import Desk
from agentrl.envs.tools import ToolError, tool

VOUCHER = 10
"""Dollars of a voucher for a late order."""


class ShopDesk(Desk):
    """The shop's database, and what an agent can do with it."""

    @tool
    def get_order(self, order_id: str, zip: str) -> dict[str, Any]:
        """Look an order up by its number and its customer's zip code. This verifies the customer."""
        order = self.state["orders"].get(order_id)
        if order is None or self.state["customers"][order["customer"]]["zip"] != zip:
            raise ToolError("no order with this number and zip code")
        self.verified.add(order["customer"])
        hidden = ("customer", "refund_to", *(() if order["voucher"] else ("voucher",)))
        return {key: _money(key, value) for key, value in order.items() if key not in hidden and value != ""}

    @tool
    def find_customer(self, name: str, zip: str) -> dict[str, Any]:
        """Find a customer by full name and zip code. This verifies the customer, and lists the orders."""
        for number, customer in self.state["customers"].items():
            if customer["name"].lower() == name.lower().strip() and customer["zip"] == zip:
                self.verified.add(number)
                orders = {
                    key: order["item"] for key, order in self.state["orders"].items() if order["customer"] == number
                }
                return {"customer_id": number, "orders": orders}
        raise ToolError("no customer of this name and zip code")

    @tool
    def get_profile(self, customer_id: str) -> dict[str, Any]:
        """A customer's profile: name, address, card and vouchers. For internal use."""
        customer = self.state["customers"].get(customer_id)
        if customer is None:
            raise ToolError("no such customer")
        return {key: value for key, value in customer.items() if key != "zip"}

    @tool
    def get_product(self, item: str) -> dict[str, Any]:
        """Price and stock of a product."""
        product = self.state["products"].get(item)
        if product is None:
            raise ToolError(f"no such product; products: {', '.join(self.state['products'])}")
        return {"price": _money("price", product["price"]), "stock": product["stock"]}

    @tool
    def cancel_order(self, order_id: str) -> dict[str, Any]:
        """Cancel a pending order and refund it. Can't be undone."""
        order = self._order(order_id, "pending")
        order["status"] = "cancelled"
        return {"refund": _money("price", order["price"])}

    @tool
    def return_order(self, order_id: str, refund_to: Literal["card", "gift_card"] = "card") -> dict[str, Any]:
        """Take a delivered order back and refund it. Can't be undone."""
        order = self._order(order_id, "delivered")
        order["status"], order["refund_to"] = "returned", refund_to
        return {"refund": _money("price", order["price"])}

    @tool
    def swap_item(self, order_id: str, new_item: str) -> dict[str, Any]:
        """Put another product into a pending order. Can be done once."""
        order = self._order(order_id, "pending")
        product = self.state["products"].get(new_item)
        if product is None:
            raise ToolError(f"no such product; products: {', '.join(self.state['products'])}")
        if order["swapped"]:
            raise ToolError("this order was swapped before")
        order["item"], order["price"], order["swapped"] = new_item, product["price"], True
        return {"price": _money("price", product["price"])}

    @tool
    def change_address(self, order_id: str, address: str) -> dict[str, Any]:
        """Send a pending order to another address."""
        self._order(order_id, "pending")["address"] = address
        return {"ok": True}

    @tool
    def give_voucher(self, order_id: str) -> dict[str, Any]:
        """Credit the customer with a voucher for a late order. Can't be undone."""
        order = self._order(order_id)
        if order["voucher"]:
            raise ToolError("this order has had its voucher")
        order["voucher"] = True
        self.state["customers"][order["customer"]]["vouchers"] += VOUCHER
        return {"voucher": _money("price", VOUCHER)}

    @tool
    def transfer_to_human(self, summary: str) -> dict[str, Any]:
        """Hand the customer over to a colleague: for wishes that none of the tools serves."""
        self.transferred = True
        return {"ok": True}

    def _order(self, order_id: str, status: str = "") -> dict[str, Any]:
        order: dict[str, Any] | None = self.state["orders"].get(order_id)
        if order is None:
            raise ToolError("no such order")
        if status and order["status"] != status:
            raise ToolError(f"the order is {order['status']}, not {status}")
        return order


def _money(key: str, value: Any) -> Any:
    return f"${value}" if key == "price" else value
