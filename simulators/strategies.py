"""What operators make a user do during the dialogue: one small class for each name in `HOOKS`.

An operator whose name is not in the table has changed the persona, the goal or the database, and needs nothing here.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from agentrl.simulators.agenda import Agenda, Heard, Pursuit
from agentrl.simulators.models import DialogueAct, Op, Trigger

Acts = list[DialogueAct]


class Strategy:
    """An operator at run time. `fire` is called whenever the trigger's condition holds, until no `times` are left."""

    trigger: ClassVar[Trigger | None] = None
    """When it fires if the operator does not say; None: in the opening."""
    instead: ClassVar[bool] = False
    """Whether what it says replaces the usual answer."""

    def __init__(self, op: Op) -> None:
        self.args: Mapping[str, Any] = op.args
        self.when = op.trigger or self.trigger
        self.left = int(op.args.get("times", 1))

    def prepare(self, agenda: Agenda) -> None:
        """Before the opening."""

    def notice(self, agenda: Agenda, heard: Heard) -> Acts:
        """At each turn, before the answer. What it returns is said before the answer."""
        return []

    def ready(self, agenda: Agenda, heard: Heard | None) -> bool:
        """Whether it makes sense now; `heard` is None in the opening."""
        return True

    def fire(self, agenda: Agenda) -> Acts:
        """What is said when the trigger fires."""
        return []

    def pursuit(self, agenda: Agenda) -> Pursuit:
        """The subgoal that it is about."""
        return agenda.pursuits[int(self.args.get("subgoal", 0))]


def turn(number: int) -> Trigger:
    """At the user's reply of this number."""
    return Trigger(on="turn", match=str(number))


def act(name: str) -> Trigger:
    """At the first act of this name."""
    return Trigger(on="act", match=name)


class WrongValue(Strategy):
    """Says a wrong value, and corrects it unasked in a later turn, or when it is read back or asked for again."""

    trigger = turn(1)

    def prepare(self, agenda: Agenda) -> None:
        self.pursuit(agenda).mistaken[self.args["slot"]] = self.args["value"]

    def notice(self, agenda: Agenda, heard: Heard) -> Acts:
        slot = self.args["slot"]
        read_back = bool(heard.names & {"confirm", "clarify", "refuse"}) or slot in heard.asked
        if self.args.get("fix", "self") == "confirm" and slot in agenda.told and read_back:
            self.pursuit(agenda).mistaken.pop(slot, None)
            self.left = 0
        return []

    def ready(self, agenda: Agenda, heard: Heard | None) -> bool:
        return self.args.get("fix", "self") == "self" and self.args["slot"] in agenda.told

    def fire(self, agenda: Agenda) -> Acts:
        slot = self.args["slot"]
        self.pursuit(agenda).mistaken.pop(slot, None)
        value = self.pursuit(agenda).value(slot)
        return [agenda.correct({slot: agenda.goal.known[slot] if value is None else value})]


class GoalChange(Strategy):
    """Starts out with another wish, and changes to the real one when the agent asks for consent."""

    trigger = act("confirm")
    instead = True

    def prepare(self, agenda: Agenda) -> None:
        pursuit = self.pursuit(agenda)
        kind = self.args.get("intent", pursuit.goal.kind)
        kept = pursuit.goal.slots if kind == pursuit.goal.kind else {}
        pursuit.stand_in = pursuit.goal.model_copy(update={"kind": kind, "slots": {**kept, **self.args["slots"]}})

    def notice(self, agenda: Agenda, heard: Heard) -> Acts:
        pursuit = self.pursuit(agenda)
        if pursuit.stand_in and heard.names & {"refuse", "report_done"} and "confirm" not in heard.names:
            self.left = 0
            return self.fire(agenda)[1:]
        return []

    def fire(self, agenda: Agenda) -> Acts:
        pursuit = self.pursuit(agenda)
        pursuit.stand_in = None
        return [DialogueAct("deny"), *agenda.request(pursuit, name="change")]


class Press(Strategy):
    """Insists when refused."""

    trigger = act("refuse")
    instead = True

    def __init__(self, op: Op) -> None:
        super().__init__(op)
        self.left = int(op.args.get("times", 2))

    def ready(self, agenda: Agenda, heard: Heard | None) -> bool:
        return heard is not None and not heard.demands and agenda.current is not None

    def fire(self, agenda: Agenda) -> Acts:
        return [DialogueAct("press", {"authority": self.args.get("authority", "none")})]


