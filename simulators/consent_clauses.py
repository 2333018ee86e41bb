"""What a clause of a user's answer is: a yes, an order to go on, another wish, a reason, a remark; for consent.py."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from agentrl.simulators.grammar import read_yaml

Kind = Literal["order", "strong", "weak", "heard", "reason", "change", "other", ""]
"""An order to go on, a yes by itself, a yes if nothing else stands beside it, a sign that it was read, a reason,
another wish, a remark, or nothing."""

DATA: Final[dict[str, Any]] = read_yaml(Path(__file__).parent / "wordings" / "consent.yaml")


def pattern(name: str, *tongues: str) -> re.Pattern[str]:
    """Any of the alternatives of this name, of both languages unless told."""
    return re.compile("|".join(f"(?:{row})" for tongue in tongues or ("en", "zh") for row in DATA[name][tongue]))


def _words(name: str) -> re.Pattern[str]:
    """One of the Chinese words of this name, the longest that there is."""
    words = [word.replace("_", " ") for row in DATA[name]["zh"] for word in row.split()]
    return re.compile("|".join(sorted(words, key=len, reverse=True)))


_COURTESY: Final = pattern("courtesy")
_AGREEMENT: Final = pattern("agreement", "en")
_STRONG: Final = pattern("strong", "en")
_HEARD: Final = pattern("heard")
_REASON: Final = pattern("reason")
_STATEMENT: Final = pattern("statement")
_SMALL_TALK: Final = re.compile(f"(?:(?:{pattern('beside', 'en').pattern})\\s*)*")
_WHOLE, _WEAK = (
    re.compile(f"{_SMALL_TALK.pattern}(?:{pattern(name, 'en').pattern})(?:\\s+{_SMALL_TALK.pattern})?")
    for name in ("whole", "weak")
)
_CHINESE: Final = (_words("strong"), _words("weak"), _words("beside"))
_ORDERS_ZH: Final = pattern("orders", "zh")
_HAN: Final = re.compile("[\u4e00-\u9fff]")
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
_REFUNDED: Final = re.compile(r"\b(?:cancel|return)")
"""What the agent offers where a refund goes without saying."""
_REPEATING: Final = frozenset(" ".join(DATA["repeating"]["en"]).split())


@lru_cache(maxsize=1024)
def kind_of(clause: str, asked: str) -> Kind:
    """What a clause is, in lower case and without its marks, as an answer to `asked` ("" if nothing was)."""
    if _HAN.search(clause):
        return _kind_zh(clause, asked)
    opened = _OPENERS.match(clause)
    bare = clause[opened.end() :] if opened else clause
    if _WHOLE.fullmatch(clause):
        return "strong"
    for text in (clause, bare):
        if found := _AGREEMENT.match(text) or _STRONG.match(text):
            return _with_rest("strong" if _AGREEMENT.match(text) else "order", text[found.end() :], asked)
    if asked and (order := _order(bare, asked)):
        return order
    if _WEAK.fullmatch(clause):
        return "weak"
    if _HEARD.fullmatch(bare):
        return "heard"
    if _SMALL_TALK.fullmatch(clause) or _COURTESY.fullmatch(clause) or (asked and _repeats(clause, asked)):
        return ""
    if _REASON.fullmatch(bare):
        return "reason"
    return "change" if asked and _TO.match(clause) else "other"


def is_statement(clause: str) -> bool:
    """Whether a clause tells something, and neither wants anything nor is a part of a sentence only."""
    return _STATEMENT.fullmatch(clause) is not None


def _with_rest(kind: Kind, rest: str, asked: str) -> Kind:
    """What a clause is that begins with a yes or an order: "yes to store credit" is another wish."""
    if len(rest) > 400:  # no plain yes, and too deep to follow
        return "change"
    rest = rest.strip(" '*~-")
    behind = kind_of(rest, asked) if rest else ""
    if behind in ("heard", "order"):
        return behind
    return kind if behind in ("", "strong", "weak", "reason") else "change"


def _repeats(clause: str, asked: str) -> bool:
    """Whether all words are the agent's, or forms of these ("cancellation" where they wrote "cancel")."""
    theirs = {*_WORD.findall(asked), *_REPEATING, *(["refund"] if _REFUNDED.search(asked) else [])}
    return all(word in theirs or any(_related(word, other) for other in theirs) for word in _WORD.findall(clause))


def _related(word: str, other: str) -> bool:
    return min(len(word), len(other)) > 3 and (word.startswith(other) or other.startswith(word))


def _order(clause: str, asked: str) -> Kind:
    """What a clause is that tells the agent to do something: "please cancel it"; "" for one that does not."""
    start, result = _ORDER.match(clause), _RESULT.match(clause)
    rest = clause[start.end() :] if start else clause
    for verbs in DATA["verbs"]["en"]:
        if not re.search(rf"\b{verbs}", asked):
            continue
        if result and re.match(rf"{verbs}\w*", clause[result.end() :]):
            return "order"
        if verb := re.match(rf"{verbs}\b", rest):
            what = _OBJECT.match(rest, verb.end())
            behind = rest[what.end() :] if what else ""
            if _repeats(behind, asked):
                return "order"
            if what and what[0]:
                return _with_rest("order", behind, asked)
    return ""


def _kind_zh(clause: str, asked: str) -> Kind:
    """The same for a clause with Chinese characters: all of it must be known words, or words of the agent's."""
    verbs = [said for said, of_agent in DATA["verbs"]["zh"] if re.search(of_agent, asked)]
    order = _ORDERS_ZH.search(clause) is not None or any(re.search(verb, clause) for verb in verbs)
    if clause in DATA["openers"]["zh"]:
        return "other"
    if _HEARD.fullmatch(clause):
        return "heard"
    if _COURTESY.fullmatch(clause):
        return "order" if order else ""
    known = [*_CHINESE, *([re.compile("|".join(verbs))] if verbs else [])]
    position, strong, weak = 0, False, False
    while position < len(clause):
        found = [match.end() if (match := words.match(clause, position)) else position for words in known]
        longest = max(*found, _echoed(clause, position, asked), position + clause[position].isspace())
        if longest == position:
            return "reason" if _REASON.fullmatch(clause) else "other"
        strong |= found[0] == longest
        weak |= found[1] == longest
        position = longest
    return "order" if order else "strong" if strong else "weak" if weak else ""


def _echoed(text: str, start: int, asked: str) -> int:
    """Up to where the text repeats, from `start` and for two characters or more, what was asked."""
    end = start
    for end in range(start + 2, len(text) + 1):
        if text[start:end] not in asked:
            return end - 1 if end - 1 >= start + 2 else start
    return end if end >= start + 2 else start
