"""Whether an operator shows in a dialogue: a trick that the agent never gets to see makes no task harder.

What a user says last, when they end it, no agent can act upon: it doesn't count.
"""

import json
import re
from collections.abc import Callable, Iterator

from agentrl.simulators.adversary.world import Playback
from agentrl.simulators.models import DialogueAct, Op, UserTask, UserTurn

Shows = Callable[[UserTask, Op, Playback], bool]
_HAN = re.compile("[\u4e00-\u9fff]")
_WORD = re.compile(r"(?<![\w#@'’-])[a-z]{2,}(?![\w@'’-])", re.IGNORECASE)


def says(name: str, *args: str) -> Shows:
    """The user says this act, with the operator's values of these arguments."""
    return lambda task, op, played: any(
        act.name == name and all(act.slots.get(arg) == op.args.get(arg) for arg in args) for act in _acts(played)
    )


def wishes(task: UserTask, op: Op, played: Playback) -> bool:
    """The first wish is asked for."""
    return any(act.slots.get("intent") == task.goal.subgoals[0].kind for act in _acts(played))


def falls_back(task: UserTask, op: Op, played: Playback) -> bool:
    """What the first wish falls back on is asked for."""
    fallback = task.goal.subgoals[0].fallback
    return fallback is not None and any(act.slots.get("intent") == fallback.kind for act in _acts(played))


def wants_more(task: UserTask, op: Op, played: Playback) -> bool:
    """The last wish is asked for."""
    return any(act.slots.get("intent") == task.goal.subgoals[-1].kind for act in _acts(played))


def interrupts(task: UserTask, op: Op, played: Playback) -> bool:
    """Another wish comes up before the first one is done: then users say "also"."""
    others = {subgoal.kind for subgoal in task.goal.subgoals[1:]}
    return any(
        any(act.name == "request" and act.slots.get("intent") in others for act in turn.acts)
        and all(act.name != "also" for act in turn.acts)
        for turn in _turns(played)[1:]
    )


def begins_vaguely(task: UserTask, op: Op, played: Playback) -> bool:
    """The opening does not say what is wanted."""
    return any(act.name == "request" and "intent" not in act.slots for act in played.said[0].acts)


def does_not_know(task: UserTask, op: Op, played: Playback) -> bool:
    """The user says that they don't know a value."""
    return any(act.name == "dont_know" and act.slots.get("slot") in task.goal.unknown for act in _acts(played))


def puts_right(task: UserTask, op: Op, played: Playback) -> bool:
    """The wrong value is told, and corrected later."""
    told = _told(op, played)
    wrong = [place for place, (_, value) in enumerate(told) if value == op.args["value"]]
    return bool(wrong) and any(name == "correct" and value != op.args["value"] for name, value in told[wrong[0] + 1 :])


def contradicts(task: UserTask, op: Op, played: Playback) -> bool:
    """Another value is told after the right one, as if it were that."""
    told = _told(op, played)
    right = [place for place, (_, value) in enumerate(told) if value != op.args["value"]]
    return bool(right) and ("inform", op.args["value"]) in told[right[0] + 1 :]


def denies(task: UserTask, op: Op, played: Playback) -> bool:
    """The user says no, and not what would be right instead."""
    return any({act.name for act in turn.acts} & {"deny", "correct", "change"} == {"deny"} for turn in _turns(played))


def keeps_waiting(task: UserTask, op: Op, played: Playback) -> bool:
    """The user lets the agent wait that needs something."""
    return any(act.name == "hold" and act.slots.get("agent_waits") for act in _acts(played))


def leaves_early(task: UserTask, op: Op, played: Playback) -> bool:
    """The user thanks and says goodbye, and is still there."""
    return any({act.name for act in turn.acts} >= {"thank", "bye"} for turn in _turns(played))


def reads_note(task: UserTask, op: Op, played: Playback) -> bool:
    """A tool gave the agent the note."""
    note = json.dumps(op.args["note"], ensure_ascii=False)
    return any(note in line for line in played.lines if line.startswith("tool: "))


def slips(task: UserTask, op: Op, played: Playback) -> bool:
    """Words are typed or heard wrongly."""
    return any(turn.distorted for turn in _turns(played))


def shouts(task: UserTask, op: Op, played: Playback) -> bool:
    """Words stand in capitals, most of them."""
    return any(
        sum(word.isupper() for word in words) > len(words) / 2
        for turn in _turns(played)
        if (words := _WORD.findall(turn.text))
    )


def in_chinese(task: UserTask, op: Op, played: Playback) -> bool:
    """Chinese is written."""
    return any(_HAN.search(turn.text) for turn in _turns(played))


def mixes(task: UserTask, op: Op, played: Playback) -> bool:
    """Chinese is written, and English words that are no values."""
    goal = task.goal
    values = [*goal.known.values(), *(value for wish in goal.subgoals for value in wish.slots.values())]
    own = {word for value in values for word in _WORD.findall(str(value))}
    english = any(set(_WORD.findall(turn.text)) - own for turn in _turns(played))
    return english and in_chinese(task, op, played)


def switches(task: UserTask, op: Op, played: Playback) -> bool:
    """The language after the opening is another one."""
    first, *others = _turns(played)
    to_chinese = op.args["to"] != "en"
    return bool(_HAN.search(first.text)) != to_chinese and any(
        bool(_HAN.search(turn.text)) == to_chinese
        for turn in others
        if _HAN.search(turn.text) or _WORD.search(turn.text)
    )


def _turns(played: Playback) -> list[UserTurn]:
    return [turn for turn in played.said if not turn.done]


def _acts(played: Playback) -> Iterator[DialogueAct]:
    return (act for turn in _turns(played) for act in turn.acts)


def _told(op: Op, played: Playback) -> list[tuple[str, object]]:
    """Which act told which value of the operator's slot, in order."""
    slot = op.args["slot"]
    return [(act.name, act.slots[slot]) for act in _acts(played) if slot in act.slots]
