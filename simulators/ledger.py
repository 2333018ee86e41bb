"""When a user who speaks freely is done: it follows from the state and the agent's acts, never from their own words.

How annoyed they are follows from the same, and from what they have told already; it decides nothing.
"""

from typing import Any

from agentrl.simulators.agenda import WASTED, StateView
from agentrl.simulators.emotion import Mood
from agentrl.simulators.models import Reason, SubGoal, UserGoal, UserTask
from agentrl.simulators.nlu import understand
from agentrl.simulators.ontology import Ontology

_INSISTS = 2
"""A refusal of what is permitted is accepted when it is heard for this many turns, else at once, as an agenda user does
(the fallback, if there is one, comes first). Who presses bears one more than they press."""
_FAREWELLS = 2
"""A user leaves at this many goodbyes that came with nothing else, as an agenda user does."""
_DEMANDS = frozenset(["ask", "confirm", "clarify", "wait"])
_BUSY = _DEMANDS | {"report_done", "refuse"}


class Ledger:
    """Which subgoals are settled, how much patience is left, and the mood.

    Progress is: something was settled, or the agent asked, read back or told something that it had not before.
    """

    def __init__(self, task: UserTask, ontology: Ontology) -> None:
        self._task, self._ontology = task, ontology
        self._refusals = 0
        self._presses = max((int(op.args.get("times", 2)) for op in task.ops if op.name == "press"), default=0)
        self._accepted: set[int] = set()
        self._settled: set[int] = set()
        self._heard: set[str] = set()
        self._farewells = self.wasted = 0
        self.stall = 0
        """Turns since the last progress."""
        self.mood = Mood(task.persona.emotion)
        self._untold = _facts(task.goal)
        """(slot, value) of what the user knows and has not said."""
        self._known = {slot for slot, _ in self._untold}

    def say(self, text: str) -> None:
        """Take in what the user said: who is asked for it once more is asked again."""
        self._untold = [fact for fact in self._untold if not self._ontology.mentions(text, *fact)]

    def hear(self, text: str, view: StateView) -> Reason | None:
        """Take in what the agent said, with the state as it is now; why the user ends the dialogue, or None."""
        acts = understand(text, self._ontology)
        names = {act.name for act in acts}
        settled = {i for i, subgoal in enumerate(self._task.goal.subgoals) if _reached(subgoal, view)}
        self._refuse(settled, view, heard="refuse" in names)
        closed = settled | self._accepted
        said = {repr(act) for act in acts if act.name not in ("smalltalk", "apologise", "refuse")}
        # Who presses has something to say to a refusal.
        pressing = "refuse" in names and 0 < self._refusals <= self._presses
        news = bool(closed - self._settled)
        self._farewells += "bye" in names and not (news or names & _BUSY)
        progress = news or bool(said - self._heard) or pressing
        self._settled, self._heard = closed, self._heard | said
        self.stall = 0 if progress else self.stall + 1
        self.wasted += not progress
        told = self._known - {slot for slot, _ in self._untold}
        again = any(act.name == "ask" and act.slots["slot"] in told for act in acts)
        self.mood.after_turn(progress=progress and not again, asked_again=again, apologised="apologise" in names)
        if len(closed) == len(self._task.goal.subgoals) and not names & _DEMANDS:
            return "refused" if self._accepted - settled else "satisfied"
        patience = self._task.persona.patience
        out_of_patience = self.stall >= patience or self.wasted >= WASTED * patience
        return "gave_up" if out_of_patience or self._farewells >= _FAREWELLS else None

    def _refuse(self, settled: set[int], view: StateView, *, heard: bool) -> None:
        """Note what the environment knows to be refused, and accept a refusal that was heard often enough."""
        subgoals = self._task.goal.subgoals
        # What depends on something refused falls with it.
        for number, subgoal in enumerate(subgoals):
            if view.refused(subgoal) or any(other in self._accepted for other in subgoal.depends_on):
                self._accepted.add(number)
        if not heard or self._task.goal.exit == "all_satisfied":
            return
        self._refusals += 1
        current = next((i for i in range(len(subgoals)) if i not in settled | self._accepted), None)
        if current is None:
            return
        wish = subgoals[current]
        borne = max(_INSISTS if wish.permitted else 1, self._presses + 1)
        if self._refusals >= borne + (wish.fallback is not None):
            self._accepted.add(current)
            self._refusals = 0


def _facts(goal: UserGoal) -> list[tuple[str, Any]]:
    slots = [goal.known, *(wish.slots for wish in goal.every_wish())]
    return [(name, value) for part in slots for name, value in part.items() if name not in goal.unknown]


def _reached(subgoal: SubGoal, view: StateView) -> bool:
    wish: SubGoal | None = subgoal
    while wish is not None:
        if view.satisfied(wish):
            return True
        wish = wish.fallback
    return False
