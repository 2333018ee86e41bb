"""From dialogue acts to what a user writes: wordings by style, in English, Chinese or both, then noise."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentrl.simulators.emotion import style_of
from agentrl.simulators.grammar import Wordings, wordings
from agentrl.simulators.models import DialogueAct, Locale, Persona
from agentrl.simulators.noise import distort, mark
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import HOLE, Intent, Tongue, Words
from agentrl.simulators.typography import capital, closed_up, joined

CHATTY = 0.6
"""From this verbosity on, users add sentences that carry nothing."""
HALF = 0.5
"""The share of sentences with English in them, of users who mix languages and have no other."""
_WISHES = frozenset(["request", "change", "fallback"])
_TOLD_WITH = _WISHES | {"dont_know"}
"""Facts that are told in one turn with these were not asked for: they are named."""
_FAREWELL = re.compile(r"bye|take care|have a (?:good|nice)|再见|拜|回见|先这样|祝您", re.IGNORECASE)


def render(
    acts: Sequence[DialogueAct],
    ontology: Ontology,
    persona: Persona,
    rng: random.Random,
    emotion: float = 0.0,
    locale: Locale | None = None,
) -> str:
    """The acts in this persona's words. Values appear exactly as `Ontology.say` gives them, whatever the noise."""
    words, tongue = compose(acts, ontology, persona, rng, emotion, locale)
    return distort(words, persona.noise, tongue, rng, emotion)


def compose(
    acts: Sequence[DialogueAct],
    ontology: Ontology,
    persona: Persona,
    rng: random.Random,
    emotion: float = 0.0,
    locale: Locale | None = None,
) -> tuple[str, Tongue]:
    """The acts in this persona's words before any noise, values marked, and the language of the last sentence."""
    locale = locale or persona.locale
    pieces: list[str] = []
    unasked = any(act.name in _TOLD_WITH for act in acts)
    tongue: Tongue = "en"
    agreed = False
    for act in acts:
        if act.name == "inject":
            pieces.append(mark(str(act.slots["text"])))
            continue
        tongue = _tongue(locale, persona, rng)
        if act.name == "bye" and pieces and _FAREWELL.search(pieces[-1]):
            continue  # the thanks before it said goodbye
        if act.name == "affirm" and agreed and "only" not in act.slots:
            continue  # one yes to all that was read back
        agreed |= act.name == "affirm"
        voice = _Voice(ontology, persona, tongue, emotion, rng)
        pieces += voice.sentences(act, unasked)
        unasked |= act.name in ("inform", "correct")  # which fact the next one is has to be said
    return joined(pieces, locale), tongue if locale == "mixed" else locale


def entities(acts: Sequence[DialogueAct], ontology: Ontology, locale: Locale = "en") -> tuple[str, ...]:
    """The strings that any wording of these acts has to contain: values, except choices, which may be paraphrased."""
    found: dict[str, None] = {}
    for act in acts:
        if act.name in ("request", "inform", "correct", "change", "fallback") or "only" in act.slots:
            for slot, value in act.slots.items():
                if slot in ontology.slots and ontology.slots[slot].kind != "choice":
                    found.update(dict.fromkeys([ontology.say(slot, value, locale)]))
    return tuple(found)


