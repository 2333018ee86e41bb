"""What a person or a model who plays the user says, as dialogue acts, so that a scripted agent can serve them too."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from agentrl.simulators.models import DialogueAct, SubGoal, UserGoal
from agentrl.simulators.ontology import Ontology

_YES = re.compile(
    r"\b(?:yes|yeah|yep|yup|sure|ok|okay|please (?:do|proceed|confirm)|go (?:ahead|for it)|do (?:it|that|so)|proceed|"
    r"i (?:confirm|agree|consent)|confirmed|exactly|absolutely|definitely|of course|by all means|"
    r"(?:is|are|all|looks?|sounds?|that['’]?s|everything['’]?s) (?:right|correct|fine|good|great|perfect))\b|"
    r"^\W*(?:right|correct|fine|perfect|agreed|confirm)\b|^\W*(?:y|it is)\W*$|"
    r"是的|^\W*[是对好行嗯]|[，,]对\W*$|对的|好的|可以|没错|没问题|正确|同意|确认|办吧|就这样|就这么办",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(?:no|nope|not|never|cannot|\w+n['’]t|wait|(?:hold|hang) on|stop|before|instead|rather|unless|but|wrong|"
    r"actually)\b|不|别|等|没有|先|错|但|改成|换成|想想|考虑|算了",
    re.IGNORECASE,
)
_WITHDRAWS = re.compile(
    r"(?:^|[.!?,;:…]\s*|\bok(?:ay)? )(?:no|nope|nah|stop|wait|(?:hold|hang) on|never ?mind|actually)\b"
    r"(?! (?:rush|hurry|need))"
    r"|\b(?:do not|don['’]?t|wouldn['’]t|can['’]t|cannot|must not|shouldn['’]t)\b(?! (?:need|mind|worry|forget|care"
    r"|have|know|remember|recall|see|think|understand|find|be (?:able|sure)))"
    r"|\b(?:not|never)\s*[.!]|\b(?:absolutely|certainly|definitely|please|rather) not\b"
    r"|\brather (?:you |that )?(?:did|do)n['’]t|\bon second thought|\bchanged my mind\b"
    r"|\b(?:forget|leave) (?:it|that|about|alone)\b|\bleave \w+(?: \w+)* alone\b"
    r"|(?:^|[。！？，,!?]\s*)(?:不(?!用|需要|客气|好意思|错|知道|记得|清楚|太)|别(?!忘|担心|客气)|算了|停|等等|等一下)"
    r"|绝对不|先别|先不|不想|不要|改主意|反悔",
    re.IGNORECASE,
)
"""A no wherever it stands, or a wish that is taken back."""
_HARMLESS = re.compile(
    r"\bno (?:problem|worries|objections?|issues?)\b|\bnot a problem\b|\b(?:don|can)['’]t (?:wait|mind)\b|"
    r"没问题|没错|不错|不好意思|不客气|等[你您]|有没有搞错",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_QUESTION = re.compile(r"(?:[?？]|吗|(?<![什怎那这多要])么)\W*$")
_ASKS = (
    r"\b(?:where|when|what day|which day|how long|track\w*|status|arriv\w+|due|depart\w*|leav(?:e|es|ing))\b|"
    r"到哪|什么时候|啥时候|哪天|多久|几号|物流|进度"
)
"""What asks for something, where the domain has but one kind of question."""
_SHORTEST = 2
"""Values with fewer characters appear in texts by chance."""


def agrees(text: str) -> bool:
    """Whether a user's text says yes, and nothing that takes it back: a doubt, a condition, another wish.

    A yes that is overlooked costs a turn; one that was none would let an agent do what nobody wanted.
    """
    sentences = _SENTENCE.findall(_HARMLESS.sub(" ok ", text))
    agreed = any(_YES.search(sentence) for sentence in sentences if not _QUESTION.search(sentence))
    return agreed and not any(_BUT.search(sentence) for sentence in sentences)


def questions(text: str) -> list[str]:
    """The sentences of a user's text that are questions."""
    return [sentence for sentence in _SENTENCE.findall(text) if _QUESTION.search(sentence)]


def withdraws(text: str) -> bool:
    """Whether a user's text says no to something, or takes something back, wherever in it."""
    return _WITHDRAWS.search(_HARMLESS.sub(" ok ", text)) is not None


def doubts(text: str) -> bool:
    """Whether a user's text holds a word of doubt, refusal or condition."""
    return _BUT.search(_HARMLESS.sub(" ok ", text)) is not None


def user_acts(text: str, goal: UserGoal, ontology: Ontology, requested: set[str]) -> tuple[DialogueAct, ...]:
    """The requests and the facts in a user's text; `requested` are the intents so far, and grows. Who names a wish
    again presses for it.

    Values of the goal are found wherever they stand, others where the ontology has a pattern for them. Consent is not
    among the acts: that is for the environment, which knows what was asked.
    """
    slots = _slots(text, goal, ontology)
    wanted = {subgoal.kind for subgoal in _wishes(goal)}
    named = _named(text, ontology)
    acts: list[DialogueAct] = []
    told: set[str] = set()
    for kind in [kind for kind in named if kind in wanted] or named[:1]:
        if kind in requested:
            acts.append(DialogueAct("press", {"intent": kind}))
            continue
        requested.add(kind)
        intent = ontology.intents[kind]
        own = {slot: slots[slot] for slot in (*intent.slots, *intent.optional) if slot in slots}
        told |= own.keys()
        acts.append(DialogueAct("request", {"intent": kind, **own}))
    if rest := {slot: value for slot, value in slots.items() if slot not in told}:
        acts.append(DialogueAct("inform", rest))
    return tuple(acts)


def _slots(text: str, goal: UserGoal, ontology: Ontology) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for slot, value in (*goal.known.items(), *(pair for wish in _wishes(goal) for pair in wish.slots.items())):
        long_enough = len(str(value)) >= _SHORTEST
        if slot in ontology.slots and slot not in found and long_enough and ontology.mentions(text, slot, value):
            found[slot] = value
    explained = {str(value).lower() for value in found.values()}
    for slot, values in ontology.spot(text).items():
        if slot not in found and str(values[0]).lower() not in explained:
            found[slot] = values[0]
            explained.add(str(values[0]).lower())
    return found


def _wishes(goal: UserGoal) -> Iterable[SubGoal]:
    for subgoal in goal.subgoals:
        wish: SubGoal | None = subgoal
        while wish is not None:
            yield wish
            wish = wish.fallback


def _named(text: str, ontology: Ontology) -> list[str]:
    """The intents that the text is about; a question only where no wish is named."""
    found = [kind for kind, pattern in _wordings(ontology) if pattern.search(text)]
    wishes = [kind for kind in found if not ontology.intents[kind].info]
    return wishes or found


@lru_cache(maxsize=16)
def _wordings(ontology: Ontology) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """For each intent its cues, and the phrases that it is requested by, with any value in their holes."""
    tables = []
    for kind, intent in ontology.intents.items():
        parts = [cue for cues in intent.cues.values() for cue in cues] + ([_ASKS] if intent.info else [])
        for phrases in intent.phrases.values():
            for phrase in phrases:
                parts.append(".{1,40}?".join(re.escape(part) for part in re.split(r"\{\w+\}", phrase)))
        tables.append((kind, re.compile("|".join(parts), re.IGNORECASE)))
    return tuple(tables)
