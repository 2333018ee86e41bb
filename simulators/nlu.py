"""What an agent's message does, as dialogue acts: a lexicon in two languages and the ontology's own words.

Users decide by the environment's state, so a miss here delays a dialogue and never changes what it is worth.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agentrl.simulators import lexicon
from agentrl.simulators.models import DialogueAct
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.readings import Sentence, merge

_HEAD = re.compile(r"\s+(?:number|id|code|no\.?)$|(?:编号|号码|号)$")
_OR = re.compile(r"\bor\b|还是|或")
_CLAUSES = re.compile(
    r"\s*(?:[,，、]|\b(?:and|then|as well as)\b|[+&]|[并再](?!不)|然后|以及|同时|和)\s*", re.IGNORECASE
)
_STRONG = re.compile(
    r"\b(?:shall|should) (?:i|we)\b|\b(?:would you like|do you want) (?:me|us) to\b|\bgo ahead\b|\bproceed\s*\?|"
    r"要(?:我|帮您|为您).{0,24}(?:吗|么)|是否(?:确认|同意|继续|办理)|确认(?:办理|取消|修改|无误|吗)"
)
_OPEN_QUESTION = re.compile(
    r"(?:and|so|ok|okay|then|but|great|[\s,.!])*(?:what|where|when|which|who|how|why)\b(?!.*\bcorrect)"
)
_WH = re.compile(r"\b(?:what|where|when|which|who|how)\b")
_COLLOQUIAL = str.maketrans({"’": "'", "啥": "什么", "咋": "怎么", "啦": "了"})
_NUMBERS = re.compile(r"\d{2,}")
_MANY = 50
"""Clauses of one sentence: nobody reads more of them back."""
_LONG = 8000
"""What an agent writes beyond this many characters is not read."""


def understand(text: str, ontology: Ontology) -> tuple[DialogueAct, ...]:
    """The acts in the agent's message in order of appearance, in either language; `smalltalk` when there is none."""
    return _understand(text[:_LONG], ontology)


@lru_cache(maxsize=256)
def _understand(plain: str, ontology: Ontology) -> tuple[DialogueAct, ...]:
    if "\n" in plain:
        plain = "\n".join(line for line in plain.split("\n") if line.strip())
        # A list belongs to what introduces it.
        plain = lexicon.BULLET.sub(", ", lexicon.LISTED.sub(r"\1?", plain))
    if any(sign in plain for sign in "\n*`|_"):
        plain = lexicon.EMPHASIS.sub("", lexicon.MARKDOWN.sub(" ", plain))
    read = [_read(part, ontology) for sentence in lexicon.SENTENCES.split(plain) if (part := sentence.strip())]
    return merge(read) or (DialogueAct("smalltalk"),)


@dataclass(frozen=True, slots=True)
class _Tables:
    """What follows from an ontology: regular expressions by which its slots are asked for, and its intents seen."""

    labels: tuple[tuple[str, re.Pattern[str]], ...]
    asks: tuple[tuple[str, re.Pattern[str]], ...]
    cues: tuple[tuple[str, re.Pattern[str]], ...]


def _label(word: str, others: Sequence[str]) -> str:
    """A pattern for a slot's noun phrase, but not where it ends another slot's: "item" in "new item"."""
    ahead = sorted({other[: -len(word)] for other in others if other.endswith(word) and other != word})
    bounded = rf"\b{re.escape(word)}s?\b" if word.isascii() else re.escape(word)
    return "".join(f"(?<!{re.escape(part)})" for part in ahead) + bounded


@lru_cache(maxsize=16)
def _tables(ontology: Ontology) -> _Tables:
    labels: list[tuple[str, re.Pattern[str]]] = []
    asks: list[tuple[str, re.Pattern[str]]] = []
    for name, slot in ontology.slots.items():
        words = {word.lower() for words in slot.words.values() for word in words}
        rest = [other for key, other in ontology.slots.items() if key != name]
        others = [word.lower() for other in rest for words_of in other.words.values() for word in words_of]
        labels.append((name, re.compile("|".join(_label(word, others) for word in sorted(words)))))
        direct = [pattern for patterns in slot.asks.values() for pattern in patterns]
        for head in sorted({_HEAD.sub("", word) for word in words if slot.kind == "id" and _HEAD.search(word)}):
            direct.append(
                rf"\b(?:which|what) {re.escape(head)}s?\b" if head.isascii() else f"(?:哪|什么).{{0,2}}{head}"
            )
        if slot.kind == "name":
            direct += [r"who am i (?:speaking|talking|chatting)", r"怎么称呼|如何称呼|贵姓"]
        if direct:
            asks.append((name, re.compile("|".join(direct), re.IGNORECASE)))
    cues = [
        (name, re.compile("|".join(cue for words in intent.cues.values() for cue in words), re.IGNORECASE))
        for name, intent in ontology.intents.items()
        if intent.cues
    ]
    return _Tables(tuple(labels), tuple(asks), tuple(cues))


