"""Typing errors, mishearings, casing and emoji. What is marked, and whatever holds a digit, is never touched.

Noise must never make a task unsolvable: values are marked with `protect` before a text is distorted.
"""

import random
import re
from collections.abc import Iterable

from agentrl.simulators.models import NoiseSpec
from agentrl.simulators.schema import Tongue

OPEN, CLOSE = "\ue000", "\ue001"
"""Two characters for private use, around what must stay as it is."""
_MARKS = re.compile(f"[{OPEN}{CLOSE}]")
_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
# Words of letters only: neither a part of an identifier, an address or a number, nor of one that is written in words.
_WORD = re.compile(r"(?<![\w#@$€£¥'’./:+-])[A-Za-z]{3,}(?![\w@'’/:+-]|\.\w)")
_NUMBERS = frozenset(
    [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "twenty", "thirty", "forty", "fifty", "hundred", "thousand", "million",
        "first", "second", "third", "zero", "double", "triple", "half", "dozen", "monday", "tuesday", "wednesday",
        "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "may", "june", "july",
        "august", "september", "october", "november", "december",
    ]
)  # fmt: skip
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {key: row[max(0, i - 1) : i] + row[i + 1 : i + 2] for row in _KEYS for i, key in enumerate(row)}
_SOUNDS = {
    "cancel": "council", "cancelled": "cancel it", "refund": "re fund", "address": "a dress", "order": "odor",
    "email": "e mail", "account": "a count", "please": "police", "change": "chains", "delivery": "the livery",
    "return": "re turn", "flight": "fight", "booking": "booking in", "book": "brook", "there": "their",
    "know": "no", "right": "write", "here": "hear", "what": "watt", "price": "prize", "pay": "pray",
    "wrong": "long", "help": "kelp", "already": "all ready", "maybe": "may be", "thanks": "tanks", "thank": "tank",
    "believe": "belief", "would": "wood", "could": "cold", "need": "knead", "want": "wand", "date": "debt",
    "status": "state us", "track": "truck", "package": "pack edge", "exchange": "ex change", "confirm": "con firm",
    "actually": "actual he", "sorry": "sari", "meant": "mend", "mind": "mine", "instead": "in stead",
}  # fmt: skip
_TYPED_ZH = {
    "的": "得", "在": "再", "订": "定", "账": "帐", "那": "哪", "像": "象", "已": "以", "做": "作", "吗": "嘛",
    "呢": "捏", "吧": "把", "啊": "阿", "找": "照", "怎": "咋", "么": "莫", "想": "相", "退": "推", "换": "还",
    "消": "削", "址": "止", "谢": "射", "请": "清", "问": "文", "知": "之", "道": "到", "办": "半", "麻": "马",
}  # fmt: skip
_SOUNDS_ZH = {
    "订单": "定单", "取消": "曲消", "退款": "推款", "地址": "地止", "邮编": "油编", "确认": "却认", "航班": "行班",
    "预订": "预定", "查询": "查寻", "麻烦": "马烦", "谢谢": "谢些", "客服": "克服", "包裹": "包果", "快递": "快地",
    "名字": "明字", "知道": "之道", "刚才": "钢材", "已经": "以经", "可以": "可一", "应该": "因该", "等等": "登登",
    "不好意思": "不好意识", "修改": "休改", "更改": "跟改", "退货": "腿货", "发票": "发飘", "手机": "首级",
}  # fmt: skip
_PHRASE_ZH = re.compile("|".join(sorted(_SOUNDS_ZH, key=lambda word: (-len(word), word))))
_FILLERS = {"en": ("uh", "um", "er", "like", "you know"), "zh": ("嗯", "呃", "那个", "就是")}
_EMOJI = {
    "calm": ("🙂", "😊", "🙏", "👍", "😄", "✨"),
    "tense": ("😕", "😒", "🙄", "😑"),
    "angry": ("😡", "😤", "🤬", "💢"),
}


def mark(value: str) -> str:
    """The value with the marks that protect it."""
    return f"{OPEN}{unmark(value)}{CLOSE}"


def unmark(text: str) -> str:
    """The text without the marks."""
    return _MARKS.sub("", text)


def protect(text: str, values: Iterable[str]) -> str:
    """The text with every occurrence of the values marked, longer ones first."""
    wanted = sorted({value for value in values if value}, key=lambda value: (-len(value), value))
    if not wanted:
        return text
    return re.sub("|".join(map(re.escape, wanted)), lambda found: mark(found.group()), text)


def distort(text: str, spec: NoiseSpec, tongue: Tongue, rng: random.Random, annoyance: float = 0.0) -> str:
    """The text as this user would have typed or spoken it, without the marks."""
    if spec.typo_rate or spec.asr_rate or spec.casing != "normal":
        parts = _MARKED.split(text)  # what is marked has the odd numbers
        parts[::2] = [_distort(part, spec, tongue, rng) if part else "" for part in parts[::2]]
        text = "".join(parts)
    text = unmark(text)
    if spec.emoji and rng.random() < spec.emoji:
        kind = "angry" if annoyance > 0.7 else "tense" if annoyance > 0.4 else "calm"
        text += f" {rng.choice(_EMOJI[kind])}"
    return text


def slipped(text: str, distorted: str) -> bool:
    """Whether noise made of a text with marks one with other words; their case and an emoji behind them don't count."""
    return not distorted.casefold().startswith(unmark(text).casefold())


def _distort(part: str, spec: NoiseSpec, tongue: Tongue, rng: random.Random) -> str:
    if spec.asr_rate:
        part = _mishear(part, spec.asr_rate, tongue, rng)
    if spec.typo_rate:
        part = _WORD.sub(lambda found: _mistype(found.group(), spec.typo_rate, rng), part)
        if tongue != "en":
            part = "".join(_TYPED_ZH[c] if c in _TYPED_ZH and rng.random() < spec.typo_rate / 2 else c for c in part)
    if spec.casing == "normal":
        return part
    change = str.lower if spec.casing == "lower" else str.upper
    return " ".join(word if any(c.isdigit() or c in "#@" for c in word) else change(word) for word in part.split(" "))


def _mishear(part: str, rate: float, tongue: Tongue, rng: random.Random) -> str:
    fillers = _FILLERS["en" if tongue == "en" else "zh"]

    def word(found: re.Match[str]) -> str:
        heard = _SOUNDS.get(found.group().lower(), "")
        if rng.random() >= rate:
            return found.group()
        return heard or (f"{rng.choice(fillers)} {found.group()}" if rng.random() < 0.3 else found.group())

    part = _WORD.sub(word, part)
    if tongue == "en":
        return part
    part = _PHRASE_ZH.sub(lambda found: _SOUNDS_ZH[found.group()] if rng.random() < rate else found.group(), part)
    if rng.random() < rate:
        part = part.replace("，", f"，{rng.choice(fillers)}，", 1)
    return part


def _mistype(word: str, rate: float, rng: random.Random) -> str:
    """One slip of the fingers at most; never in a word that stands for a number or a date."""
    if rng.random() >= rate or word.lower() in _NUMBERS:
        return word
    at = rng.randrange(1, len(word) - 1)  # hardly anybody misses the first letter
    kind = rng.randrange(4)
    if kind == 0:  # two letters in the wrong order
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1 and len(word) > 3:  # one left out
        return word[: at + 1] + word[at + 2 :]
    if kind == 2:  # one twice
        return word[: at + 1] + word[at:]
    beside = _BESIDE.get(word[at + 1].lower(), "")
    return word[: at + 1] + rng.choice(beside) + word[at + 2 :] if beside else word
