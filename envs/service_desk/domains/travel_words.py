"""What a travel agency's customers talk about, in English and Chinese; and the few words of the level "tiny"."""

from typing import Final

from agentrl.envs.service_desk.domains.shop_words import plain_intent
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import Intent, Slot

_NAME: Final = Slot(kind="name", words={"en": ("name", "full name"), "zh": ("姓名", "名字")}, identity=True)

TRAVEL: Final = Ontology(
    name="travel",
    slots={
        "booking_id": Slot(
            kind="id",
            words={"en": ("booking number", "booking id"), "zh": ("预订号", "预订编号")},
            pattern=r"#B\d+",
            vague={
                "en": ("my next trip", "the flight I booked recently"),
                "zh": ("我下一趟行程", "我最近订的那个航班"),
            },
            instead=("city",),
        ),
        "city": Slot(kind="text", words={"en": ("destination", "city"), "zh": ("目的地", "城市")}),
        "date": Slot(
            kind="date",
            words={"en": ("new date", "travel date"), "zh": ("新日期", "出行日期")},
            asks={"en": (r"when would you like to (?:fly|travel|leave)",), "zh": ("想哪天出发",)},
        ),
        "meal": Slot(
            kind="choice",
            words={"en": ("meal preference", "meal", "kind of meal"), "zh": ("餐食要求", "餐食", "餐食种类")},
            values={
                "vegetarian": {"en": ("vegetarian",), "zh": ("素食",)},
                "halal": {"en": ("halal",), "zh": ("清真",)},
                "kosher": {"en": ("kosher",), "zh": ("犹太洁食", "犹太餐")},
            },
        ),
        "name": _NAME,
        "email": Slot(
            kind="email", words={"en": ("email address", "email"), "zh": ("邮箱", "电子邮箱")}, identity=True
        ),
    },
    intents={
        "cancel": Intent(
            slots=("booking_id",),
            phrases={
                "en": ("cancel booking {booking_id}", "cancel my trip {booking_id}", "call off booking {booking_id}"),
                "zh": ("取消预订{booking_id}", "把预订{booking_id}取消", "取消行程{booking_id}"),
                "mixed": ("cancel 掉 booking {booking_id}", "把 booking {booking_id} 取消"),
            },
            vague={"en": ("cancel a trip", "cancel a booking"), "zh": ("取消一个行程", "取消预订")},
            noun={
                "en": ("the cancellation of booking {booking_id}", "the cancellation"),
                "zh": ("取消预订{booking_id}的事", "取消的事"),
            },
            cues={"en": ("cancel",), "zh": ("取消",)},
            said={"en": (r"call (?:\S+ )*off", "n['’]t (?:want|go|fly|travel)"), "zh": ("不去了", "不飞了")},
        ),
        "rebook": Intent(
            slots=("booking_id", "date"),
            phrases={
                "en": (
                    "move booking {booking_id} to {date}",
                    "rebook {booking_id} to {date}",
                    "move booking {booking_id} to another day",
                ),
                "zh": ("把预订{booking_id}改签到{date}", "把预订{booking_id}改到{date}", "给预订{booking_id}改签"),
                "mixed": ("把 booking {booking_id} 改到 {date}",),
            },
            vague={
                "en": ("move a flight to another day", "change a travel date"),
                "zh": ("改签一个航班", "改一下出行日期"),
            },
            noun={
                "en": ("the new date of booking {booking_id}", "the new date"),
                "zh": ("预订{booking_id}改签的事", "改签的事"),
            },
            cues={"en": (r"\bmove\b", "rebook"), "zh": ("改签",)},
            said={
                "en": (
                    "instead",
                    "reschedul",
                    "postpon",
                    r"\b(?:another|different|new) (?:day|date)",
                    r"\bfly\b",
                    "chang",
                ),
                "zh": ("改到", "换到", "改期"),
            },
        ),
        "upgrade": Intent(
            slots=("booking_id",),
            phrases={
                "en": ("upgrade booking {booking_id} to business class", "get business class for booking {booking_id}"),
                "zh": ("把预订{booking_id}升舱到商务舱", "给预订{booking_id}升舱"),
                "mixed": ("给 booking {booking_id} 升舱",),
            },
            vague={"en": ("upgrade a booking", "upgrade to business class"), "zh": ("升舱", "升到商务舱")},
            noun={
                "en": ("the upgrade of booking {booking_id}", "the upgrade"),
                "zh": ("预订{booking_id}升舱的事", "升舱的事"),
            },
            cues={"en": ("upgrad", "business class"), "zh": ("升舱",)},
            said={"en": ("business",), "zh": ("商务舱",)},
        ),
        "meal": Intent(
            slots=("booking_id", "meal"),
            phrases={
                "en": ("add a {meal} meal to booking {booking_id}", "order a special meal for booking {booking_id}"),
                "zh": (
                    "给预订{booking_id}订{meal}餐",
                    "给预订{booking_id}加一份{meal}餐",
                    "给预订{booking_id}订特殊餐食",
                ),
                "mixed": ("给 booking {booking_id} 订 {meal} 餐",),
            },
            vague={"en": ("order a special meal", "add a special meal"), "zh": ("订一份特殊餐食",)},
            noun={
                "en": ("the meal for booking {booking_id}", "the special meal"),
                "zh": ("预订{booking_id}的餐食", "餐食的事"),
            },
            cues={"en": (r"\bmeal",), "zh": ("餐食", "餐")},
            said={"en": (r"\bfood\b", r"\beat\b", "diet", "vegetarian", "halal", "kosher"), "zh": ("吃", "素", "清真")},
        ),
        "insure": Intent(
            slots=("booking_id",),
            phrases={
                "en": ("insure booking {booking_id}", "add travel insurance to booking {booking_id}"),
                "zh": ("给预订{booking_id}买保险", "给预订{booking_id}加上旅行保险"),
                "mixed": ("给 booking {booking_id} 加 insurance",),
            },
            vague={"en": ("add travel insurance", "insure a trip"), "zh": ("买旅行保险", "加一份旅行保险")},
            noun={
                "en": ("the insurance of booking {booking_id}", "the insurance"),
                "zh": ("预订{booking_id}的保险", "保险的事"),
            },
            cues={"en": (r"\binsur",), "zh": ("保险",)},
        ),
        "departure": Intent(
            slots=("booking_id",),
            phrases={
                "en": ("when booking {booking_id} leaves", "what day I fly with booking {booking_id}"),
                "zh": ("预订{booking_id}哪天出发", "预订{booking_id}什么时候走"),
                "mixed": ("booking {booking_id} 哪天出发",),
            },
            vague={"en": ("when my flight leaves", "what day I fly"), "zh": ("我的航班哪天出发", "我哪天飞")},
            noun={
                "en": ("the departure of booking {booking_id}", "my departure"),
                "zh": ("预订{booking_id}的出发日期", "出发日期"),
            },
            info=True,
        ),
    },
    problem={"en": ("a booking", "a trip"), "zh": ("预订", "行程"), "mixed": ("booking",)},
    claims={"send_form": {"en": ("sent the form in",), "zh": ("把表格交上去",)}},
    secrets={"card_number": {"en": ("full card number",), "zh": ("完整卡号",)}},
    reasons={
        "it is cancelled": {"zh": ("此前已经取消了",)},
        "it is flown": {"en": ("the flight has left already",), "zh": ("航班已经起飞",)},
        "it is a basic fare": {"zh": ("这是基础票价",)},
        "it is business class already": {"zh": ("本来就是商务舱",)},
        "there is no free seat": {"zh": ("当天没有空位",)},
        "insurance is sold with the booking only": {"zh": ("保险只限预订时购买",)},
    },
    participles={"cancel": "cancelled", "move": "moved", "upgrade": "upgraded", "order": "ordered", "add": "added"},
)

