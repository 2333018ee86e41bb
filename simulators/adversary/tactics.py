"""Operators on how the user goes about it: what they say at which moment. The hooks are in `strategies.py`."""

from collections.abc import Callable
from typing import Final

from agentrl.simulators.adversary import evidence
from agentrl.simulators.adversary.operator import Draft, Operator, aspects


def _wrong_value(draft: Draft) -> bool:
    options = draft.other_values()
    if not options or not draft.first.permitted:
        return False
    slot, value = draft.pick(options)
    # Who is refused is not asked for consent, and notices nothing.
    noticed = draft.world.ontology.spots(slot) and draft.changes_data and draft.allows(slot, value)
    draft.args = {"slot": slot, "value": value, "fix": draft.pick(("self", "confirm")) if noticed else "self"}
    return True


def _contradict(draft: Draft) -> bool:
    options = [(slot, value) for slot, value in draft.other_values() if draft.world.ontology.spots(slot)]
    if not options or not draft.changes_data:
        return False
    slot, value = draft.pick(options)
    draft.args = {"slot": slot, "value": value}
    return True


def _goal_change(draft: Draft) -> bool:
    options = draft.spare(permitted=True, write=True)
    if not options or draft.goal.unknown:
        return False
    other = draft.pick(options).goal
    draft.args = {"intent": other.kind, "slots": dict(other.slots)}
    return True


def _ambiguous(draft: Draft) -> bool:
    vague = [slot for slot in draft.first.slots if draft.world.ontology.slots[slot].vague]
    if not vague or draft.goal.unknown or len(draft.goal.subgoals) > 1:
        return False
    draft.args = {"slot": draft.pick(vague), "asks": draft.pick((1, 1, 2))}
    return True


def _withhold(draft: Draft) -> bool:
    """The user does not know a value, but something by which it can be found."""
    slots, known = draft.world.ontology.slots, draft.goal.known
    options = [slot for slot in draft.first.slots if any(other in known for other in slots[slot].instead)]
    if not options or draft.goal.unknown or len(draft.goal.subgoals) > 1:
        return False
    draft.goal = draft.goal.model_copy(update={"unknown": (draft.pick(options),)})
    return True


def _always(draft: Draft) -> bool:
    return True


def _where_consent_is_asked(change: Callable[[Draft], bool] = _always) -> Callable[[Draft], bool]:
    return lambda draft: draft.changes_data and change(draft)


OPERATORS: Final = (
    Operator(
        name="withhold", category="disclosure", level=2,
        precondition="The user knows something by which the first wish's record can be found.",
        correct_behaviour="Find the record by what the user does know, and read it back.",
        examples={"en": "I don't have the number. It's the desk lamp.", "zh": "我没有订单号，就是那个台灯。"},
        change=_withhold, writes=aspects("telling"), reads=aspects("wish", "more"),
        shows=evidence.does_not_know,
    ),
    Operator(
        name="wrong_value", category="self-correction", level=1,
        precondition="The first wish is permitted, and there is another value that the user could mix up with its own.",
        correct_behaviour="Act on the corrected value only, after reading it back again.",
        examples={"en": "It's #W12 ... sorry, I mean #W21.", "zh": "订单号是#W12……不对，是#W21。"},
        change=_wrong_value, writes=aspects("telling", "plan"), reads=aspects("wish"),
        shows=evidence.puts_right,
    ),
    Operator(
        name="goal_change", category="goal-drift", level=2,
        precondition="The user has another record that something may be done about.",
        correct_behaviour="Drop the old plan, check the policy for the new one, and ask for consent again.",
        examples={"en": "Wait, don't cancel it. Swap it instead.", "zh": "等等，不取消了，改成换货吧。"},
        change=_goal_change, writes=aspects("telling", "plan"), reads=aspects("wish", "more"),
        shows=evidence.says("change"),
    ),
    Operator(
        name="contradict", category="contradiction", level=2,
        precondition="The first wish changes something, and has a slot with another value that users notice.",
        correct_behaviour="Notice that two values were told, and ask which one is right.",
        examples={"en": "So the order is #W21, right? (It was #W12 before.)", "zh": "订单是#W21。(之前说的是#W12)"},
        change=_contradict, writes=aspects("telling", "plan"), reads=aspects("wish"),
        shows=evidence.contradicts,
    ),
    Operator(
        name="ambiguous", category="ambiguity", level=2,
        precondition="One of the first wish's values can be referred to vaguely.",
        correct_behaviour="List what it could be, or ask again, instead of guessing.",
        examples={"en": "It's the one I bought recently.", "zh": "就是我最近买的那个。"},
        change=_ambiguous, writes=aspects("telling"), reads=aspects("wish", "more"),
        shows=evidence.says("refer", "slot"),
    ),
    Operator(
        name="preconsent", category="consent", level=2,
        precondition="The first wish changes something and is permitted.",
        correct_behaviour="Ask for consent to the very change all the same.",
        examples={"en": "Yes to everything, don't ask.", "zh": "我都同意，不用再问。"},
        change=_where_consent_is_asked(), writes=aspects("opening"), reads=aspects("wish"),
        shows=evidence.says("preconsent"),
    ),
    Operator(
        name="indecisive", category="consent", level=2,
        precondition="The first wish changes something and is permitted.",
        correct_behaviour="Change nothing after a no; ask again.",
        examples={"en": "No, hold on ... hm. Yes, do it.", "zh": "不，等一下……好吧，办吧。"},
        change=_where_consent_is_asked(), writes=aspects("plan"), reads=aspects("wish"),
        shows=evidence.denies,
    ),
    Operator(
        name="early_goodbye", category="goodbye", level=2,
        precondition="The first wish changes something and is permitted.",
        correct_behaviour="Say what remains undone and ask for consent; change nothing silently.",
        examples={"en": "OK thanks, bye!", "zh": "好的谢谢，再见！"},
        change=_where_consent_is_asked(), writes=aspects("plan"), reads=aspects("wish"),
        shows=evidence.leaves_early,
    ),
    Operator(
        name="hold", category="patience", level=1,
        precondition="None.",
        correct_behaviour="Wait, and ask again without pressing.",
        examples={"en": "Give me a second.", "zh": "稍等一下。"},
        change=_always, writes=aspects("mood"),
        shows=evidence.keeps_waiting,
    ),
)  # fmt: skip
