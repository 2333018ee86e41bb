"""A task in words, second person: what a language model or a person who plays the user is told."""

from collections.abc import Collection
from typing import Final

from agentrl.simulators.behaviour import behaviours
from agentrl.simulators.emotion import ANGRY, CURT, Mood
from agentrl.simulators.models import Locale, Persona, SubGoal, UserTask
from agentrl.simulators.nlg import HALF
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.personas import OCCUPATIONS
from agentrl.simulators.schema import HOLE, Tongue

_TOLD: Final = 0.005
"""Rates below it would be told as 0 %."""


def describe(task: UserTask, ontology: Ontology, locale: Locale | None = None) -> str:
    """Who the user is, what they want, know, don't know, and how they behave, with a line for each operator.

    Of the persona it is everything but the traits, which have moved the rest; what is neither high nor low goes without
    saying. How annoyed they are at the moment is told by `feeling`.

    What they don't know is not told. Raises UserError for an operator that cannot be told in words.
    """
    tongue: Tongue = "en" if (locale or task.persona.locale) == "en" else "zh"
    english = tongue == "en"
    persona, goal = task.persona, task.goal
    lines = [_character(persona, tongue), *_attitude(persona, tongue)]
    for number, subgoal in enumerate(goal.subgoals, 1):
        wish = _wish(subgoal, ontology, tongue, goal.unknown)
        lines.append(f"{number}. You want to {wish}." if english else f"{number}. 你想{wish}。")
        if subgoal.fallback:
            other = _wish(subgoal.fallback, ontology, tongue, goal.unknown)
            lines.append(f"   If that is refused: {other}." if english else f"   如果被拒绝：{other}。")
    known = "; ".join(
        f"{ontology.label(slot, tongue)}: {ontology.say(slot, value, tongue)}"
        for slot, value in goal.known.items()
        if slot in ontology.slots and slot not in goal.unknown
    )
    if known:
        lines.append(f"You know: {known}." if english else f"你知道：{known}。")
    if goal.unknown:
        unknown = ", ".join(ontology.label(slot, tongue) for slot in goal.unknown)
        lines.append(f"You don't know: {unknown}." if english else f"你不知道：{unknown}。")
    lines.append(
        "Say nothing that is not written here, and make no fact up."
        if english
        else "只说这里写的内容，不要编造任何信息。"
    )
    tell = {
        "upfront": ("You tell everything at once.", "你一开始就把所有信息说出来。"),
        "on_request": ("You tell details when asked.", "别人问到时你才提供细节。"),
        "drip": ("You tell one thing at a time, and begin vaguely.", "你一次只说一点，开头说得很笼统。"),
    }[persona.disclosure]
    lines.append(tell[not english])
    lines += behaviours(task, ontology, tongue, lambda wish: _wish(wish, ontology, tongue, goal.unknown))
    return "\n".join(lines)


def _wish(subgoal: SubGoal, ontology: Ontology, tongue: Tongue, unknown: Collection[str]) -> str:
    intent = ontology.intents[subgoal.kind]
    phrases = intent.phrases.get(tongue) or intent.phrases["en"]
    slots = {slot: value for slot, value in subgoal.slots.items() if slot not in unknown}
    fit = [phrase for phrase in phrases if set(HOLE.findall(phrase)) <= slots.keys()]
    best = max(fit, key=lambda phrase: len(HOLE.findall(phrase)), default=intent.vague[tongue][0])
    wish = best.format_map({slot: ontology.say(slot, value, tongue) for slot, value in slots.items()})
    rest = [
        f"{ontology.label(slot, tongue)}: {ontology.say(slot, value, tongue)}"
        for slot, value in slots.items()
        if slot not in HOLE.findall(best) and slot in ontology.slots
    ]
    wish = f"{'know ' if tongue == 'en' else '知道'}{wish}" if intent.info else wish
    return f"{wish} ({', '.join(rest)})" if rest else wish


def tone_of(persona: Persona, tongue: Tongue = "en", annoyance: float = 0.0) -> str:
    """How a persona sounds, annoyed as they are: "blunt", "annoyed and curt"."""
    if annoyance >= ANGRY:
        return "angry" if tongue == "en" else "很生气"
    if annoyance >= CURT:
        return "annoyed and curt" if tongue == "en" else "不耐烦，话很冲"
    if tongue == "en":
        return "polite" if persona.politeness > 0.6 else "blunt" if persona.politeness < 0.35 else "matter-of-fact"
    return "有礼貌" if persona.politeness > 0.6 else "直接" if persona.politeness < 0.35 else "就事论事"


def length_of(persona: Persona, tongue: Tongue = "en") -> str:
    """How much a persona says: "terse"."""
    which = 0 if persona.verbosity > 0.6 else 1 if persona.verbosity < 0.35 else 2
    english = ("talkative", "terse", "neither terse nor talkative")
    return english[which] if tongue == "en" else ("话多", "话少", "话不多不少")[which]


def feeling(persona: Persona, mood: Mood) -> str:
    """What a language model is told about its mood in this turn, in English; "" while there is nothing to be seen."""
    if not mood.complains and mood.level < CURT:
        return ""
    tone = tone_of(persona, annoyance=mood.level) if mood.level >= CURT else "annoyed"
    return f"(You are {tone} by now{', and say so' if mood.complains else ''}.)"


def _character(persona: Persona, tongue: Tongue) -> str:
    tone, length = tone_of(persona, tongue), length_of(persona, tongue)
    if tongue == "en":
        parts = [persona.display_name, persona.occupation, persona.age_band and f"aged {persona.age_band}"]
        who = f"You are {', '.join(filter(None, parts))}"
        return f"{who}: {tone}, {length}. You give up after {persona.patience} turns without progress."
    occupation = OCCUPATIONS.get(persona.occupation, persona.occupation)
    parts = [f"你是{persona.display_name}", occupation, persona.age_band and f"年龄{persona.age_band}", tone, length]
    return f"{'，'.join(filter(None, parts))}。连续{persona.patience}轮没有进展你就会放弃。"


def _attitude(persona: Persona, tongue: Tongue) -> list[str]:
    """What they know of such services, how willing they are, and how much English they mix in."""
    share = HALF if persona.noise.code_switch is None else persona.noise.code_switch
    said = [
        (persona.expertise > 0.6, "You know your way around such services.", "你对这类服务很熟悉。"),
        (
            persona.expertise < 0.35,
            "You are new to such services and use no technical terms.",
            "你第一次用这类服务，不懂专业术语。",
        ),
        (
            persona.cooperativeness > 0.9,
            "You are glad to help the agent with what it needs.",
            "你很乐意配合对方。",
        ),
        (
            persona.cooperativeness < 0.5,
            "You are not very cooperative, and answer unwillingly.",
            "你不太配合，回答得很勉强。",
        ),
        (
            persona.locale == "mixed" and share >= _TOLD,
            f"About {share:.0%} of your sentences are in English, or have English words in them.",
            f"你大约{share:.0%}的句子是英文，或者夹杂英文词。",
        ),
    ]
    return [en if tongue == "en" else zh for true, en, zh in said if true]