TINY_TRAVEL: Final = Ontology(
    name="travel_tiny",
    slots={
        "booking_id": Slot(kind="id", words={"en": ("booking number",), "zh": ("预订号",)}, pattern=r"#\d+"),
        "city": Slot(kind="text", words={"en": ("city",), "zh": ("城市",)}),
        "meal": Slot(kind="text", words={"en": ("meal",), "zh": ("餐食",)}, mine=False),
        "name": Slot(kind="name", words={"en": ("name",), "zh": ("姓名",)}),
        "email": Slot(
            kind="zip", words={"en": ("code",), "zh": ("密码",)}, pattern=r"(?<![#$\d])\d{3}(?!\d)", identity=True
        ),
    },
    intents={
        "cancel": plain_intent(
            "a cancellation",
            "cancel {booking_id}",
            "booking_id",
            cues=("cancel",),
            said=(r"\bstop\b", "n['’]t (?:want|go|fly)"),
        ),
        "upgrade": plain_intent(
            "an upgrade", "upgrade {booking_id}", "booking_id", cues=("upgrade",), said=("business",)
        ),
        "meal": plain_intent(
            "a meal",
            "serve {booking_id} {meal}",
            "booking_id",
            "meal",
            cues=("serve",),
            said=("meal", "food", r"\beat\b"),
        ),
        "departure": plain_intent("a question", "when {booking_id} is", "booking_id", info=True),
    },
    problem={"en": ("a booking",), "zh": ("预订",)},
)
"""Its users speak English in one wording, and are known by a code of three digits; see `plain_user.py`."""
