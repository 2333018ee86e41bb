"""Whether a text wants something done to other records than the planned one, or to all: "and every other order I have".

A mention of them is no wish yet ("everything I ordered was broken", "my second order this week", "我的订单都没到"): it
counts where a verb of a wish governs it in its clause, or where it is only added to one ("..., and the rest, too").
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from agentrl.simulators.negation import negated
from agentrl.simulators.ontology import Ontology

_NEAR: Final = 120
"""Characters within which words of a clause belong together."""
_CLAUSE: Final = re.compile(
    r"[,;:，；：.!?。！？\n()（）]+|\s[-–—]+\s|—|\b(?:but|so|because|since|although|though|whereas|which|who)\b"
    r"|(?=\band (?:i|we|it|they|you|can|could|would)\b)|但是?|所以|因为|不过|而(?!且)",
    re.IGNORECASE,
)
_FIRST_WORD: Final = re.compile(r"^(?:an?|my|the|one of my)\s", re.IGNORECASE)
_LIGHT: Final = frozenset(["have", "get", "make", "take", "give", "start", "sort", "order", "send", "when", "what"])
"""First words of wishes that say nothing of what is wished."""
_VERBS: Final = (
    r"cancel\w*|call\w* off|return\w*|refund\w*|exchang\w*|swap\w*|replac\w*|chang\w*|updat\w*|modif\w*|mov(?:e|ing)"
    r"|rebook\w*|reschedul\w*|upgrad\w*|redirect\w*|send\w*|sent|ship|deliver|stop|drop\w*|delet\w*|scrap|same"
    r"|do (?:it|that|this) (?:for|with|to)"
)
_VERBS_ZH: Final = r"取消|退(?!休)|换|改(?!天|进)|升级|升舱|寄|一样|同样|照办"
_STATED: Final = re.compile(
    r"\b(?:i|you|we|they|he|she|have|has|had|ve|already|just|never|always|was|were|been|once|recently|only)\W+$",
    re.IGNORECASE,
)
"""What stands before a participle that tells of the past: "you cancelled my previous order"."""
_USUALLY: Final = re.compile(r"\b(?:always|usually|often|never|ever)\W+$", re.IGNORECASE)
_OTHER: Final = (
    r"(?:another|other|remaining|previous|second|third|next|earlier|older|last|prior)(?: (?:open|two|three))?"
)
_ASIDE: Final = re.compile(r"[,，] ?(?:including|包括) ?(?:order |订单)?#?\w{0,3}\d+ ?[,，]", re.IGNORECASE)
"""What parts a mention from its verb: "all orders, including #W1, ..."."""
_APART: Final = re.compile(
    r"\b(?:not|never|no|only|instead|rather|except|unlike|like|without|keep\w*|leav\w*|tell|told|know|let|need|is|are"
    r"|was|were|has|had|love|plac\w+|give|get|got|find|found|if|when|while|than|after|before|among|from|out of|off)\b"
    r"|n['’]t\b|['’]s\b|[不没只是]|保留|留着|别动",
    re.IGNORECASE,
)
"""What stands between a verb and a mention that it does not govern."""
_SAYS: Final = re.compile(
    r"^\W*(?:(?:from|of|in|on|with|at) \w+(?: (?:account|name|shop|store))?\W+)?"
    r"(?:(?:\w+ly|all|both|never|always|just|also)\W+)*"
    r"(?:is|are|was|were|am|has|have|had|will|can|may|might|came|went|took|got|fits?|works?|do|does|did|stays?|remains?"
    r"|seems?|looks?|(?:is|are|was|were|do|does|did|has|have|had|wo|ca)n['’]?t"
    r"|(?!placed|dated|listed|called|named|cancel|return|refund)\w{3,}ed)\b",
    re.IGNORECASE,
)
"""Behind a mention: a verb of its own."""
_DONE: Final = re.compile(
    r"^(?:\W+(?:to|be|should|must|can|could|will|would|shall|need|please|also|too|both|all|as|well|now|from|on|under|of|mine|my"
    r"|account|name|you|i|we|have)\b){0,6}\W+"
    r"(?:cancell?ed|called off|returned|refunded|exchanged|swapped|replaced|changed|updated|moved|rebooked|rescheduled"
    r"|upgraded|insured|sent|redirected|dropped)\b|^\W+(?:i|we)\b(?:\W+\w+){0,3}?\W+to\W+(?:cancel|return|exchange|swap"
    r"|change|move|rebook|upgrade|refund)",
    re.IGNORECASE,
)
"""Behind a mention: what is to be done to it."""
_AND: Final = (
    r"and|plus|also|then|or|please|as well as|along with|together with|in addition to|including|with|besides|maybe|oh"
    r"|yes|after that|later"
)
_ADDED: Final = re.compile(
    rf"^\W*(?:(?:{_AND})\W+)+(?:(?:my|the|any|of)\W+)*$"
    rf"|\d\w*\W+(?:and|or|plus|as well as|along with)(?: also| then)?\W+(?:(?:my|the|any)\W+)*$"
    r"|\b(?:where|when|track|status)(?:\W+(?:is|are|will|of|for|on))*\W+(?:(?:my|the)\W+)*$"
    r"|^\W*(?:还有|以及|和|跟|及|包括|连同|加上|顺便|并且|外加)+[我的把那,，]*$|\d(?:还有|以及|和|跟|及|加上)[我的把那]*$",
    re.IGNORECASE,
)
"""Before a mention that is only added to what was wished for."""
_BARE: Final = re.compile(r"^\W*(?:(?:my|the)\W+)?$", re.IGNORECASE)
_REST: Final = re.compile(r"rest|others?|remaining|^(?:all(?: of)? my|every)\b", re.IGNORECASE)
_TOO: Final = re.compile(r"^\W*(?:of \w+\W*)?(?:too|as well|also|likewise|please)?\W*$", re.IGNORECASE)
_FOR: Final = re.compile(r"\b(?:for|with|to|into|by)(?: the| an?)?\W*$", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"^\W{0,3}(?:(?:is|which is|that is|number|it['’]s|i mean|namely)\W+){0,2}#?\w{0,3}\d", re.IGNORECASE
)
"""Behind "my second order": the number by which it is the planned one."""
_WITHIN: Final = re.compile(
    r"^\W*(?:in|under|from|with|on)\W+(?:(?:this|that|the|order|booking|parcel|number)\W+){0,3}(?:#?\w{0,3}\d|it\b)"
    r"|^\W*(?:in|with|from) (?:this|that)\b",
    re.IGNORECASE,
)
"""Behind "everything I ordered": the planned record."""
_TAIL_ZH: Final = (
    r"(?:们|也|都|全部?|统统|通通|一起|一并|一块儿?|给我|帮我|请|您|你|我|要|想|得"
    r"|可以|麻烦|再|顺便|了|吧|申请|办|买|加上?|订|\s){0,10}"
)


@dataclass(frozen=True, slots=True)
class _Patterns:
    """For an ontology: mentions of other records or of all, of one other, and the verbs of its wishes."""

    mention: re.Pattern[str]
    one: re.Pattern[str]
    verb: re.Pattern[str]
    chinese: re.Pattern[str]


def wants_others(text: str, ontology: Ontology) -> bool:
    """Whether the text wishes something for all records, or for others than the one that it names."""
    patterns = _patterns(ontology)
    return any(_wanted(clause, rest, patterns) for clause, rest in _clauses(_ASIDE.sub(" ", text)))


def _clauses(text: str) -> Iterable[tuple[str, str]]:
    """Each clause, and a little of what comes behind it."""
    start = 0
    for mark in [*_CLAUSE.finditer(text), None]:
        end = mark.start() if mark else len(text)
        if end > start:
            yield text[start:end], text[end : end + 40]
        start = mark.end() if mark else end


def _wanted(clause: str, rest: str, patterns: _Patterns) -> bool:
    if patterns.chinese.search(clause):
        return True
    verbs = list(patterns.verb.finditer(clause))
    return any(_governed(clause, rest, found, verbs, patterns.one) for found in patterns.mention.finditer(clause))


def _governed(clause: str, rest: str, found: re.Match[str], verbs: list[re.Match[str]], one: re.Pattern[str]) -> bool:
    """Whether what is mentioned is what a wish of the clause is for, or is added to one before it."""
    before, after = clause[max(found.start() - _NEAR, 0) : found.start()], clause[found.end() : found.end() + _NEAR]
    single = one.fullmatch(found[0]) is not None
    if (_NAMED if single else _WITHIN).search((after + rest)[:_NEAR]):
        return False
    if done := _DONE.search(after):
        named = single and _NAMED.search(after[done.end() :] + rest)
        return not (named or re.match(r"\W*of\b", before) or negated(clause, done))
    if _SAYS.search(after):
        return False
    if _ADDED.search(before) or (_BARE.search(before) and _TOO.search(after) and _REST.search(found[0])):
        return True
    ahead = [verb for verb in verbs if verb.end() <= found.start()]
    return bool(ahead) and _reaches(clause, ahead[-1], found, single=single)


def _reaches(clause: str, verb: re.Match[str], found: re.Match[str], *, single: bool) -> bool:
    """Whether a verb before a mention is for it."""
    between = clause[verb.end() : found.start()]
    if len(between) > _NEAR:
        return False
    leading = clause[max(verb.start() - 20, 0) : verb.start()]
    told = (_STATED if verb[0].endswith(("ed", "sent")) else _USUALLY).search(leading)
    # "Swap it for another one" is about one record.
    same = single and verb[0].lower() != "same" and found[0].lower().endswith("one") and _FOR.search(between)
    return not (told or same or _APART.search(between) or negated(clause, verb))


@lru_cache(maxsize=16)
def _patterns(ontology: Ontology) -> _Patterns:
    nouns = [_FIRST_WORD.sub("", words) for words in ontology.problem.get("en", ())]
    en = "|".join(["one", "purchase", *(re.escape(noun) for noun in nouns if " " not in noun)])
    zh = "|".join([*(re.escape(noun) for noun in ontology.problem.get("zh", ())), rf"\s?(?:{en})s?\b"])
    verbs = "|".join([_VERBS, *_first_words(ontology), *(rf"{cue}\w*" for cue in _cues(ontology, "en"))])
    chinese = "|".join([_VERBS_ZH, "cancel", "return", *_cues(ontology, "zh")])
    one = rf"\b{_OTHER} (?:{en})s?\b|\b(?:{en}) before that\b"
    rows = (f"{one}|{_many(en)}", one, rf"\b(?:{verbs})|{_VERBS_ZH}", _in_chinese(zh, chinese))
    mention, single, verb, in_chinese = (re.compile(row, re.IGNORECASE) for row in rows)
    return _Patterns(mention, single, verb, in_chinese)


def _many(en: str) -> str:
    """Mentions of several records, or of all, in English; `en` are the words for one."""
    kinds = r"(?: (?:other|remaining|open|pending|current|recent|late|single|\d+|two|three|four|five|ten))"
    my = r"(?:the|my)(?: \w+)?"
    everything = r"\b(?:everything|anything|all)"
    return (
        rf"\b(?:every|all|each|both)(?: of)?(?: my| the| our| these| those)?{kinds}{{0,3}} (?:{en})s?\b"
        rf"|\bany(?: of)?(?: my| the)?{kinds} (?:{en})s?\b|\bboth #"
        r"|\b(?:all|both|each) of (?:them|those|these|mine)\b|\bthem all\b"
        rf"|\b(?:the|my|all)(?: the)? (?:others|(?:whole )?lot|rest(?! of (?!them|those|mine|{my} (?:{en})s?\b)))\b"
        rf"|(?<!of )\bmy (?:two |three )?(?:{en})s\b|{everything} else\b(?! (?:that )?(?:i|we)\b)"
        rf"|{everything}(?: else)?(?: that)? (?:i|we)(?:['’]?(?:ve|d))?"
        r"(?: (?:ever|just|already|recently|still|currently)){0,2} "
        r"(?:have|had|ordered|order|bought|purchased|booked|reserved|placed)\b"
        rf"|{everything}(?: (?:that is|that['’]s))? (?:on|in|under|with) (?:my|the|this|your) "
        r"(?:account|name|profile|system|file|list|history)\b"
    )


def _in_chinese(zh: str, verbs: str) -> str:
    """A wish for other records in Chinese; `zh` are the words for one, `verbs` those of the wishes."""
    single = r"另一?个?|上一?个|前一?个|下一?个|第[二三四]个"
    many = r"其他|其它|其余|别的|另外?|所有|全部|剩下|余下|每一?个|两个"
    little = r"(?:所有|全部|一个|两个|几个|个|那个|的){0,4}"
    listed = rf"(?:(?:{many}){little}(?:{zh})|(?:{single})的?(?:{zh})(?![:： ]?#?\w{{0,3}}\d))"
    pronoun = r"(?:其他|其它|其余|剩下|余下|另外|别的)的?(?=也|都|全|一起|一并)"
    all_of = rf"(?:{zh})(?=(?:们|也)?(?:都|全|统统|通通))"
    return (
        rf"(?:{listed}|{pronoun}|{all_of})的?{_TAIL_ZH}(?:{verbs}|(?<=[也都全])不要了)(?!过)"
        rf"|(?:{verbs})[^不没只是，]{{0,20}}?{listed}"
        rf"|^\W*(?:还有|以及|和|跟|包括|连同|加上)[我的把那]*(?:{listed}|{pronoun})(?:的|也是?|一起|吧|都|啊|呢|了)*\W*$"
    )


def _first_words(ontology: Ontology) -> list[str]:
    """The verbs by which the changes are asked for in English."""
    changes = [intent for intent in ontology.intents.values() if not intent.info]
    rows = [row for intent in changes for words in (intent.vague, intent.phrases) for row in words.get("en", ())]
    return [rf"{re.escape(word)}\b" for word in sorted({row.split()[0].lower() for row in rows} - _LIGHT)]


def _cues(ontology: Ontology, tongue: Literal["en", "zh"]) -> list[str]:
    """What the agent's side takes for a wish, where it is a word."""
    cues = [cue for intent in ontology.intents.values() if not intent.info for cue in intent.cues.get(tongue, ())]
    return [cue for cue in cues if "*" not in cue]
