"""The tools of the travel desk. They refuse what can't be done; the agent, what must not be."""

from typing import Any, Literal

from agentrl.envs.service_desk.domains.base import Desk
from agentrl.envs.tools import ToolError, tool

UPGRADE = 120
INSURANCE = 25
"""Dollars."""


class TravelDesk(Desk):
    """The agency's database, and what an agent can do with it."""

    @tool
    def get_booking(self, booking_id: str, email: str) -> dict[str, Any]:
        """Look a booking up by its number and its traveller's email address. This verifies the traveller."""
        booking = self.state["bookings"].get(booking_id)
        if booking is None or self.state["travellers"][booking["traveller"]]["email"] != email.lower():
            raise ToolError("no booking with this number and email address")
        self.verified.add(booking["traveller"])
        # 0 days ago is something to know, and equal to False.
        told = {k: value for k, value in booking.items() if k != "traveller" and value != "" and value is not False}
        return told | ({"price": f"${booking['price']}"} if "price" in told else {})

    @tool
    def find_traveller(self, name: str, email: str) -> dict[str, Any]:
        """Find a traveller by full name and email address. This verifies the traveller, and lists the bookings."""
        for number, traveller in self.state["travellers"].items():
            if traveller["name"].lower() == name.lower().strip() and traveller["email"] == email.lower():
                self.verified.add(number)
                bookings = {k: b["city"] for k, b in self.state["bookings"].items() if b["traveller"] == number}
                return {"traveller_id": number, "bookings": bookings}
        raise ToolError("no traveller of this name and email address")

    @tool
    def get_profile(self, traveller_id: str) -> dict[str, Any]:
        """A traveller's profile: name and card. For internal use."""
        traveller = self.state["travellers"].get(traveller_id)
        if traveller is None:
            raise ToolError("no such traveller")
        return {key: value for key, value in traveller.items() if key != "email"}

    @tool
    def get_flights(self, city: str) -> dict[str, Any]:
        """The flights to a city: free seats by date."""
        if city not in self.state["flights"]:
            raise ToolError(f"no flights there; cities: {', '.join(self.state['flights'])}")
        return dict(self.state["flights"][city])

    @tool
    def cancel_booking(self, booking_id: str) -> dict[str, Any]:
        """Cancel a booking and refund it. Can't be undone."""
        booking = self._booking(booking_id)
        booking["status"] = "cancelled"
        return {"refund": f"${booking['price']}"}

    @tool
    def change_date(self, booking_id: str, date: str) -> dict[str, Any]:
        """Move a booking to another date with a free seat. Can't be undone."""
        booking = self._booking(booking_id)
        if not self.state["flights"][booking["city"]].get(date):
            raise ToolError("there is no free seat on this date")
        booking["date"] = date
        return {"date": date}

    @tool
    def upgrade_cabin(self, booking_id: str) -> dict[str, Any]:
        """Upgrade a booking to business class, and charge for it. Can't be undone."""
        booking = self._booking(booking_id)
        if booking["cabin"] == "business":
            raise ToolError("it is business class already")
        booking["cabin"] = "business"
        return {"charged": f"${UPGRADE}"}

    @tool
    def order_meal(self, booking_id: str, meal: Literal["vegetarian", "halal", "kosher"]) -> dict[str, Any]:
        """Order a special meal for a booking."""
        self._booking(booking_id)["meal"] = meal
        return {"ok": True}

    @tool
    def add_insurance(self, booking_id: str) -> dict[str, Any]:
        """Insure a booking, and charge for it. Can't be undone."""
        self._booking(booking_id)["insured"] = True
        return {"charged": f"${INSURANCE}"}

    @tool
    def transfer_to_human(self, summary: str) -> dict[str, Any]:
        """Hand the traveller over to a colleague: for wishes that none of the tools serves."""
        self.transferred = True
        return {"ok": True}

    def _booking(self, booking_id: str) -> dict[str, Any]:
        booking: dict[str, Any] | None = self.state["bookings"].get(booking_id)
        if booking is None:
            raise ToolError("no such booking")
        if booking["status"] != "booked":
            raise ToolError(f"the booking is {booking['status']}")
        return booking
