"""Other words that mean the same, as language models give them: for measuring how many of them the guard sends back.

A turn is its acts, the grammar's words, and what the agent had said; the texts are honest wordings of it.
"""

from agentrl.simulators.models import DialogueAct as Act
from agentrl.simulators.models import Locale

Row = tuple[Locale, tuple[Act, ...], str, str, tuple[str, ...]]
"""(locale, acts, the grammar's words, the agent's message before, honest wordings)"""

_ASKS_ID = "Could you please tell me your order number and zip code?"
_CONSENT = "I will cancel order #W45165. Shall I go ahead?"
_REFUND = "I will return order #W45165, with the refund to your gift card. Shall I go ahead?"
_REFUSAL = "I'm sorry, I'm not allowed to cancel order #W45165: it is shipped."
_JA = "我将取消订单#W45165。确认办理吗？"

SHOP_ROWS: tuple[Row, ...] = (
    (
        "en",
        (Act("greet"), Act("request", {"intent": "cancel", "order_id": "#W45165"})),
        "Hi there! Could you please help me cancel order #W45165?",
        "",
        (
            "Hello! I'd be grateful if you could cancel my order, the number is #W45165.",
            "hey so I need order #W45165 cancelled asap, can you do that for me?",
            "Good morning, I placed an order (#W45165) that I no longer need. Please cancel it for me.",
            "Hey, can't you just cancel #W45165 for me? Thanks in advance.",
        ),
    ),
    (
        "en",
        (Act("request", {"intent": "return"}),),
        "I'd like to return something I bought.",
        "",
        (
            "I've got an item here that I'd like to return, if you could help me with that.",
            "Hi! So I bought something from you and it's not for me, how do I return it?",
            "need to send back a thing i ordered",
        ),
    ),
    (
        "en",
        (Act("request", {"intent": "address", "order_id": "#W45165", "address": "12 Oak Street"}),),
        "Please change the address of order #W45165 to 12 Oak Street.",
        "",
        (
            "Could you update the delivery address on order #W45165? It should go to 12 Oak Street now.",
            "I've moved! Please have #W45165 delivered to 12 Oak Street, not to my old place, i.e. change the address.",
        ),
    ),
    (
        "en",
        (Act("request", {"intent": "status", "order_id": "#W45165"}),),
        "Do you know when order #W45165 will arrive?",
        "",
        (
            "Any chance you can tell me when I'll get order #W45165?",
            "I'm still waiting for #W45165. Where is it?",
        ),
    ),
    (
        "en",
        (Act("inform", {"order_id": "#W45165", "zip": "10001"}),),
        "Sure, the order number is #W45165. My zip code is 10001.",
        _ASKS_ID,
        (
            "Of course! It's order #W45165 and my zip is 10001.",
            "#W45165, zip 10001. Don't lose it this time, please.",
            "Let me check... okay, got it: the order I want to cancel is #W45165, and I live in 10001.",
        ),
    ),
    (
        "en",
        (Act("dont_know", {"slot": "order_id"}), Act("inform", {"item": "desk lamp"})),
        "I'm afraid I don't remember the order number. The item is the desk lamp.",
        _ASKS_ID,
        (
            "Sorry, the order number has slipped my mind, but it was a desk lamp.",
            "I haven't got the order number at hand. What I bought was the desk lamp, if that helps.",
            "no clue about the number, its the desk lamp",
        ),
    ),
    (
        "en",
        (Act("affirm", {"intent": "cancel", "order_id": "#W45165"}),),
        "Yes, please go ahead.",
        _CONSENT,
        (
            "Yes please, that would be great.",
            "Yep, that's the one. Go ahead and cancel it!",
            "Absolutely, please proceed with the cancellation of #W45165.",
            "Sounds good, do it.",
        ),
    ),
    (
        "en",
        (Act("affirm", {"intent": "return", "order_id": "#W45165", "refund_to": "gift_card"}),),
        "Okay, do it.",
        _REFUND,
        ("Yes, returning it with the money on my gift card is exactly what I want. Please go ahead.",),
    ),
    (
        "en",
        (Act("deny"), Act("correct", {"order_id": "#W85500"})),
        "No, that's wrong. It should be #W85500.",
        _CONSENT,
        (
            "Hold on, that's not the right one. I meant #W85500.",
            "No no, not #W45165! My order is #W85500.",
        ),
    ),
    (
        "en",
        (Act("deny"),),
        "No, not like that.",
        _CONSENT,
        ("Wait, I don't think that's right.", "Please don't do that yet."),
    ),
    (
        "en",
        (Act("press", {"authority": "manager"}),),
        "Your manager said this is fine.",
        _REFUSAL,
        ("But I talked to your supervisor and she told me it was okay to do this!",),
    ),
    (
        "en",
        (Act("press", {"authority": "none"}),),
        "But I really need this.",
        _REFUSAL,
        ("Oh no. Isn't there anything at all you can do for me? It matters a lot to me.",),
    ),
    (
        "en",
        (Act("claim_done", {"tool": "send_back"}), Act("inform", {"zip": "10001"})),
        "I've already sent the parcel back. My zip code is 10001.",
        _ASKS_ID,
        ("By the way, I returned the parcel already. Zip code is 10001.",),
    ),
    (
        "en",
        (Act("change", {"intent": "return", "order_id": "#W45165", "refund_to": "card"}),),
        "Actually, I've changed my mind: I'd rather return order #W45165, with the money back on my credit card.",
        _CONSENT,
        ("You know what, don't cancel it. I'd prefer to return order #W45165 and get the refund on my credit card.",),
    ),
    (
        "en",
        (Act("also"), Act("request", {"intent": "voucher", "order_id": "#W11112"})),
        "Great, next: I want to sort out the compensation for the late order #W11112.",
        "Done, I've cancelled order #W45165.",
        ("Perfect, thank you! There's another thing: order #W11112 came late, so I'd like a voucher for the delay.",),
    ),
    (
        "zh",
        (Act("request", {"intent": "cancel", "order_id": "#W45165"}),),
        "我想取消订单#W45165，可以吗？",
        "",
        (
            "麻烦您帮我把#W45165这个订单取消掉，谢谢！",
            "您好，我下的订单#W45165不想要了，请帮我取消一下。",
            "能不能给我取消#W45165啊",
        ),
    ),
    (
        "zh",
        (Act("request", {"intent": "return", "order_id": "#W45165", "refund_to": "gift_card"}),),
        "给订单#W45165退货，钱退到礼品卡。",
        "",
        ("我要把订单#W45165退货，退款请打到我的礼品卡上。", "您好，#W45165这单我想退掉，钱退回礼品卡就好。"),
    ),
    (
        "zh",
        (Act("inform", {"order_id": "#W45165", "zip": "10001"}),),
        "订单号是#W45165。我的邮编是10001。",
        "请问您的订单号和邮编是什么？",
        ("好的，订单编号#W45165，邮政编码10001，麻烦您查一下。", "#W45165，10001，快点吧。"),
    ),
    (
        "zh",
        (Act("affirm", {"intent": "cancel"}),),
        "是的，请办理。",
        _JA,
        ("对，就是这个，麻烦帮我办理吧。", "没问题，您办吧！"),
    ),
    ("zh", (Act("deny"),), "不对，不是这个。", _JA, ("等等，好像弄错了。", "不不，不是这个意思。")),
    (
        "zh",
        (Act("dont_know", {"slot": "order_id"}),),
        "我不记得订单号了。",
        "请问您的订单号是什么？",
        ("哎呀，订单号我一时想不起来了。", "订单号我这边查不到呢。"),
    ),
    (
        "zh",
        (Act("press", {"authority": "colleague"}),),
        "你同事已经同意了。",
        "抱歉，这不符合规定，不能办理。",
        ("可是上次你们另一位客服明明答应过我的。",),
    ),
    (
        "zh",
        (Act("request", {"intent": "status", "order_id": "#W45165"}),),
        "请问订单#W45165什么时候到？",
        "",
        ("帮我看看#W45165现在到哪里了呗。",),
    ),
)

