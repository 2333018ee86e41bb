"""Whether a user's text says yes, no, or neither: for users without dialogue acts, whose words are all there is.

A yes that is overlooked costs a turn, since the agent has to ask again; one that was none would let it do what nobody
wanted. So only what is known to be a yes is one, and what is neither a yes nor a no is "unclear". The words are in
wordings/consent.yaml.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

from agentrl.simulators.consent_clauses import Kind, is_statement, kind_of, pattern

Reply = Literal["yes", "unclear", "no", ""]
_YES: Final[frozenset[Kind]] = frozenset(["order", "strong"])
_REMARKS: Final[frozenset[Kind]] = frozenset(["other", "reason", "heard"])

_HARMLESS: Final = pattern("harmless")
_AGREEING: Final = pattern("agreeing")
_DENIAL: Final = pattern("denial")
_DOUBT: Final = pattern("doubt")
_ASKS: Final = pattern("asks")
_CHECKS: Final = pattern("checks")
_THUMB: Final = re.compile("[👍👌✅🆗]\ufe0f?[🏻-🏿]?")
_PICTURE: Final = re.compile("[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]+")
_SENTENCE: Final = re.compile(r"(?:[^.!?。！？\n]|\.(?=\d))+[.!?。！？]*")
_QUESTION: Final = re.compile(r"[?？]|(?:吗|(?<![什怎那这多要])么)\s*(?:$|[,，。.!！])")
_CLAUSE: Final = re.compile(r"[,;:!?，；：！？。、…()（）\"“”\n]+|\.(?!\d)|\s[-–—]+\s|[–—]+|\b(?:and|so)\b")
_LEADING_NO: Final = re.compile(r"^\W*(?:no|nope|nah|不用了?|不|没有?了?)\b", re.IGNORECASE)


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
    kinds = _kinds(told, asked)
    doubtful = "change" in kinds or _DOUBT.search(rest) is not None
    agreed = bool(kinds & _YES) or ("weak" in kinds and not kinds & _REMARKS and not asks)
    agreed = agreed or plain.strip(" .!") == "please"
    if agreed and not (doubtful or any(map(_ASKS.search, told)) or any(map(_CHECKS.search, asks))):
        return "yes"
    leans = any(kind_of(clause, asked) in {*_YES, "weak"} for clause in _clauses(rest))
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


def _kinds(told: Sequence[str], asked: str) -> set[Kind]:
    """What the clauses are of the sentences that are no questions.

    In the sentence of a yes only what gives a reason stands beside it; beside an order, and in other sentences, what
    tells something. All else is another wish: "Yes, next week", "Yes. Refund me $50".
    """
    rows = [[(kind_of(clause, asked), clause) for clause in _clauses(sentence)] for sentence in told]
    kinds = {kind for row in rows for kind, _ in row}
    if not kinds & _YES:
        return kinds
    for row in rows:
        near = {kind for kind, _ in row}
        tells = "order" in near or not near & _YES
        if any(kind == "other" and not (tells and is_statement(clause)) for kind, clause in row):
            kinds.add("change")
    if "heard" in kinds and "order" not in kinds:
        kinds.add("change")
    return kinds


def _plain(text: str) -> str:
    low = _PICTURE.sub(" ", _THUMB.sub(" yes ", text.lower().replace("’", "'")))
    return _AGREEING.sub(" ok ", " ".join(low.split()))


def _clauses(sentence: str) -> list[str]:
    return [clause for part in _CLAUSE.split(sentence) if (clause := " ".join(part.split()).strip(" .'*~-"))]