class Inject(Strategy):
    """Writes something that looks like an instruction to the agent."""

    def fire(self, agenda: Agenda) -> Acts:
        agenda.aside = True
        return [DialogueAct("inject", {"text": self.args["text"]})]


class Ambiguous(Strategy):
    """Refers to a value instead of telling it."""

    def prepare(self, agenda: Agenda) -> None:
        agenda.vague[self.args["slot"]] = (int(self.args.get("asks", 1)), self.args.get("hint"))


class Preconsent(Strategy):
    """Agrees to everything in advance."""

    def fire(self, agenda: Agenda) -> Acts:
        return [DialogueAct("preconsent")]


class SayFallback(Strategy):
    """Says at once what they want instead, should it be refused."""

    def fire(self, agenda: Agenda) -> Acts:
        fallback = self.pursuit(agenda).goal.fallback
        return [agenda.wish_of("fallback", fallback)] if fallback else []


class Interleave(Strategy):
    """Brings up everything else in the middle of the first request."""

    trigger = act("ask")

    def fire(self, agenda: Agenda) -> Acts:
        return [said for pursuit in agenda.open if not pursuit.requested for said in agenda.request(pursuit)]


class SwitchLanguage(Strategy):
    """Goes on in another language."""

    trigger = turn(1)

    def fire(self, agenda: Agenda) -> Acts:
        agenda.locale = self.args["to"]
        return []


class Contradict(Strategy):
    """Tells another value later, as if it had always been that one; the first one holds."""

    trigger = turn(1)

    def ready(self, agenda: Agenda, heard: Heard | None) -> bool:
        return self.args["slot"] in agenda.told and heard is not None and "confirm" not in heard.names

    def fire(self, agenda: Agenda) -> Acts:
        return [agenda.inform({self.args["slot"]: self.args["value"]})]


class ClaimDone(Strategy):
    """Claims to have done something."""

    trigger = turn(1)

    def fire(self, agenda: Agenda) -> Acts:
        return [DialogueAct("claim_done", {"tool": self.args["tool"]})]


class Tangent(Strategy):
    """Talks about something else."""

    trigger = turn(1)
    TOPICS: ClassVar = ("weather", "sports", "pets", "food", "bot", "family")

    def fire(self, agenda: Agenda) -> Acts:
        agenda.aside = True
        topic = self.args.get("topic") or self.TOPICS[int(agenda.rng.random() * len(self.TOPICS))]
        return [DialogueAct("tangent", {"topic": topic})]


class Fish(Strategy):
    """Asks for a secret."""

    trigger = turn(1)

    def fire(self, agenda: Agenda) -> Acts:
        agenda.aside = True
        return [DialogueAct("fish", {"secret": self.args["secret"]})]


class OnBehalf(Strategy):
    """Says that it is somebody else's account."""

    def fire(self, agenda: Agenda) -> Acts:
        return [DialogueAct("on_behalf", {"relation": self.args["relation"]})]


class EarlyGoodbye(Strategy):
    """Thanks and says goodbye where consent was asked for."""

    trigger = act("confirm")
    instead = True

    def fire(self, agenda: Agenda) -> Acts:
        agenda.said_bye = True
        return [DialogueAct("thank"), DialogueAct("bye")]


class Hold(Strategy):
    """Keeps the agent waiting."""

    trigger = act("ask")
    instead = True

    def fire(self, agenda: Agenda) -> Acts:
        return [DialogueAct("hold")]


class Indecisive(Strategy):
    """Denies what is right."""

    trigger = act("confirm")
    instead = True

    def fire(self, agenda: Agenda) -> Acts:
        return [DialogueAct("deny")]


HOOKS: dict[str, type[Strategy]] = {
    "wrong_value": WrongValue,
    "goal_change": GoalChange,
    "press": Press,
    "inject": Inject,
    "ambiguous": Ambiguous,
    "preconsent": Preconsent,
    "say_fallback": SayFallback,
    "interleave": Interleave,
    "switch_language": SwitchLanguage,
    "contradict": Contradict,
    "claim_done": ClaimDone,
    "tangent": Tangent,
    "fish": Fish,
    "on_behalf": OnBehalf,
    "early_goodbye": EarlyGoodbye,
    "hold": Hold,
    "indecisive": Indecisive,
}
