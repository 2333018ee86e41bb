"""Whether a user's text says yes, no, or neither: for users without dialogue acts, whose words are all there is.

A yes that is overlooked costs a turn, since the agent has to ask again; one that was none would let it do what nobody
wanted. So only what is known to be a yes is one, and what is neither a yes nor a no is "unclear". The words are in
wordings/consent.yaml.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from agentrl.simulators.grammar import read_yaml

Reply = Literal["yes", "unclear", "no", ""]
_Kind = Literal["strong", "weak", "change", "other", ""]
"""What a clause is: a yes by itself, a yes if nothing else stands beside it, another wish, a remark, or nothing."""

_DATA: Final[dict[str, Any]] = read_yaml(Path(__file__).parent / "wordings" / "consent.yaml")


def _pattern(name: str, *tongues: str) -> re.Pattern[str]:
    """Any of the alternatives of this name, of both languages unless told."""
    return re.compile("|".join(f"(?:{row})" for tongue in tongues or ("en", "zh") for row in _DATA[name][tongue]))


def _words(name: str) -> re.Pattern[str]:
    """One of the Chinese words of this name, the longest that there is."""
    words = [word.replace("_", " ") for row in _DATA[name]["zh"] for word in row.split()]
    return re.compile("|".join(sorted(words, key=len, reverse=True)))


_HARMLESS: Final = _pattern("harmless")
_AGREEING: Final = _pattern("agreeing")
_DENIAL: Final = _pattern("denial")
_DOUBT: Final = _pattern("doubt")
_ASKS: Final = _pattern("asks")
_CHECKS: Final = _pattern("checks")
_COURTESY: Final = _pattern("courtesy")
_STRONG: Final = _pattern("strong", "en")
_SMALL_TALK: Final = re.compile(f"(?:(?:{_pattern('beside', 'en').pattern})\\s*)*")
_WHOLE, _WEAK = (
    re.compile(f"{_SMALL_TALK.pattern}(?:{_pattern(name, 'en').pattern})(?:\\s+{_SMALL_TALK.pattern})?")
    for name in ("whole", "weak")
)
_CHINESE: Final = (_words("strong"), _words("weak"), _words("beside"))
_ORDERS_ZH: Final = _pattern("orders", "zh")
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_THUMB: Final = re.compile("[👍👌✅🆗]\ufe0f?[🏻-🏿]?")
_PICTURE: Final = re.compile("[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]+")
_SENTENCE: Final = re.compile(r"(?:[^.!?。！？\n]|\.(?=\d))+[.!?。！？]*")
_QUESTION: Final = re.compile(r"[?？]|(?:吗|(?<![什怎那这多要])么)\s*(?:$|[,，。.!！])")
_CLAUSE: Final = re.compile(r"[,;:!?，；：！？。、…()（）\"“”\n]+|\.(?!\d)|\s[-–—]+\s|[–—]+|\b(?:and|so)\b")
_LEADING_NO: Final = re.compile(r"^\W*(?:no|nope|nah|不用了?|不|没有?了?)\b", re.IGNORECASE)
_OPENERS: Final = re.compile(
    r"(?:(?:oh|ah|um+|uh|ugh|well|ok(?:ay)?|sure|great|fine|right|alright|so|then|thanks|now|hi|hello|sounds good)\W+)+"
)
_ORDER: Final = re.compile(
    r"(?:(?:please|pls|kindly|just|then|so|ok|okay|sure|yes|go ahead|let's|simply|feel free to|"
    r"(?:i|we)(?:'d| would)? (?:like|want|need|love)(?: for)?(?: you)? to|(?:that )?you (?:can|may|should)|"
    r"(?:can|could|would|will) you) )*"
)
_RESULT: Final = re.compile(
    r"(?:(?:please|yes|just) )*(?:i'd like|i would like|i want|i need|have|get) (?:it|that|this|them|(?:the|my) \w+) "
)
_OBJECT: Final = re.compile(r"(?: (?:it|that|this|these|those|them|both|all|everything|one)\b)?")
_TO: Final = re.compile(r" ?(?:to|on|onto|into)\b(?! (?:me|be|do)\b)")
_WORD: Final = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_REPEATING: Final = frozenset(" ".join(_DATA["repeating"]["en"]).split())


def reply_in(text: str, asked: str = "") -> Reply:
    """What a user's text says to `asked`, by which the agent asked for consent.

    "Cancel it" is a yes where just this was asked. A question is no yes, whatever it begins with; a yes in a sentence
    of its own is one, with a question beside it that is about something else: "Yes, please do. Is that all?". What is
    neither yes nor no is "unclear", and "" where nothing was asked and it has nothing of either.
    """
    plain, asked = _plain(text), _plain(asked)
    rest = _HARMLESS.sub(" , ", plain)
    sentences = [part.strip() for part in _SENTENCE.findall(rest)]
    told = [part for part in sentences if not _QUESTION.search(part)]
    asks = [part for part in sentences if _QUESTION.search(part)]
    if any(not asks or not match[0].endswith(("wait", " on")) for match in _DENIAL.finditer(rest)):
        return "no"
    kinds = {_kind(clause, asked) for part in told for clause in _clauses(part)}
    doubtful = "change" in kinds or _DOUBT.search(rest) is not None
    agreed = (
        "strong" in kinds or ("weak" in kinds and "other" not in kinds and not asks) or plain.strip(" .!") == "please"
    )
    if agreed and not (doubtful or any(map(_ASKS.search, told)) or any(map(_CHECKS.search, asks))):
        return "yes"
    leans = any(_kind(clause, asked) in ("strong", "weak") for clause in _clauses(rest))
    return "unclear" if asked or doubtful or leans else ""


def agrees(text: str, asked: str = "") -> bool:
    """Whether a user's text says yes, and nothing that takes it back: a doubt, a condition, another wish."""
    return reply_in(text, asked) == "yes"


