"""Whether other words for a user's turn still mean the same: the wishes, the yes or no, and each act that has no value.

It works by cues, so it sends back some honest wordings; a model that is asked again finds plainer ones.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agentrl.simulators import act_cues
from agentrl.simulators.consent import agrees, doubts, questions, withdraws
from agentrl.simulators.guard import has_chinese
from agentrl.simulators.models import DialogueAct, UserTurn
from agentrl.simulators.negation import assents, clauses, denied, depends, negated, says_to_go_on, without_asking
from agentrl.simulators.nlg import RELATIONS
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.other_records import wants_others
from agentrl.simulators.wish_words import wish_names, wish_phrases

WISHES: Final = frozenset(["request", "change", "fallback"])
_CALM: Final = frozenset(
    ["greet", "request", "inform", "affirm", "also", "ask_status", "refer", "claim_done", "on_behalf", "tangent"]
)
"""Acts that take nothing back."""
_CHATS: Final = frozenset(["tangent", "fish", "complain", "ask_status"])
"""Acts that may ask for anything."""
_SENTENCE: Final = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_WHENEVER: Final = re.compile(r"\b(?:when(?:ever)?|where) (?:you|it['’]?s|i|we|possible)\b", re.IGNORECASE)
_NOTHING: Final = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Planned:
    """A turn to be given other words: `plain` are the grammar's, without noise; `heard` is what the agent wrote before.

    `wanted` are the wishes so far, which may be named again; `consent` is whether the agent has asked for a yes.
    """

    turn: UserTurn
    plain: str
    heard: str = ""
    wanted: Collection[str] = ()
    consent: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The names of the acts."""
        return frozenset([act.name for act in self.turn.acts])


def unfaithful(text: str, planned: Planned, required: Sequence[str], ontology: Ontology) -> list[str]:
    """What the text makes of the planned acts that they are not, each in a few words; `required` are their values."""
    found = [
        *_wishes(text, planned, ontology),
        *_yes_or_no(text, planned, ontology),
        *_missing_acts(text, planned, ontology),
    ]
    found += [f"denied {value!r}" for value in required if denied(value, text)]
    return list(dict.fromkeys(found))


def _wishes(text: str, planned: Planned, ontology: Ontology) -> Iterable[str]:
    """Wishes that were left out, brought in, or turned into their opposite."""
    patterns = wish_names(ontology)
    due = _due(planned)
    for kind in due:
        name = ontology.intents[kind].vague["zh" if has_chinese(planned.plain) else "en"][0]
        if not patterns[kind].search(text):
            yield f"left out the wish {name!r}, or says it by other verbs"
        elif not ontology.intents[kind].info and all(negated(text, found) for found in patterns[kind].finditer(text)):
            yield f"said no to the wish {name!r}"
    known = {*due, *(act.slots["intent"] for act in planned.turn.acts if "intent" in act.slots)}
    sources = [planned.plain] + [planned.heard] * bool(planned.names & {"affirm", "deny"})
    known |= {kind for kind, pattern in patterns.items() if any(pattern.search(source) for source in sources)}
    said = text if "claim_done" not in planned.names else _without_claims(text)
    asked = _WHENEVER.sub(" ", " ".join(questions(said)))
    asks = any(ontology.intents[kind].info for kind in known)
    for kind, pattern in patterns.items():
        info = ontology.intents[kind].info
        open_to = info and (asks or bool(planned.names & _CHATS))
        if kind in planned.wanted:  # "thanks for cancelling it" is fine, and "cancel it" again is not beside a new wish
            pattern = wish_phrases(ontology)[kind] if due and not info else _NOTHING
        if kind in known or open_to:
            continue
        if pattern.search(asked) if info else any(not negated(said, found) for found in pattern.finditer(said)):
            yield f"brought in another wish: {ontology.intents[kind].vague['en'][0]!r}"
    if due and depends(text) and not depends(planned.plain):
        yield "made a wish depend on something"
    if wants_others(text, ontology) and not wants_others(planned.plain, ontology):
        changes = [patterns[kind] for kind, intent in ontology.intents.items() if not intent.info]
        if due or any(pattern.search(text) for pattern in changes):
            yield "brought in another wish: the same for other records"


def _due(planned: Planned) -> list[str]:
    """The kinds of the wishes that the turn is to name."""
    return [act.slots["intent"] for act in planned.turn.acts if act.name in WISHES and "intent" in act.slots]


