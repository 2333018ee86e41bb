"""What a shop's customers talk about, in English and Chinese; and the few words of the level "tiny"."""

from typing import Final

from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import Intent, Slot

ITEMS: Final = ("desk lamp", "office chair", "water bottle", "phone case", "rain jacket", "coffee grinder", "yoga mat",
                "table fan", "back pack", "wall clock", "hand mixer", "bike light")  # fmt: skip
_ORDER: Final = Slot(
    kind="id",
    words={"en": ("order number", "order id"), "zh": ("订单号", "订单编号")},
    pattern=r"#W\d+",
    vague={"en": ("the one I bought recently", "my latest one"), "zh": ("我最近买的那个", "上次买的那个")},
    instead=("item",),
)
_NAME: Final = Slot(kind="name", words={"en": ("name", "full name"), "zh": ("姓名", "名字")}, identity=True)
_ZIP: Final = Slot(kind="zip", words={"en": ("zip code", "zip"), "zh": ("邮编", "邮政编码")}, identity=True)

SHOP: Final = Ontology(
    name="shop",
    slots={
        "order_id": _ORDER,
        "item": Slot(kind="text", words={"en": ("item", "product"), "zh": ("商品", "东西")}),
        "new_item": Slot(
            kind="text",
            words={"en": ("new item", "other product"), "zh": ("新商品", "想换成的商品")},
            pattern=rf"(?<![A-Za-z])(?:{'|'.join(ITEMS)})",
            mine=False,
        ),
        "address": Slot(
            kind="text",
            words={"en": ("new address", "address"), "zh": ("新地址", "收货地址", "地址")},
            pattern=r"\d+ [A-Z][a-z]+ (?:Street|Avenue|Road|Lane)",
            asks={"en": (r"where (?:should|shall|would|do) .{0,24}\b(?:send|ship|deliver)",), "zh": ("[寄送]到哪",)},
        ),
        "refund_to": Slot(
            kind="choice",
            words={"en": ("refund method", "way of refund"), "zh": ("退款方式",)},
            values={
                "card": {"en": ("credit card",), "zh": ("信用卡",)},
                "gift_card": {"en": ("gift card",), "zh": ("礼品卡",)},
            },
            asks={"en": (r"how (?:would|do) you (?:like|want) to be (?:refunded|paid back)",), "zh": ("怎么退款",)},
        ),
        "email": Slot(kind="email", words={"en": ("new email address", "email"), "zh": ("新邮箱", "邮箱")}),
        "name": _NAME,
        "zip": _ZIP,
    },
    intents={
        "cancel": Intent(
            slots=("order_id",),
            phrases={
                "en": (
                    "cancel order {order_id}",
                    "cancel my order {order_id}",
                    "call off order {order_id}",
                    "stop order {order_id}",
                ),
                "zh": ("取消订单{order_id}", "把订单{order_id}取消", "取消{order_id}这个订单"),
                "mixed": ("cancel 掉 order {order_id}", "把 order {order_id} cancel 掉", "取消 order {order_id}"),
            },
            vague={"en": ("cancel an order", "cancel something I ordered"), "zh": ("取消一个订单",)},
            noun={
                "en": ("the cancellation of order {order_id}", "the cancellation"),
                "zh": ("取消订单{order_id}的事", "取消的事"),
            },
            cues={"en": ("cancel",), "zh": ("取消",)},
            said={"en": (r"call (?:\S+ )*off", r"\bstop\b", "not want", "n['’]t want"), "zh": ("不要了", "不想要")},
        ),
        "return": Intent(
            slots=("order_id", "refund_to"),
            phrases={
                "en": (
                    "return order {order_id}",
                    "start a return for order {order_id}",
                    "return order {order_id}, with the money back on my {refund_to}",
                ),
                "zh": ("给订单{order_id}退货", "退掉订单{order_id}", "给订单{order_id}退货，钱退到{refund_to}"),
                "mixed": ("把 order {order_id} return 掉", "return order {order_id}"),
            },
            vague={"en": ("return something I bought", "start a return"), "zh": ("退一个订单", "退货")},
            noun={"en": ("the return of order {order_id}", "the return"), "zh": ("订单{order_id}的退货", "退货的事")},
            cues={"en": (r"\breturn", "send back"), "zh": ("退货", "退掉")},
            said={"en": (r"\b(?:send|take|bring|give)\b.{0,30}\bback\b", "refund", "money back"), "zh": ("退",)},
        ),
        "exchange": Intent(
            slots=("order_id", "new_item"),
            phrases={
                "en": (
                    "exchange what is in order {order_id} for the {new_item}",
                    "swap what is in order {order_id} for the {new_item}",
                    "swap the item in order {order_id}",
                ),
                "zh": ("把订单{order_id}换成{new_item}", "给订单{order_id}换货"),
                "mixed": ("把 order {order_id} 换成 {new_item}",),
            },
            vague={"en": ("swap something that I ordered", "exchange an item"), "zh": ("换一下我买的东西", "换货")},
            noun={"en": ("the swap in order {order_id}", "the swap"), "zh": ("订单{order_id}换货的事", "换货的事")},
            cues={"en": ("swap", "exchang"), "zh": ("换成", "换货")},
            said={"en": ("instead", "replac", "switch", r"\bchange\b"), "zh": ("换",)},
        ),
        "address": Intent(
            slots=("order_id", "address"),
            phrases={
                "en": (
                    "change the address of order {order_id} to {address}",
                    "have order {order_id} sent to {address}",
                    "change the address of order {order_id}",
                ),
                "zh": ("把订单{order_id}的地址改成{address}", "修改订单{order_id}的收货地址"),
                "mixed": ("把 order {order_id} 的 address 改成 {address}", "update 一下 order {order_id} 的 address"),
            },
            vague={"en": ("change a delivery address", "have a parcel sent somewhere else"), "zh": ("改一下收货地址",)},
            noun={
                "en": ("the new address for order {order_id}", "the address change"),
                "zh": ("订单{order_id}改地址的事", "改地址的事"),
            },
            cues={"en": (r"chang\w+ the .*address", r"address (?:change|to)"), "zh": ("改.*地址", "地址.*改")},
            said={
                "en": ("address", r"\b(?:go|sent|send|ship\w*|deliver\w*|redirect\w*)\b.{0,40}\bto\b"),
                "zh": ("地址", "[寄送]到"),
            },
        ),
        "voucher": Intent(
            slots=("order_id",),
            phrases={
                "en": (
                    "arrange a voucher for the delay of order {order_id}",
                    "sort out the compensation for the late order {order_id}",
                ),
                "zh": ("申请订单{order_id}的延误代金券", "拿到订单{order_id}晚到的补偿"),
                "mixed": ("申请 order {order_id} 的 voucher", "拿到 order {order_id} 的 delay 补偿"),
            },
            vague={
                "en": ("arrange a voucher for a late delivery", "sort out some compensation"),
                "zh": ("申请一张延误代金券", "拿到晚到的补偿"),
            },
            noun={
                "en": ("the voucher for order {order_id}", "the voucher"),
                "zh": ("订单{order_id}的代金券", "代金券"),
            },
            cues={"en": ("voucher", "compensat"), "zh": ("代金券", "补偿")},
            said={"en": (r"\blate\b", "delay"), "zh": ("赔", "晚了", "迟到")},
        ),
        "status": Intent(
            slots=("order_id",),
            phrases={
                "en": (
                    "where order {order_id} is",
                    "when order {order_id} will arrive",
                    "when order {order_id} is due",
                ),
                "zh": ("订单{order_id}到哪了", "订单{order_id}什么时候到"),
                "mixed": ("order {order_id} 的 status", "order {order_id} 什么时候到"),
            },
            vague={"en": ("when my order will arrive",), "zh": ("我的订单什么时候到",)},
            noun={"en": ("order {order_id}", "my order"), "zh": ("订单{order_id}", "我的订单")},
            info=True,
        ),
    },
    problem={"en": ("an order", "something I bought"), "zh": ("订单", "包裹"), "mixed": ("order", "parcel")},
    claims={"send_back": {"en": ("sent the parcel back",), "zh": ("把包裹寄回去",)}},
    secrets={"card_number": {"en": ("full card number",), "zh": ("完整卡号",)}},
    reasons={
        "it is pending": {"zh": ("订单还没有发货",)},
        "it is shipped": {"zh": ("订单已经在路上",)},
        "it is delivered": {"zh": ("订单已经送达",)},
        "it is cancelled": {"zh": ("此前已经取消了",)},
        "it is returned": {"zh": ("商品此前已经退回",)},
        "it is not late": {"zh": ("订单没有晚到",)},
        "it was swapped before": {"zh": ("每个订单只限换一次",)},
        "this product is not in stock": {"zh": ("新商品缺货",)},
        "it was delivered more than 30 days ago": {"zh": ("送达已超过三十天",)},
    },
    participles={"cancel": "cancelled", "return": "returned", "swap": "swapped", "change": "changed", "give": "given"},
)


