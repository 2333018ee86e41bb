"""What a language model that plays a user may not say: facts that nobody gave it, or another's lines.

The guard never edits a text. It names what is wrong, so that the model is asked again.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agentrl.simulators.models import Locale, UserGoal, UserTask
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.tongues import foreign
from agentrl.simulators.values import given, mentioned, values_in

REGENERATIONS: Final = 2
"""How often a model is asked again."""
REPLACED: Final = "template: "
"""What the last note of `guarded` begins with where the model could not be kept to the bounds."""
_LONGEST: Final = 1500
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_OTHERS: Final = re.compile(
    r"(?im)^[\s*_>\-\[(“\"]*(?:agent|assistant|service|system|user|customer|client|tool|function|error|observation|"
    r"客服|助手|用户|顾客|客户|系统|工具|错误)[\s*_\])”\"]*[:：]|</?tool_call>|###|<\|"
)
"""What begins a line of somebody else, or of the user, who is none to name themselves; marks of chat templates."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be said now.

    `allowed` are texts: a value that is spotted must stand in one. `required` must appear to the letter. `forbidden`
    maps slots to values that must not be told. With `strict` small numbers count as values, too.
    """

    locale: Locale
    allowed: Sequence[str]
    required: Sequence[str] = ()
    forbidden: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    strict: bool = False


def problems(text: str, bounds: Bounds, ontology: Ontology) -> list[str]:
    """What is wrong with the text, each in a few words: "left out '#W132'"; empty when nothing is.

    Only values of slots that have a pattern, numbers and dates, and a choice where others were given, are recognised as
    made up; names and free text are not.
    """
    found: list[str] = []
    if not text.strip():
        return ["said nothing"]
    if _OTHERS.search(_without(text, bounds.allowed)):
        found.append("spoke for somebody else")
    if tongue := foreign(_without(text, bounds.required), bounds.locale, bounds.allowed, ontology):
        found.append(tongue)
    found += [f"left out {value!r}" for value in bounds.required if not mentioned(value, text)]
    known = given(bounds.allowed, ontology)
    told = values_in(text, ontology, strict=bounds.strict)
    found += [f"made up {value!r}" for key, value in told.items() if key not in known]
    found += [f"made up {value!r}" for value in _made_up_choices(text, bounds.allowed, ontology)]
    for slot, secrets in bounds.forbidden.items():
        found += [f"told {value!r}" for value in secrets if ontology.mentions(text, slot, value)]
    return list(dict.fromkeys(found))


def has_chinese(text: str) -> bool:
    """Whether any character is Chinese."""
    return _HAN.search(text) is not None


def _without(text: str, parts: Iterable[str]) -> str:
    """The text without what was given word for word: an attack may look like another's lines."""
    for part in parts:
        if part.strip():
            text = text.replace(part, "")
    return text


def _made_up_choices(text: str, allowed: Sequence[str], ontology: Ontology) -> Iterable[str]:
    """The choices, in words, that are not among those that were given for their slot; none where none was given."""
    spotted = ontology.spot(text)
    choices = [slot for slot in spotted if ontology.slots[slot].kind == "choice"]
    if not choices:
        return
    sources = [ontology.spot(part) for part in allowed]
    for slot in choices:
        known = {value for part in sources for value in part.get(slot, ())}
        for value in spotted[slot]:
            # "my card" may be any card: a bare key is nobody's choice.
            words = [one for by_tongue in ontology.slots[slot].values[value].values() for one in by_tongue]
            if known and value not in known and any(one.lower() in text.lower() for one in words):
                yield ontology.say(slot, value)


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
        # What else is wrong with pages of a model that has lost its way is not worth the time.
        wrong = check(text) if len(text) <= _LONGEST else [f"longer than {_LONGEST} characters"]
        if not wrong:
            return text, tuple(notes)
        complaint = "; ".join(wrong)
        notes.append(f"regenerated: {complaint}")
    notes[-1] = f"{REPLACED}{complaint}"
    return template(), tuple(notes)


def facts_of(task: UserTask, ontology: Ontology) -> tuple[str, ...]:
    """Every value that the task gives its user, as a user writes it; not what they don't know."""
    own = [(slot, value) for slot, value in _pairs(task.goal) if slot not in task.goal.unknown]
    values = [*own, *((slot, value) for op in task.ops for slot, value in op.args.items())]
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
    for wish in goal.every_wish():
        yield from wish.slots.items()


def _plain(text: str) -> str:
    return _SEPARATORS.sub("", text.lower())


_SEPARATORS: Final = re.compile(r"[\W_]+")