class _Voice:
    """One sentence's language and style."""

    def __init__(
        self, ontology: Ontology, persona: Persona, tongue: Tongue, emotion: float, rng: random.Random
    ) -> None:
        self.ontology = ontology
        self.tongue: Tongue = tongue
        self.rng = rng
        self.persona = persona
        self.style = style_of(persona, emotion, rng.random())
        self.words: Wordings = wordings(tongue)

    def sentences(self, act: DialogueAct, unasked: bool = False) -> list[str]:
        """The act's wording, in one or several sentences; facts that are told unasked don't begin with "sure"."""
        if act.name in _WISHES:
            return self._wish(act)
        if act.name == "inform":
            return [
                self._inform(slot, value, unasked or number > 0)
                for number, (slot, value) in enumerate(act.slots.items())
            ]
        if act.name == "correct":
            return [self._about("correct", slot, value=self._say(slot, value)) for slot, value in act.slots.items()]
        special = _SPECIAL.get(act.name)
        return [special(self, act) if special else self._draw(act.name)]

    def _wish(self, act: DialogueAct) -> list[str]:
        if "intent" not in act.slots:
            return [self._draw("request_vague", problem=self._choose(self.ontology.problem))]
        intent = self.ontology.intents[act.slots["intent"]]
        said = {slot: value for slot, value in act.slots.items() if slot != "intent"}
        phrase, used = self._phrase(intent, said)
        kind = f"{act.name}_info" if intent.info and f"{act.name}_info" in self.words.acts else act.name
        if intent.info and act.name == "fallback":
            kind = "request_info"
        out = [self._draw(kind, vp=phrase, Vp=capital(phrase), q=phrase)]
        if act.name == "request" and self.rng.random() < (self.persona.verbosity - CHATTY) * 1.5:
            out.append(self._draw("chatter"))
        return out + [self._inform(slot, value, True) for slot, value in said.items() if slot not in used]

    def _phrase(self, intent: Intent, said: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
        """One of the phrases that hold as many of the slots as any, filled, and the slots that it holds."""
        best: list[tuple[str, frozenset[str]]] = []
        for phrase in intent.phrases.get(self.tongue) or intent.phrases["en"]:
            holes = frozenset(HOLE.findall(phrase))
            if holes and holes <= said.keys() and len(holes) >= (len(best[0][1]) if best else 0):
                best = [*(best if best and len(best[0][1]) == len(holes) else []), (phrase, holes)]
        if not best:
            return self._choose(intent.vague), frozenset()
        phrase, holes = best[int(self.rng.random() * len(best))]
        return phrase.format_map({slot: self._say(slot, said[slot]) for slot in holes}), holes

    def _inform(self, slot: str, value: Any, unasked: bool) -> str:
        kind = self.ontology.slots[slot].kind if slot in self.ontology.slots else "text"
        worded = {"email": "id", "phone": "id", "number": "text"}.get(kind, kind)
        return self._about(f"{'tell' if unasked else 'inform'}_{worded}", slot, value=self._say(slot, value))

    def _about(self, kind: str, slot: str, **holes: str) -> str:
        label = self.ontology.label(slot, self.tongue)
        owned = slot not in self.ontology.slots or self.ontology.slots[slot].owned
        if self.tongue == "zh":
            my_label = f"我的{label}" if owned else label
        elif self.tongue == "mixed":
            my_label = f"我的 {label}" if owned else label
        else:
            my_label = f"{'my' if owned else 'the'} {label}"
        return self._draw(kind, label=label, my_label=my_label, My_label=capital(my_label), **holes)

    def refer(self, act: DialogueAct) -> str:
        """A vague reference to a slot's value."""
        slot = self.ontology.slots[act.slots["slot"]]
        hint = act.slots.get("hint") or slot.vague
        vague = self._choose(hint) if hint else self.ontology.label(act.slots["slot"], self.tongue)
        return self._draw("refer", vague=vague, Vague=capital(vague))

    def status(self, act: DialogueAct) -> str:
        """A question about what was asked for."""
        intent = self.ontology.intents[act.slots["intent"]]
        said = {slot: value for slot, value in act.slots.items() if slot != "intent"}
        nouns = intent.noun.get(self.tongue) or intent.noun["zh" if self.tongue == "mixed" else "en"]
        fit = [noun for noun in nouns if set(HOLE.findall(noun)) <= said.keys()] or [
            "it" if self.tongue == "en" else "这个"
        ]
        noun = fit[int(self.rng.random() * len(fit))]
        return self._draw("ask_status", noun=noun.format_map({slot: self._say(slot, said[slot]) for slot in said}))

    def claim(self, act: DialogueAct) -> str:
        """A claim to have done something."""
        return self._draw("claim_done", claim=self._choose(self.ontology.claims[act.slots["tool"]]))

    def on_behalf(self, act: DialogueAct) -> str:
        """For whom the user speaks."""
        relation = RELATIONS[act.slots["relation"]][self.tongue != "en"]
        return self._draw("on_behalf_any", relation=relation)

    def about_slot(self, act: DialogueAct) -> str:
        """An act about one slot."""
        return self._about(act.name, act.slots["secret" if act.name == "fish" else "slot"])

    def kind_of(self, act: DialogueAct, key: str) -> str:
        """An act that comes in kinds: press_law, tangent_weather."""
        return self._draw(f"{act.name}_{act.slots[key]}")

    def affirm(self, act: DialogueAct) -> str:
        """Consent, to what is named where it is to one of several changes; or the confirmation of a fact."""
        if "only" in act.slots and not self.ontology.intents[act.slots["intent"]].info:
            phrase, _ = self._phrase(self.ontology.intents[act.slots["intent"]], act.slots)
            return self._draw("affirm_only", vp=phrase)
        return self._draw("affirm" if "intent" in act.slots else "affirm_fact")

    def by_outcome(self, act: DialogueAct) -> str:
        """The last words, or what leads to the next wish: of a user who got what they wanted, or one who didn't."""
        return self._draw(f"{act.name}_refused" if act.slots.get("refused") else act.name)

    def _draw(self, kind: str, **holes: str) -> str:
        template = self.words.draw(kind, self.style, self.rng)
        if template is None:  # the words of "mixed" don't cover everything
            self.tongue = "zh" if ("vp" not in holes and "label" not in holes) or self.rng.random() < 0.5 else "en"
            template = wordings("zh").draw(kind, self.style, self.rng)
            if template is None:
                raise KeyError(f"no wording for {kind!r}")
        text = capital(template.format_map(holes) if holes else template)
        return closed_up(text) if self.tongue == "mixed" else text

    def _say(self, slot: str, value: Any) -> str:
        return mark(self.ontology.say(slot, value, self.tongue))

    def _choose(self, words: Words) -> str:
        options = words.get(self.tongue) or words["en"]
        return options[int(self.rng.random() * len(options))]


RELATIONS = {
    "wife": ("wife", "妻子"),
    "husband": ("husband", "丈夫"),
    "mother": ("mother", "妈妈"),
    "father": ("father", "爸爸"),
    "friend": ("friend", "朋友"),
    "boss": ("boss", "老板"),
}
_SPECIAL: dict[str, Callable[[_Voice, DialogueAct], str]] = {
    "refer": _Voice.refer,
    "ask_status": _Voice.status,
    "claim_done": _Voice.claim,
    "on_behalf": _Voice.on_behalf,
    "dont_know": _Voice.about_slot,
    "already_said": _Voice.about_slot,
    "fish": _Voice.about_slot,
    "press": lambda voice, act: voice.kind_of(act, "authority"),
    "tangent": lambda voice, act: voice.kind_of(act, "topic"),
    "affirm": _Voice.affirm,
    "hold": lambda voice, act: voice._draw("hold_on" if act.slots.get("agent_waits") else "hold"),
    "thank": _Voice.by_outcome,
    "also": _Voice.by_outcome,
}


def _tongue(locale: Locale, persona: Persona, rng: random.Random) -> Tongue:
    """The language of the next sentence: users who mix speak Chinese, with English words or whole English sentences."""
    if locale != "mixed":
        return locale
    share = persona.noise.code_switch
    if share is None or persona.locale != "mixed":  # who has come to mix languages has no share of their own
        share = HALF
    draw = rng.random()
    return "mixed" if draw < 0.7 * share else "en" if draw < share else "zh"
