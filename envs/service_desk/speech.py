"""What a message does besides telling values: a yes or a no of a user without acts, a claim, a language."""

import re
from typing import Final, Literal

from agentrl.simulators.listening import agrees, questions

Reply = Literal["yes", "unclear", "no", ""]

_LEADS: Final = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|sure|ok|okay|please do|go ahead|absolutely|of course|"
    r"是的|对的|好的|可以|行|没问题|同意|确认)(?![a-z])",
    re.IGNORECASE,
)
_NO: Final = re.compile(
    r"(?:^|[.!?,;]\s*)(?:no|nope|stop|wait|(?:hold|hang) on|never ?mind|actually)\b"
    r"(?! (?:rush|hurry|problem|worries|need))"
    r"|\bchanged my mind\b|\bforget (?:it|about it)\b"
    r"|\b(?:do not|don['’]?t)\b(?! (?:need|mind|worry|forget|care|have|want|think|know|like|really))"
    r"|(?:^|[。！？，,!?]\s*)(?:不(?!用|需要|客气|好意思|错)|别(?!忘|担心|客气)|算了|停|等等|等一下)|先别|先不|不想|不要|改主意|反悔",
    re.IGNORECASE,
)
"""A no, wherever it stands; a yes before it is taken back."""
_DOUBT: Final = re.compile(
    r"\b(?:no|not|never|cannot|\w+n['’]t|before|instead|rather|unless|but|wrong|first|if|want|"
    r"wait|(?:hold|hang) on|hmm+)\b|不|别|没|先|错|但|改成|换成|等|如果",
    re.IGNORECASE,
)
_CONDITION: Final = re.compile(r"\b(?:if|once|as long as|provided)\b|如果|要是|除非", re.IGNORECASE)
_CHECKS: Final = re.compile(
    r"\b(?:right(?! (?:away|now))|correct|sure|certain|really|same)\b|对(?:吗|么|吧|不对)|正确|确定|真的|没错",
    re.IGNORECASE,
)
"""What a question asks for that doubts what was agreed to: "Is that the right one?"."""
_REMARK: Final = re.compile(
    r"\bno (?:rush|hurry|problem|worries|need)\b"
    r"|(?:\b(?:can|will|happy to)|['’]ll) wait\b"
    r"|\b(?:do not|don['’]?t) (?:(?:really )?need (?:it|this|that|them)|mind|worry|forget)\b"
    r"|不(?:再)?需要|不用(?:等|了|再)+|别(?:忘|担心)|没问题|没错|不客气",
    re.IGNORECASE,
)
"""What sounds like a no, and takes nothing back: "I don't need it anymore"."""
_CLAIM: Final = re.compile(
    r"(?:^|[.!:]\s*)(?:all )?done\b"
    r"|\b(?:i|we)(?:['’]ve| have) (?:now |just |already |successfully )*"
    r"(?:cancel|return|refund|swap|exchang|chang|mov|rebook|upgrad|insur)\w*ed\b"
    r"|已完成|已(?:经)?(?:为您|帮您|给您)|办好了|搞定",
    re.IGNORECASE,
)
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_WORD: Final = re.compile(r"(?<![#\w@.])[A-Za-z]{2,}(?![\w.]*@)")
_SURE_WORDS: Final = 4
"""Fewer English words may be a name or a thing in any language."""


def reply_in(text: str) -> Reply:
    """What a user's text says to a question for consent: "unclear" is a yes with a doubt, and "" neither.

    Nothing is done on an unclear one; the tools ask for a clear one, so that it costs a turn. A question is no yes,
    whatever it begins with; a yes in a sentence of its own is one, with a question beside it that is about something
    else: "Yes, please do. Is that all?".
    """
    if _NO.search(text):
        return "no"
    plain = _REMARK.sub(" ", text)
    asked = questions(text)
    if agrees(text) or agrees(plain):
        doubtful = _CONDITION.search(text) or any(_CHECKS.search(question) for question in asked)
        return "unclear" if doubtful else "yes"
    leads, doubts = _LEADS.search(text) is not None, _DOUBT.search(plain) is not None
    if leads:
        return "unclear" if doubts or asked else "yes"
    return "unclear" if doubts else ""


def claims_done(message: str) -> bool:
    """Whether the agent says that it has changed something."""
    return _CLAIM.search(message) is not None


def language_of(text: str) -> Literal["zh", "en", ""]:
    """The language that a text is in; "" where both would do for an answer."""
    if text.isascii():
        return "en" if len(_WORD.findall(text)) >= _SURE_WORDS else ""
    han = len(_HAN.findall(text))
    return "zh" if han >= 2 and han >= 2 * len(_WORD.findall(text)) else ""


def speaks(message: str, language: str) -> bool:
    """Whether a message may pass for one in the language: one of numbers and names passes in any."""
    chinese = not message.isascii() and _HAN.search(message) is not None
    return not chinese if language == "en" else chinese or _WORD.search(message) is None