def withdraws(text: str) -> bool:
    """Whether a user's text says no to something, or takes something back, wherever in it."""
    return _DENIAL.search(_HARMLESS.sub(" , ", _plain(text))) is not None


def doubts(text: str) -> bool:
    """Whether a user's text holds a word of doubt, refusal or condition."""
    return withdraws(text) or _DOUBT.search(_HARMLESS.sub(" , ", _plain(text))) is not None


def questions(text: str) -> list[str]:
    """The sentences of a user's text that are questions."""
    return [sentence for sentence in _SENTENCE.findall(text) if _QUESTION.search(sentence)]


def without_no(text: str) -> str:
    """The text without the no that it begins with, which answered another question than the one for consent."""
    return _LEADING_NO.sub("", text, count=1)


def _plain(text: str) -> str:
    low = _PICTURE.sub(" ", _THUMB.sub(" yes ", text.lower().replace("’", "'")))
    return _AGREEING.sub(" ok ", " ".join(low.split()))


def _clauses(sentence: str) -> list[str]:
    return [clause for part in _CLAUSE.split(sentence) if (clause := " ".join(part.split()).strip(" .'*~-"))]


@lru_cache(maxsize=1024)
def _kind(clause: str, asked: str) -> _Kind:
    if _HAN.search(clause):
        return _kind_zh(clause, asked)
    opened = _OPENERS.match(clause)
    bare = clause[opened.end() :] if opened else clause
    if _STRONG.match(clause) or _STRONG.match(bare) or _WHOLE.fullmatch(clause):
        return "strong"
    if asked and (order := _order(bare, asked)):
        return order
    if _WEAK.fullmatch(clause):
        return "weak"
    if _SMALL_TALK.fullmatch(clause) or _COURTESY.fullmatch(clause) or (asked and _repeats(clause, asked)):
        return ""
    return "change" if asked and _TO.match(clause) else "other"


def _repeats(clause: str, asked: str) -> bool:
    return set(_WORD.findall(clause)) <= {*_WORD.findall(asked), *_REPEATING}


def _order(clause: str, asked: str) -> _Kind:
    """What a clause is that tells the agent to do something: "please cancel it"; "" for one that does not."""
    start, result = _ORDER.match(clause), _RESULT.match(clause)
    rest = clause[start.end() :] if start else clause
    for verbs in _DATA["verbs"]["en"]:
        if not re.search(rf"\b{verbs}", asked):
            continue
        if result and re.match(rf"{verbs}\w*", clause[result.end() :]):
            return "strong"
        if verb := re.match(rf"{verbs}\b", rest):
            what = _OBJECT.match(rest, verb.end())
            behind = rest[what.end() :] if what else ""
            if _repeats(behind, asked):
                return "strong"
            if what and what[0]:
                return "change" if _TO.match(behind) else "strong"
    return ""


def _kind_zh(clause: str, asked: str) -> _Kind:
    """The same for a clause with Chinese characters: all of it must be known words, or words of the agent's."""
    verbs = [said for said, of_agent in _DATA["verbs"]["zh"] if re.search(of_agent, asked)]
    strong = _ORDERS_ZH.search(clause) is not None or any(re.search(verb, clause) for verb in verbs)
    if clause in _DATA["openers"]["zh"]:
        return "other"
    if _COURTESY.fullmatch(clause):
        return "strong" if strong else ""
    known = [*_CHINESE, *([re.compile("|".join(verbs))] if verbs else [])]
    position, weak = 0, False
    while position < len(clause):
        found = [match.end() if (match := words.match(clause, position)) else position for words in known]
        longest = max(*found, _echoed(clause, position, asked), position + clause[position].isspace())
        if longest == position:
            return "other"
        strong |= found[0] == longest
        weak |= found[1] == longest
        position = longest
    return "strong" if strong else "weak" if weak else ""


def _echoed(text: str, start: int, asked: str) -> int:
    """Up to where the text repeats, from `start` and for two characters or more, what was asked."""
    end = start
    for end in range(start + 2, len(text) + 1):
        if text[start:end] not in asked:
            return end - 1 if end - 1 >= start + 2 else start
    return end if end >= start + 2 else start
