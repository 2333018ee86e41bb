"""A task in words, second person: what a language model or a person who plays the user is told."""

from collections.abc import Collection

from agentrl.simulators.behaviour import behaviours
from agentrl.simulators.emotion import ANGRY, CURT
from agentrl.simulators.models import Locale, Persona, SubGoal, UserTask
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.schema import HOLE, Tongue


def describe(task: UserTask, ontology: Ontology, locale: Locale | None = None) -> str:
    """Who the user is, what they want, know, don't know, and how they behave, with a line for each operator.

    What they don't know is not told. Raises UserError for an operator that cannot be told in words.
    """
    tongue: Tongue = "en" if (locale or task.persona.locale) == "en" else "zh"
    english = tongue == "en"
    persona, goal = task.persona, task.goal
    lines = [_character(task, tongue)]
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


def _character(task: UserTask, tongue: Tongue) -> str:
    persona = task.persona
    tone, length = tone_of(persona, tongue), length_of(persona, tongue)
    if tongue == "en":
        who = f"You are {persona.display_name}" + (f", {persona.occupation}" if persona.occupation else "")
        return f"{who}: {tone}, {length}. You give up after {persona.patience} turns without progress."
    mixed = "，中文里夹杂英文" if persona.locale == "mixed" else ""
    return f"你是{persona.display_name}，{tone}，{length}{mixed}。连续{persona.patience}轮没有进展你就会放弃。"
