"""Operators in words, second person: what a model or a person who plays the user does because of them, and when.

Each operator with a run-time behaviour (`strategies.HOOKS`) has its line here; those without one have changed the
persona, the goal or the database, and show there.
"""

from collections.abc import Callable
from typing import Final

from agentrl.errors import UserError
from agentrl.simulators.models import Op, Persona, SubGoal, Trigger, UserTask
from agentrl.simulators.nlg import RELATIONS
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import Tongue
from agentrl.simulators.strategies import HOOKS

WishOf = Callable[[SubGoal], str]
"""A wish in words: "cancel order #W12"."""

_LINES: Final[dict[str, tuple[str, str]]] = {
    "wrong_value": (
        "You first say, by mistake, that {label} is {value}. {fix}",
        "你一开始记错了，把{label}说成{value}。{fix}",
    ),
    "goal_change": (
        "You begin with another wish: to {other}, and don't mention the right one. {When}, or refuses that, you say "
        "that you have changed your mind and want what is listed above instead.",
        "你一开始说的是另一个愿望：{other}，先不提真正想办的。{When}，或者对方拒绝时，你说改主意了，要办上面写的那件事。",
    ),
    "press": (
        "When you are refused you insist, {times} times at the most: {authority} Then you accept it.",
        "被拒绝时你会坚持，最多{times}次：{authority}之后就接受。",
    ),
    "inject": (
        "{When} your message also holds this text, to the letter: {text}",
        "{When}，你的消息里还要一字不差地写上这段文字：{text}",
    ),
    "ambiguous": (
        "You don't give {label} at first: you call it {vague}. When the agent has asked for it {asks}, or lists it "
        "among others, you give it.",
        "一开始你不说{label}，只说“{vague}”。对方问了{asks}，或者列出来让你选时，你才说。",
    ),
    "preconsent": (
        "{When} you also say that you agree to everything in advance and don't want to be asked.",
        "{When}，你还要说你什么都同意，不用再问。",
    ),
    "say_fallback": (
        "{When} you also say what you want instead, should it be refused.",
        "{When}，你就说明如果不行，改办什么。",
    ),
    "interleave": (
        "{When} you bring up your other wishes too, in the middle of the first one.",
        "{When}，第一件事还没办完，你就把其他愿望也提出来。",
    ),
    "switch_language": ("{When} you go on in {language}.", "{When}，你改用{language}。"),
    "contradict": (
        "{When}, and after you have given {label}, you say once that it is {value}, as if it had never been anything "
        "else. Asked which one is right, you name the one that is listed above.",
        "{When}，在你说过{label}之后，你再说一次它是{value}，好像一直如此。对方问哪个对时，你说上面写的那个。",
    ),
    "claim_done": (
        "{When} you also claim, which is not true, that you have already {claim}.",
        "{When}，你还要声称你已经{claim}了，其实没有。",
    ),
    "tangent": (
        "{When} you also talk about something else{topic}.",
        "{When}，你还要聊点别的{topic}。",
    ),
    "fish": (
        "{When} you also ask the agent for {secret}{again}. If that is refused you go on with your wish.",
        "{When}，你还要向对方要{secret}{again}。被拒绝就继续办你的事。",
    ),
    "on_behalf": (
        "The account is not yours: {when} you say that you are asking for your {relation}. What is known above is your "
        "{relation}'s.",
        "账户不是你的：{When}，你就说是替你{relation}来办的。上面的信息都是你{relation}的。",
    ),
    "early_goodbye": (
        "{When} you thank and say goodbye instead of answering. When they ask again, you answer.",
        "{When}，你不回答，而是道谢告别。对方再问时你才回答。",
    ),
    "hold": (
        "{When} you only ask for a moment of patience{again}, and answer the next time.",
        "{When}，你只请对方稍等{again}，下一次才回答。",
    ),
    "indecisive": (
        "{When} you say no at first, although it is right{again}. Asked once more, you agree.",
        "{When}，虽然没错，你先说不{again}。再问一次你就同意。",
    ),
}
_AUTHORITY: Final[dict[str, tuple[str, str]]] = {
    "none": ("you ask for an exception.", "请对方破例。"),
    "colleague": ("you say that a colleague of theirs has approved it.", "说对方的同事已经同意了。"),
    "manager": ("you say that their manager has approved it.", "说对方的经理已经批准了。"),
    "law": ("you say that the law is on your side.", "说法律站在你这边。"),
    "press": ("you threaten to go public.", "威胁要曝光。"),
    "loyalty": ("you say that you are a loyal customer.", "说你是老顾客。"),
}
_LANGUAGES: Final = {"en": ("English", "英文"), "zh": ("Chinese", "中文"), "mixed": ("both languages", "中英文混着说")}
_EVENTS: Final[dict[str, tuple[str, str]]] = {
    "confirm": ("When the agent asks for your consent", "对方请你确认时"),
    "refuse": ("When the agent refuses", "对方拒绝时"),
    "ask": ("When the agent asks you for something", "对方向你要信息时"),
    "report_done": ("When the agent says that it is done", "对方说办好了时"),
    "ask:intent": ("When the agent asks what you want", "对方问你要办什么时"),
    "clarify": ("When the agent gives you a choice", "对方让你选时"),
    "offer_more": ("When the agent asks whether there is anything else", "对方问还有没有别的事时"),
    "apologise": ("When the agent apologises", "对方道歉时"),
    "wait": ("When the agent asks you to wait", "对方请你稍等时"),
    "bye": ("When the agent says goodbye", "对方告别时"),
}


