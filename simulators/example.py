"""A desk with two users' orders: the smallest complete domain, for the tests, the benchmark and for reading.

`play` runs a dialogue between a user and `DeskAgent`, a scripted agent which reads the user's acts and not
their text.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrl.simulators.models import DialogueAct, Persona, SubGoal, UserGoal, UserTask, UserTurn
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import Intent, Slot
from agentrl.simulators.users import User

DESK = Ontology(
    name="desk",
    slots={
        "order_id": Slot(
            kind="id",
            words={"en": ("order number", "order id"), "zh": ("订单号", "订单编号")},
            pattern=r"#W\d+",
            vague={"en": ("the one I bought recently", "my latest one"), "zh": ("我最近买的那个", "上次买的那个")},
            instead=("item",),
        ),
        "item": Slot(kind="text", words={"en": ("item", "product"), "zh": ("商品", "东西")}),
        "address": Slot(
            kind="text",
            words={"en": ("new address", "address"), "zh": ("新地址", "地址")},
            pattern=r"\d+ [A-Z][a-z]+ (?:Street|Avenue|Road)",
            asks={"en": (r"where (?:should|shall|would|do) .{0,24}\b(?:send|ship|deliver)",), "zh": ("[寄送]到哪",)},
        ),
        "payment": Slot(
            kind="choice",
            words={"en": ("refund method",), "zh": ("退款方式",)},
            values={
                "credit_card": {"en": ("credit card",), "zh": ("信用卡",)},
                "gift_card": {"en": ("gift card",), "zh": ("礼品卡",)},
            },
        ),
        "amount": Slot(kind="money", words={"en": ("refund amount", "amount"), "zh": ("退款金额", "金额")}),
        "date": Slot(kind="date", words={"en": ("delivery date",), "zh": ("送货日期",)}),
        "name": Slot(kind="name", words={"en": ("name", "full name"), "zh": ("姓名", "名字")}, identity=True),
        "zip": Slot(kind="zip", words={"en": ("zip code", "zip"), "zh": ("邮编",)}, identity=True),
    },
    intents={
        "cancel": Intent(
            slots=("order_id",),
            phrases={
                "en": ("cancel order {order_id}", "cancel my order {order_id}", "call off order {order_id}"),
                "zh": ("取消订单{order_id}", "把订单{order_id}取消", "取消{order_id}这个订单"),
                "mixed": ("cancel 掉 order {order_id}", "把 order {order_id} cancel 掉", "取消 order {order_id}"),
            },
            vague={"en": ("cancel an order", "cancel something I ordered"), "zh": ("取消一个订单",)},
            noun={
                "en": ("the cancellation of order {order_id}", "the cancellation"),
                "zh": ("取消订单{order_id}的事", "取消的事"),
            },
            cues={"en": ("cancel",), "zh": ("取消",)},
        ),
        "refund": Intent(
            slots=("order_id", "payment"),
            phrases={
                "en": ("return order {order_id}", "return order {order_id} and get the money back on my {payment}"),
                "zh": ("给订单{order_id}退款", "把订单{order_id}退到{payment}"),
                "mixed": ("把 order {order_id} return 掉", "refund order {order_id}"),
            },
            vague={"en": ("return something I bought",), "zh": ("退一个订单",)},
            noun={"en": ("the refund for order {order_id}", "the refund"), "zh": ("订单{order_id}的退款", "退款")},
            cues={"en": ("refund", r"\breturn"), "zh": ("退款", "退货")},
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
            vague={"en": ("change a delivery address",), "zh": ("改一下收货地址",)},
            noun={
                "en": ("the new address for order {order_id}", "the address change"),
                "zh": ("订单{order_id}改地址的事", "改地址的事"),
            },
            cues={
                "en": (r"(?:chang|updat)\w+ the .*address", "address (?:change|to)"),
                "zh": ("改.*地址", "地址.*改"),
            },
        ),
        "status": Intent(
            slots=("order_id",),
            phrases={
                "en": ("where order {order_id} is", "when order {order_id} will arrive"),
                "zh": ("订单{order_id}到哪了", "订单{order_id}什么时候到"),
                "mixed": ("order {order_id} 的 status",),
            },
            vague={"en": ("where my order is",), "zh": ("我的订单到哪了",)},
            noun={"en": ("order {order_id}", "my order"), "zh": ("订单{order_id}", "我的订单")},
            info=True,
        ),
    },
    problem={"en": ("an order", "something I bought"), "zh": ("订单", "我买的东西"), "mixed": ("order",)},
    claims={"send_back": {"en": ("sent the parcel back",), "zh": ("把包裹寄回去",)}},
    secrets={"card": {"en": ("full card number",), "zh": ("完整卡号",)}},
)  # fmt: skip

_PEOPLE = (("Ana Silva", "10001"), ("Li Wei", "20002"), ("Sam Roy", "30003"), ("Mei Chen", "40004"))
_STREETS = ("Oak Street", "Elm Avenue", "Hill Road", "Lake Street")


def sample_task(seed: int, persona: Persona | None = None, ops: Sequence[Any] = (), subgoals: int = 1) -> UserTask:
    """A task about one to three orders, all of it permitted."""
    rng = random.Random(seed)
    name, code = rng.choice(_PEOPLE)
    goals = []
    for number in range(subgoals):
        kind = rng.choice(("cancel", "refund", "address", "status"))
        slots: dict[str, Any] = {"order_id": f"#W{rng.randint(1000, 9999) * 10 + number}"}
        if kind == "refund":
            slots["payment"] = rng.choice(("credit_card", "gift_card"))
        elif kind == "address":
            slots["address"] = f"{rng.randint(1, 99)} {rng.choice(_STREETS)}"
        goals.append(SubGoal(kind=kind, slots=slots))
    return UserTask(
        id=f"desk-{seed}",
        seed=seed,
        domain="desk",
        persona=persona or Persona(id="plain", display_name=name),
        goal=UserGoal(subgoals=tuple(goals), known={"name": name, "zip": code, "item": "desk lamp"}),
        ops=tuple(ops),
    )


@dataclass
class DeskState:
    """What has been done: the state, and the view that the user has of it."""

    done: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def satisfied(self, subgoal: SubGoal) -> bool:
        """Whether it has been done with just these slots."""
        return (subgoal.kind, dict(subgoal.slots)) in self.done

    def refused(self, subgoal: SubGoal) -> bool:
        """Only words tell."""
        return False

    def holds(self, predicate: str) -> bool:
        """The predicate "anything_done"."""
        return predicate == "anything_done" and bool(self.done)


_REFUSAL = "I'm sorry, our policy does not allow that."


class DeskAgent:
    """Verifies, asks for what is missing, reads back, waits for consent, acts, says so; refuses what is `forbidden`."""

    def __init__(self, state: DeskState, forbidden: Sequence[Mapping[str, Any]] = ()) -> None:
        self.state = state
        self.forbidden = [dict(slots) for slots in forbidden]
        self.facts: dict[str, Any] = {}
        self.wishes: list[tuple[str, dict[str, Any]]] = []
        self.refused = False

    def answer(self, acts: Sequence[DialogueAct]) -> str:
        """The next message."""
        agreed = self._take(acts)
        if self.refused and any(act.name in ("press", "ask_status") for act in acts):
            return _REFUSAL
        if not self.wishes:
            return "How can I help you today?" if not self.state.done else "All done. Is there anything else?"
        missing = [slot for slot in ("name", "zip") if slot not in self.facts]
        kind, slots = self.wishes[0]
        missing += [slot for slot in DESK.intents[kind].slots if slot not in slots]
        if missing:
            return f"Could you please tell me your {DESK.label(missing[0])}?"
        if slots in self.forbidden:
            self.wishes.pop(0)
            self.refused = True
            return _REFUSAL
        if DESK.intents[kind].info:
            self.state.done.append(self.wishes.pop(0))
            return f"Order {slots['order_id']} will arrive on 2026-05-12."
        if agreed and all(agreed.get(slot) == value for slot, value in slots.items()):
            self.state.done.append(self.wishes.pop(0))
            return f"Done, the {kind} for order {slots['order_id']} has been processed. Anything else?"
        told = ", ".join(f"{DESK.label(slot)}: {DESK.say(slot, value)}" for slot, value in slots.items())
        phrase = {"cancel": "cancel", "refund": "refund", "address": "change the address of"}[kind]
        return f"I will {phrase} order {slots['order_id']} ({told}). Shall I go ahead?"

    def _take(self, acts: Sequence[DialogueAct]) -> dict[str, Any]:
        """Takes in what the user said; returns what they agreed to."""
        agreed: dict[str, Any] = {}
        for act in acts:
            if act.name in ("request", "change") and "intent" in act.slots:
                self._wish(act)
            elif act.name in ("inform", "correct"):
                self.facts.update(act.slots)
            elif act.name == "affirm" and "intent" in act.slots:
                agreed = dict(act.slots)
        for kind, slots in self.wishes[:1]:
            needed = DESK.intents[kind].slots
            slots.update({slot: self.facts.pop(slot) for slot in list(self.facts) if slot in needed})
        return agreed

    def _wish(self, act: DialogueAct) -> None:
        slots = {slot: value for slot, value in act.slots.items() if slot != "intent"}
        kind = act.slots["intent"]
        if act.name == "change" and self.wishes:
            self.wishes[0] = kind, slots
        elif self.wishes and self.wishes[0][0] == kind and "order_id" not in self.wishes[0][1]:
            self.wishes[0] = kind, {**self.wishes[0][1], **slots}
        elif (kind, slots) not in self.wishes and (kind, slots) not in self.state.done:
            known = [
                wish for wish in self.wishes if wish[0] == kind and wish[1].get("order_id") == slots.get("order_id")
            ]
            if not known and not (self.wishes and self.wishes[0][0] == kind and not slots):
                self.wishes.append((kind, slots))


def play(user: User, state: DeskState, agent: DeskAgent, max_turns: int = 40) -> list[tuple[str, UserTurn]]:
    """The dialogue: (what the agent said before, the user's turn) until the user is done or the turns are used up."""
    turn = user.open(state)
    turns = [("", turn)]
    while not turn.done and len(turns) <= max_turns:
        text = agent.answer(turn.acts)
        turn = user.reply(text, state)
        turns.append((text, turn))
    return turns