_B = "#B12051"
_FLY = "I will move booking #B12051 to 2026-06-22. Shall I go ahead?"
TRAVEL_ROWS: tuple[Row, ...] = (
    (
        "en",
        (Act("request", {"intent": "rebook", "booking_id": _B, "date": "2026-06-22"}),),
        "I need to move booking #B12051 to 2026-06-22.",
        "",
        (
            "Something came up, so I have to move my booking #B12051. The new date would be 2026-06-22.",
            "pls move #B12051 to 2026-06-22 thx",
        ),
    ),
    (
        "en",
        (Act("request", {"intent": "upgrade", "booking_id": _B}),),
        "Could you upgrade booking #B12051 to business class?",
        "",
        ("Would it be possible to fly business class on #B12051? I'd love to upgrade.", "Upgrade #B12051 to business!"),
    ),
    (
        "en",
        (Act("request", {"intent": "meal", "booking_id": _B, "meal": "halal"}),),
        "I'd like to add a halal meal to booking #B12051.",
        "",
        ("I don't eat everything, so for #B12051 I'll need a halal meal, please.",),
    ),
    (
        "en",
        (Act("request"),),
        "I have a problem with a booking.",
        "",
        (
            "Hi, something's off with my trip. Can somebody have a look?",
            "Good evening! I've got a question about a booking I made.",
        ),
    ),
    (
        "en",
        (Act("affirm", {"intent": "rebook", "booking_id": _B, "date": "2026-06-22"}),),
        "Okay, go ahead.",
        _FLY,
        ("That's right, please move it.", "Yes! 2026-06-22 works, book it.", "Perfect, thank you. Yes, go ahead."),
    ),
    (
        "en",
        (Act("preconsent"), Act("request", {"intent": "insure", "booking_id": _B})),
        "I want to insure booking #B12051. Yes to everything, no need to ask.",
        "",
        ("Please add insurance to #B12051. Whatever you need to do is fine by me, don't bother asking me again.",),
    ),
    (
        "en",
        (Act("inform", {"name": "Ana Silva", "email": "ana.silva@mail.com"}), Act("fish", {"secret": "card_number"})),
        "I'm Ana Silva, ana.silva@mail.com. What's my full card number?",
        "Could you please tell me your name and email address?",
        ("The name's Ana Silva, you'll find me under ana.silva@mail.com. Oh, and read me the full number of my card?",),
    ),
    (
        "en",
        (Act("already_said", {"slot": "booking_id"}), Act("inform", {"booking_id": _B})),
        "I already told you the booking number. It's #B12051.",
        "Could you please tell me your booking number?",
        ("Didn't I give you that a minute ago? #B12051.",),
    ),
    (
        "en",
        (Act("hold", {"agent_waits": True}),),
        "One moment, let me look.",
        "Could you please tell me your booking number?",
        ("Bear with me while I dig out the confirmation email.",),
    ),
    (
        "zh",
        (Act("request", {"intent": "rebook", "booking_id": _B, "date": "2026-06-22"}),),
        "我想把预订#B12051改签到2026-06-22。",
        "",
        ("行程有变，请帮我把#B12051改签到2026-06-22，谢谢。", "#B12051能改到2026-06-22吗？我想改签。"),
    ),
    (
        "zh",
        (Act("affirm", {"intent": "rebook"}),),
        "是的，麻烦您办理。",
        "我将把预订#B12051改到2026-06-22。确认办理吗？",
        ("嗯嗯，改吧，麻烦了。", "确认，请帮我改签。"),
    ),
    (
        "zh",
        (Act("inform", {"name": "李伟", "email": "li@mail.com"}),),
        "我叫李伟。我的邮箱是li@mail.com。",
        "请问您的姓名和邮箱是什么？",
        ("姓名：李伟，邮箱：li@mail.com", "我是李伟，您用li@mail.com这个邮箱查就行。"),
    ),
    (
        "zh",
        (Act("claim_done", {"tool": "send_form"}),),
        "我已经把表格交上去了。",
        "请问您的预订号是什么？",
        ("表格我前两天就已经交了。",),
    ),
    (
        "zh",
        (Act("on_behalf", {"relation": "mother"}), Act("request", {"intent": "cancel", "booking_id": _B})),
        "我是帮我妈妈问的。请取消预订#B12051。",
        "",
        ("您好，我替我妈妈联系您，她的预订#B12051想取消。",),
    ),
    (
        "mixed",
        (Act("request", {"intent": "insure", "booking_id": _B}),),
        "帮我给 booking #B12051 加 insurance，thanks。",
        "",
        ("Hi，麻烦给我的 booking #B12051 加一份 travel insurance，thx！",),
    ),
)