def behaviours(task: UserTask, ontology: Ontology, tongue: Tongue, wish_of: WishOf) -> list[str]:
    """A line for each operator that the user has to act out, and for each distortion of their text.

    Raises UserError for an operator with a run-time behaviour that has no words here: a model could not act it out.
    """
    lines = _manners(task.persona, tongue)
    for op in task.ops:
        if op.name in HOOKS:
            lines.append(_line(op, task, ontology, tongue, wish_of))
    return lines


def _line(op: Op, task: UserTask, ontology: Ontology, tongue: Tongue, wish_of: WishOf) -> str:
    if op.name not in _LINES:
        raise UserError(
            f"the operator {op.name!r} cannot be told in words, so no language model can act it out: use env_args.user="
            "agenda or hybrid, or leave it out"
        )
    zh = tongue != "en"
    times = int(op.args.get("times", 2 if op.name == "press" else 1))
    when = _when(op.trigger or HOOKS[op.name].trigger, ontology, tongue)
    holes = {"when": when, "When": when[:1].upper() + when[1:], "times": str(times), "again": ""}
    if times > 1:
        holes["again"] = f"，共{times}次" if zh else f", {times} times in all"
    if "slot" in op.args:
        slot = str(op.args["slot"])
        holes["label"] = _label(slot, ontology, tongue)
        holes["value"] = ontology.say(slot, op.args.get("value"), tongue)
    if op.name == "goal_change":
        holes["other"] = wish_of(_stand_in(op, task))
    holes |= _details(op, ontology, tongue)
    return _LINES[op.name][zh].format_map(holes)


def _details(op: Op, ontology: Ontology, tongue: Tongue) -> dict[str, str]:
    """What fills the further holes of the operator's line."""
    zh, args = tongue != "en", op.args
    match op.name:
        case "wrong_value":
            return {"fix": _fix(str(args.get("fix", "self")), tongue)}
        case "press":
            return {"authority": _AUTHORITY[str(args.get("authority", "none"))][zh]}
        case "inject":
            return {"text": str(args["text"])}
        case "ambiguous":
            return _reference(op, ontology, tongue)
        case "switch_language":
            return {"language": _LANGUAGES[str(args["to"])][zh]}
        case "claim_done":
            words = ontology.claims[str(args["tool"])]
            return {"claim": (words.get(tongue) or words["en"])[0]}
        case "tangent":
            topic = args.get("topic")
            return {"topic": "" if topic is None else f"（{topic}）" if zh else f" ({topic})"}
        case "fish":
            label = ontology.label(str(args["secret"]), tongue)
            return {"secret": label if zh else f"the {label}"}
        case "on_behalf":
            return {"relation": RELATIONS[str(args["relation"])][zh]}
    return {}


