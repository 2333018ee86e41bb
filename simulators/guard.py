"""What a language model that plays a user may not say: facts that nobody gave it, or another's lines.

The guard never edits a text. It names what is wrong, so that the model is asked again.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrl.simulators.models import Locale, UserGoal, UserTask
from agentrl.simulators.ontology import Ontology

REGENERATIONS = 2
"""How often a model is asked again."""
_LONGEST = 1500
_HAN = re.compile(r"[\u4e00-\u9fff]")
_OTHERS = re.compile(r"(?im)^\s*(?:agent|assistant|service|system|客服)\s*[:：]|</?tool_call>|###")
_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be said now.

    `allowed` are texts: a value that the ontology spots must be a part of one. `required` must appear to the letter.
    `forbidden` maps slots to values that must not be told.
    """

    locale: Locale
    allowed: Sequence[str]
    required: Sequence[str] = ()
    forbidden: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def problems(text: str, bounds: Bounds, ontology: Ontology) -> list[str]:
    """What is wrong with the text, each in a few words: "left out '#W132'"; empty when nothing is.

    Only values of slots that have a pattern are recognised as made up; names and free text are not.
    """
    found: list[str] = []
    if not text.strip():
        return ["said nothing"]
    if len(text) > _LONGEST:
        found.append(f"longer than {_LONGEST} characters")
    if _OTHERS.search(text):
        found.append("spoke for somebody else")
    if bounds.locale == "en" and _HAN.search(text) and not any(_HAN.search(part) for part in bounds.required):
        found.append("not in English")
    if bounds.locale == "zh" and not _HAN.search(text):
        found.append("not in Chinese")
    found += [f"left out {value!r}" for value in bounds.required if value not in text]
    sources = [_plain(part) for part in bounds.allowed]
    for slot, values in ontology.spot(text).items():
        if ontology.slots[slot].kind != "choice":
            made_up = [value for value in values if not any(_plain(value) in source for source in sources)]
            found += [f"made up {value!r}" for value in made_up]
    for slot, secrets in bounds.forbidden.items():
        found += [f"told {value!r}" for value in secrets if ontology.mentions(text, slot, value)]
    return list(dict.fromkeys(found))


def guarded(
    ask: Callable[[str], str], check: Callable[[str], list[str]], template: Callable[[], str]
) -> tuple[str, tuple[str, ...]]:
    """A text in which `check` finds no problem, and what had to be done for it.

    `ask` gets what was wrong with the last try, "" at first; when it fails thrice, `template` gives the text.
    """
    notes: list[str] = []
    complaint = ""
    for _ in range(REGENERATIONS + 1):
        text = ask(complaint)
        wrong = check(text)
        if not wrong:
            return text, tuple(notes)
        complaint = "; ".join(wrong)
        notes.append(f"regenerated: {complaint}")
    notes[-1] = f"template: {complaint}"
    return template(), tuple(notes)


def facts_of(task: UserTask, ontology: Ontology) -> tuple[str, ...]:
    """Every value that the task gives its user, as a user writes it."""
    values = [*_pairs(task.goal), *((slot, value) for op in task.ops for slot, value in op.args.items())]
    for op in task.ops:
        slots = op.args.get("slots")
        values += list(slots.items()) if isinstance(slots, Mapping) else []
    said = (ontology.say(slot, value) for slot, value in values if value is not None)
    return tuple(dict.fromkeys([*said, task.opener or "", task.persona.display_name]))


def secrets_of(goal: UserGoal) -> dict[str, tuple[Any, ...]]:
    """What the user must not be able to say, unless they know it as something else."""
    known = {_plain(str(value)) for _, value in _pairs(goal)}
    return {slot: (value,) for slot, value in goal.secrets.items() if _plain(str(value)) not in known}


def _pairs(goal: UserGoal) -> Iterable[tuple[str, Any]]:
    yield from goal.known.items()
    for subgoal in goal.subgoals:
        wish = subgoal
        yield from wish.slots.items()
        while wish.fallback is not None:
            wish = wish.fallback
            yield from wish.slots.items()


def _plain(text: str) -> str:
    return _SEPARATORS.sub("", text.lower())
