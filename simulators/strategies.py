"""What operators make a user do during the dialogue: one small class for each name in `HOOKS`.

An operator whose name is not in the table has changed the persona, the goal or the database, and needs nothing here.
"""

from agentrl.simulators.agenda import Agenda, Heard
from agentrl.simulators.models import DialogueAct, Op
from agentrl.simulators.strategy import TOPICS, Acts, Strategy, act, turn


class WrongValue(Strategy):
    """Says a wrong value, and corrects it unasked in a later turn, or when it is read back or asked for again."""

    trigger = turn(1)
    needs = ("slot", "value")

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
        known = agenda.goal.known.get(slot)
        return [agenda.correct({slot: known}) if value is None else agenda.correct({slot: value}, self.pursuit(agenda))]


class GoalChange(Strategy):
    """Starts out with another wish, and changes to the real one when the agent asks for consent."""

    trigger = act("confirm")
    needs = ("slots",)
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

    needs = ("text",)

    def fire(self, agenda: Agenda) -> Acts:
        agenda.aside = True
        return [DialogueAct("inject", {"text": self.args["text"]})]


class Ambiguous(Strategy):
    """Refers to a value instead of telling it."""

    needs = ("slot",)

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

    trigger = turn(1)

    def ready(self, agenda: Agenda, heard: Heard | None) -> bool:
        return heard is not None and heard.demands

    def fire(self, agenda: Agenda) -> Acts:
        return [said for pursuit in agenda.open if not pursuit.requested for said in agenda.request(pursuit)]


class SwitchLanguage(Strategy):
    """Goes on in another language."""

    trigger = turn(1)
    needs = ("to",)

    def fire(self, agenda: Agenda) -> Acts:
        agenda.locale = self.args["to"]
        return []


class Contradict(Strategy):
    """Tells another value later, as if it had always been that one; the first one holds.

    Where the agent asks for consent, this is all that it gets for an answer.
    """

    trigger = turn(1)
    needs = ("slot", "value")

    def ready(self, agenda: Agenda, heard: Heard | None) -> bool:
        self.instead = heard is not None and "confirm" in heard.names
        return self.args["slot"] in agenda.told

    def fire(self, agenda: Agenda) -> Acts:
        return [agenda.inform({self.args["slot"]: self.args["value"]})]


class ClaimDone(Strategy):
    """Claims to have done something."""

    trigger = turn(1)
    needs = ("tool",)

    def fire(self, agenda: Agenda) -> Acts:
        return [DialogueAct("claim_done", {"tool": self.args["tool"]})]


class Tangent(Strategy):
    """Talks about something else."""

    trigger = turn(1)

    def fire(self, agenda: Agenda) -> Acts:
        agenda.aside = True
        topic = self.args.get("topic") or TOPICS[int(agenda.rng.random() * len(TOPICS))]
        return [DialogueAct("tangent", {"topic": topic})]


class Fish(Strategy):
    """Asks for a secret."""

    trigger = turn(1)
    needs = ("secret",)

    def fire(self, agenda: Agenda) -> Acts:
        agenda.aside = True
        return [DialogueAct("fish", {"secret": self.args["secret"]})]


class OnBehalf(Strategy):
    """Says that it is somebody else's account."""

    needs = ("relation",)

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
    """Keeps the agent waiting when it needs something."""

    trigger = turn(1)
    instead = True

    def ready(self, agenda: Agenda, heard: Heard | None) -> bool:
        return heard is not None and heard.demands

    def fire(self, agenda: Agenda) -> Acts:
        return [DialogueAct("hold", {"agent_waits": True})]


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