def plain_intent(
    noun: str, phrase: str, *slots: str, info: bool = False, cues: tuple[str, ...] = (), said: tuple[str, ...] = ()
) -> Intent:
    return Intent(
        slots=slots,
        phrases={"en": (phrase,), "zh": (phrase,)},
        vague={"en": (noun,), "zh": (noun,)},
        noun={"en": (noun,), "zh": (noun,)},
        cues={"en": cues} if cues else {},
        said={"en": said} if said else {},
        info=info,
    )


TINY_SHOP: Final = Ontology(
    name="shop_tiny",
    slots={
        "order_id": Slot(kind="id", words={"en": ("order number",), "zh": ("订单号",)}, pattern=r"#\d+"),
        "item": Slot(kind="text", words={"en": ("item",), "zh": ("商品",)}),
        "new_item": Slot(kind="id", words={"en": ("product",), "zh": ("新商品",)}, pattern=r"\bP\d\d\b", mine=False),
        "name": Slot(kind="name", words={"en": ("name",), "zh": ("姓名",)}),
        "zip": Slot(
            kind="zip", words={"en": ("zip code",), "zh": ("邮编",)}, pattern=r"(?<![#$\d])\d{3}(?!\d)", identity=True
        ),
    },
    intents={
        "cancel": plain_intent(
            "a cancellation", "cancel {order_id}", "order_id", cues=("cancel",), said=(r"\bstop\b", "n['’]t want")
        ),
        "return": plain_intent(
            "a return", "return {order_id}", "order_id", cues=("return",), said=(r"\bback\b", "refund")
        ),
        "exchange": plain_intent(
            "a swap",
            "swap {order_id} for {new_item}",
            *("order_id", "new_item"),
            cues=("swap",),
            said=("instead", "replac", "switch", "change"),
        ),
        "status": plain_intent("a question", "where {order_id} is", "order_id", info=True),
    },
    problem={"en": ("an order",), "zh": ("订单",)},
)
"""Its users speak English in one wording; see `plain_user.py`."""
