"""The domain "travel_tiny": the travel agency with less of everything, for the tiny policy."""

import random
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from agentrl.envs.service_desk.domains.base import Facts, State, Wish, Write
from agentrl.envs.service_desk.domains.splits import number_in, split_of_seed
from agentrl.envs.service_desk.domains.travel import CITIES, GIVEN, Travel
from agentrl.envs.service_desk.domains.travel_tools import TravelDesk
from agentrl.envs.service_desk.domains.travel_words import TINY_TRAVEL
from agentrl.envs.tools import Toolbox
from agentrl.simulators.users import seeded


class TinyTravel(Travel):
    """One booking for each of two travellers, four tools, and short words: for the tiny policy."""

    name = "travel_tiny"
    ontology = TINY_TRAVEL
    toolbox = Toolbox(TravelDesk, ("get_booking", "cancel_booking", "upgrade_cabin", "order_meal"))
    does: ClassVar[Mapping[str, tuple[str, str]]] = {
        "cancel": ("cancel {booking_id}", "取消{booking_id}"),
        "upgrade": ("upgrade {booking_id}", "升舱{booking_id}"),
        "meal": ("serve {booking_id} {meal}", "给{booking_id}订{meal}"),
        "departure": ("check {booking_id}", "查询{booking_id}"),
    }
    writes: ClassVar[Mapping[str, Write]] = {kind: Travel.writes[kind] for kind in ("cancel", "upgrade", "meal")}
    words = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    never = frozenset([("meal", True), ("upgrade", True)])
    policy = (
        "Look the booking up by number and code. Cancel flex, not basic; upgrade economy, not business. "
        "Ask before you write. Tell the result."
    )
    prompt = policy

    def make_state(self, seed: int) -> State:
        """Two travellers with a booking each."""
        rng, split = seeded("travel_tiny", seed), split_of_seed(seed)
        travellers: dict[str, Any] = {}
        bookings: dict[str, Any] = {}
        for key in ("T1", "T2"):
            travellers[key] = {"name": rng.choice(GIVEN), "email": number_in(rng, split, 3)}
            bookings[f"#{number_in(rng, split, 3)}"] = {
                "traveller": key,
                "city": rng.choice(CITIES),
                "fare": rng.choice(("basic", "flex")),
                "cabin": rng.choice(("economy", "economy", "business")),
                "price": rng.randint(10, 99),
                "date": rng.choice(("Monday", "Tuesday", "Friday", "Sunday")),
                "status": "booked",
                "booked_days_ago": 9,
                "meal": "",
                "insured": False,
            }
        return {"split": split, "travellers": travellers, "bookings": bookings, "flights": {}}

    def wishes(self, number: str, record: Facts, state: State, rng: random.Random) -> list[Wish]:
        """All of them, whatever the booking."""
        return [
            ("cancel", {"booking_id": number}),
            ("upgrade", {"booking_id": number}),
            ("meal", {"booking_id": number, "meal": rng.choice(("vegetarian", "halal", "kosher"))}),
            ("departure", {"booking_id": number}),
        ]

    def secrets(self, state: State) -> Iterable[str]:
        """There are none."""
        return ()


Travel.tiny = TinyTravel