@lru_cache(maxsize=256)
def _read(sentence: str, ontology: Ontology) -> Sentence:
    """One sentence by itself."""
    values = ontology.spot(sentence)
    counts = tuple([(slot, len(found)) for slot, found in values.items()])
    low = _NUMBERS.sub("00", sentence.lower().translate(_COLLOQUIAL))
    kinds, asked, intents = _classify(low, counts, ontology)
    parts = _CLAUSES.split(sentence) if len(intents) > 1 and not _OR.search(low) else ()
    clauses = tuple([_read(part, ontology) for part in parts]) if 1 < len(parts) <= _MANY else ()
    return Sentence(kinds, asked, {} if "offer_more" in kinds else values, intents, clauses)


@lru_cache(maxsize=4096)
def _classify(
    low: str, counts: tuple[tuple[str, int], ...], ontology: Ontology
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The acts of a sentence whose numbers were made equal, the slots that it asks for, and the intents that it names.

    `counts`: how many values of each slot it holds. Agents say the same about ever new numbers, so this is kept.
    """
    question = lexicon.QUESTION.search(low) is not None
    kinds = [kind for kind, pattern in _COURTESIES if pattern.search(low)]
    if offer := lexicon.OFFER_MORE.search(low):
        kinds += ["report_done"] * _is_done(low[: offer.start()]) + ["offer_more"]
        return tuple(kinds), (), ()
    tables = _tables(ontology)
    values = dict(counts)
    intents = tuple([name for name, cue in tables.cues if cue.search(low)])
    refused = lexicon.REFUSE.search(low) is not None and not lexicon.REFUSE_NOT.search(low)
    done = not (question or refused) and _is_done(low)
    asked = () if done or refused else _asked(low, question, values, tables)
    if asked:
        kinds.append("ask")
    elif not (done or refused) and lexicon.ASK_INTENT.search(low):
        kinds.append("ask_intent")
    if question and not _STRONG.search(low) and _which(low, values):
        kinds.append("clarify")
    elif not done and "ask_intent" not in kinds and _confirms(low, asked, values):
        kinds.append("confirm")
    elif question and (values or intents) and not (kinds or refused or _WH.search(low)):
        kinds.append("confirm")  # any question with yes or no for an answer
    kinds += ["refuse"] * refused + ["report_done"] * done
    return tuple(kinds), asked, intents


_COURTESIES = (
    ("greet", lexicon.GREET),
    ("apologise", lexicon.APOLOGISE),
    ("wait", lexicon.WAIT),
    ("bye", lexicon.BYE),
)


def _is_done(low: str) -> bool:
    return lexicon.DONE.search(low) is not None and not lexicon.DONE_NOT.search(low)


def _asked(low: str, question: bool, values: Mapping[str, int], tables: _Tables) -> tuple[str, ...]:
    """The slots that the sentence asks for: named or implied, with no value of theirs beside."""
    found = [name for name, pattern in tables.asks if pattern.search(low) and name not in values]
    statement = low.endswith((".", "。", "!", "！"))
    cue = (lexicon.ASK.search(low) or (not statement and lexicon.ASK_WH.search(low))) and (
        question or not lexicon.STATED.search(low)
    )
    if cue or (question and not lexicon.CONFIRM.search(low)):
        named = [(match.start(), name) for name, label in tables.labels if (match := label.search(low))]
        found += [name for _, name in sorted(named) if name not in values]
    return tuple(dict.fromkeys(found))


def _which(low: str, values: Mapping[str, int]) -> bool:
    several = any(count > 1 for count in values.values())
    return lexicon.WHICH.search(low) is not None or (several and _OR.search(low) is not None)


def _confirms(low: str, asked: Sequence[str], values: Mapping[str, int]) -> bool:
    if _OPEN_QUESTION.match(low) or not lexicon.CONFIRM.search(low) or lexicon.CONFIRM_NOT.search(low):
        return False
    if asked and not values:
        return _STRONG.search(low) is not None and not _WH.search(low)
    return True


def forget() -> None:
    """Empties the caches of what was read before, as a benchmark does."""
    _understand.cache_clear()
    _read.cache_clear()
    _classify.cache_clear()