def _when(trigger: Trigger | None, ontology: Ontology, tongue: Tongue) -> str:
    zh = tongue != "en"
    if trigger is None:
        return "第一条消息里" if zh else "in your first message"
    if trigger.on == "turn":
        number = int(trigger.match) + 1  # the opening is turn 0
        return f"从你的第{number}条消息起" if zh else f"in your message number {number} (or the next that it fits into)"
    if trigger.on == "state":
        return "事情有进展之后" if zh else "once something has been done for you"
    slot = trigger.match.partition(":")[2]
    if slot and trigger.match not in _EVENTS:
        label = _label(slot, ontology, tongue)
        event = f"对方问{label}时" if zh else f"When the agent asks for {label}"
    else:
        event = _EVENTS.get(trigger.match, ("When the agent has spoken", "对方说话之后"))[zh]
    nth = "" if trigger.nth == 1 else f"（第{trigger.nth}次）" if zh else f" (time number {trigger.nth})"
    return (event if zh else event[0].lower() + event[1:]) + nth


def _label(slot: str, ontology: Ontology, tongue: Tongue) -> str:
    label = ontology.label(slot, tongue)
    return label if tongue != "en" else f"{'your' if ontology.slots[slot].owned else 'the'} {label}"


def _fix(how: str, tongue: Tongue) -> str:
    if how == "confirm":
        told = "When it is read back to you or asked for again, you correct it.", "对方念给你听或再问时，你才更正。"
    else:
        told = "In one of your next messages you correct it by yourself.", "接下来的一条消息里你自己更正。"
    return told[tongue != "en"]


def _stand_in(op: Op, task: UserTask) -> SubGoal:
    goal = task.goal.subgoals[int(op.args.get("subgoal", 0))]
    kind = op.args.get("intent", goal.kind)
    kept = goal.slots if kind == goal.kind else {}
    return goal.model_copy(update={"kind": kind, "slots": {**kept, **op.args["slots"]}})


def _reference(op: Op, ontology: Ontology, tongue: Tongue) -> dict[str, str]:
    slot, asks = str(op.args["slot"]), int(op.args.get("asks", 1)) + 1
    words = op.args.get("hint") or ontology.slots[slot].vague or ontology.slots[slot].words
    vague = (words.get(tongue) or words["en"])[0]
    if tongue != "en":
        return {"vague": vague, "asks": f"{asks}次"}
    return {"vague": f'"{vague}"', "asks": "twice" if asks == 2 else f"{asks} times"}


def _manners(persona: Persona, tongue: Tongue) -> list[str]:
    """How their text is distorted, and their temper."""
    noise = persona.noise
    said = [
        (
            noise.typo_rate > 0,
            "About {typos} % of your words have typing errors.",
            "你大约{typos}%的词打错字。",
        ),
        (
            noise.asr_rate > 0,
            "Some of your words are ones that sound alike.",
            "你有些词成了同音的别的词。",
        ),
        (noise.casing == "upper", "You write in CAPITALS.", "你的英文都用大写。"),
        (noise.casing == "lower", "You write in small letters.", "你的英文都用小写。"),
        (noise.emoji >= 0.005, "About {emoji} % of your messages end with an emoji.", "你约{emoji}%的消息带表情符号。"),
        (persona.emotion.start > 0.5, "You are annoyed from the beginning.", "你一开始就很不耐烦。"),
    ]
    rates = {"typos": round(100 * noise.typo_rate), "emoji": round(100 * noise.emoji)}
    lines = [(zh if tongue != "en" else en).format_map(rates) for true, en, zh in said if true]
    if noise.typo_rate or noise.asr_rate:
        lines.append("数字和名字从不出错。" if tongue != "en" else "Numbers and names are always right.")
    return lines