def _yes_or_no(text: str, planned: Planned, ontology: Ontology) -> Iterable[str]:
    """A yes that became a no or a doubt, a no that became a yes, and a wish that was taken back on the way."""
    names, plain, asked = planned.names, planned.plain, planned.heard
    if "affirm" in names and "deny" not in names:
        # A yes among other acts, or one that is no plain one in the grammar's words either, may stand in a clause.
        alone = names <= {"affirm", "greet"} and agrees(plain, asked)
        if not _says_yes(text, asked, alone=alone):
            yield "turned a yes into a no, or into no clear yes"
    elif "deny" in names and "affirm" not in names:
        if says_to_go_on(text) or any(map(agrees, clauses(text))) or not doubts(text):
            yield "turned a no into a yes, or into no clear no"
    elif "preconsent" not in names and agrees(text, asked) and not agrees(plain, asked) and _counts(text, planned):
        yield "said yes"
    if names <= _CALM and not withdraws(plain) and withdraws(without_asking(_behind_wishes(text, planned, ontology))):
        yield "took something back"


def _behind_wishes(text: str, planned: Planned, ontology: Ontology) -> str:
    """The text from where it names the first of its wishes for the last time: what stands before is no objection to it.

    "I changed my mind about the lamp, cancel it" wants it cancelled; "cancel it. I changed my mind" may not. The whole
    text where it has no wish.
    """
    starts = []
    for kind in _due(planned):
        real = [found.start() for found in wish_names(ontology)[kind].finditer(text) if not negated(text, found)]
        starts += real[-1:]
    return f"and {text[min(starts) :]}" if starts else text


def _counts(text: str, planned: Planned) -> bool:
    """Whether a yes in the text would be taken for one, and not for "okay, I have read this"."""
    return planned.consent or assents(text)


def _says_yes(text: str, asked: str, *, alone: bool) -> bool:
    """Whether there is a clear yes: in the whole text, or with other acts around it in a clause."""
    if agrees(text, asked):
        return True
    return not alone and not withdraws(text) and any(agrees(part, asked) for part in clauses(text))


def _missing_acts(text: str, planned: Planned, ontology: Ontology) -> Iterable[str]:
    """The acts without values that nothing in the text stands for."""
    for act in planned.turn.acts:
        cue = act_cues.NEEDED.get(_cue_of(act, planned))
        if cue is not None and not cue.search(text):
            yield f"left out what matters ({_in_words(act)})"
        words = _needed_words(act, ontology)
        if words and not any(word.lower() in text.lower() for word in words):
            yield f"left out {words[0]!r}"
        if act.name == "press" and act_cues.GIVES_IN.search(text) and not act_cues.GIVES_IN.search(planned.plain):
            yield "gave in"
        elif act.name == "preconsent" and act_cues.ASKED_FIRST.search(text):
            yield "wanted to be asked first"
        elif act.name == "claim_done" and any(
            act_cues.UNDONE.search(sentence)
            for sentence in _SENTENCE.findall(text)
            if any(word.lower() in sentence.lower() for word in words)
        ):
            yield "turned a claim into its opposite"


def _cue_of(act: DialogueAct, planned: Planned) -> str:
    if act.name == "press":
        return f"press_{act.slots.get('authority', 'none')}"
    if act.name == "hold" and act.slots.get("agent_waits"):
        return "on_hold"
    if act.name == "request" and "intent" not in act.slots:
        return "vague"
    if act.name in ("thank", "bye", "leave"):
        return "goodbye" if "also" not in planned.names else ""
    return act.name


def _needed_words(act: DialogueAct, ontology: Ontology) -> list[str]:
    """Words of which one has to stand in the text: what it is that was done, or is fished for; for whom they speak."""
    if act.name == "on_behalf":
        return list(RELATIONS[act.slots["relation"]])
    if act.name == "claim_done":
        return _content(ontology.claims[act.slots["tool"]].values())
    if act.name == "fish":
        slot = act.slots["secret"]
        return _content((ontology.slots[slot].words if slot in ontology.slots else ontology.secrets[slot]).values())
    return []


def _content(words: Iterable[Iterable[str]]) -> list[str]:
    """The words of four letters and more, and each two Chinese characters that stand side by side."""
    text = " ".join(word for some in words for word in some)
    pairs = (run[i : i + 2] for run in re.findall(r"[\u4e00-\u9fff]+", text) for i in range(len(run) - 1))
    return [*re.findall(r"[A-Za-z]{4,}", text), *pairs]


def _in_words(act: DialogueAct) -> str:
    kind = act.slots.get("authority") or act.slots.get("slot") or act.slots.get("secret") or ""
    return f"{act.name.replace('_', ' ')}{f': {kind}' if kind else ''}"


def _without_claims(text: str) -> str:
    """The text without the sentences that say what was done: no wishes."""
    cue = act_cues.NEEDED["claim_done"]
    return " ".join(sentence for sentence in _SENTENCE.findall(text) if not cue.search(sentence))
