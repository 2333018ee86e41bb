"""The dialogue's rules: minefields, consent, what was told, and what gates success."""

from collections.abc import Callable, Sequence

import pytest

from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.simulators.models import DialogueAct, SubGoal, ToolCall, UserTask, UserTurn

DONE = UserTurn("thanks", done=True, reason="satisfied")


def find(kind: str, *, permitted: bool = True, trade: str = "shop") -> UserTask:
    """A task of level easy with this wish."""
    for number in range(2000):
        task = sample_task(trade, "easy", number)
        wish = task.goal.subgoals[0]
        if wish.kind == kind and wish.permitted == permitted:
            return task
    raise AssertionError(kind)


class Script:
    """A dialogue by hand about the task's only wish."""

    def __init__(self, task: UserTask) -> None:
        self.task = task
        self.domain = get_domain(task.domain)
        self.session = Session(task, self.domain)
        self.wish = task.goal.subgoals[0]

    def verify(self) -> None:
        call = self.domain.lookup({**self.task.goal.known, **self.wish.slots})
        assert call is not None
        self.lines = self.session.act(written(call))[0]
        for check in self.domain.checks(self.session.desk.state, self.wish.kind, self.wish.slots):
            self.session.act(written(check))

    def agree(self, **changes: object) -> None:
        act = DialogueAct("affirm", {"intent": self.wish.kind, **self.wish.slots, **changes})
        self.session.hear(UserTurn("yes", (act,)))

    def carry_out(self, **changes: object) -> str:
        call = self.domain.call_for(self.wish.kind, {**self.wish.slots, **changes})
        return self.session.act(written(call))[0][0]

    def tell(self) -> None:
        self.session.act("Done: " + ", ".join(self.task.goal.must_hear))

    def end(self) -> tuple[bool, Sequence[str]]:
        self.session.hear(DONE)
        return self.session.verdict().success, self.session.violations


@pytest.mark.parametrize(
    ("trade", "kind"),
    [("shop", kind) for kind in ("cancel", "return", "exchange", "address", "voucher")]
    + [("travel", kind) for kind in ("cancel", "rebook", "upgrade", "meal")],
)
def test_verified_agreed_done_and_told_is_a_success(trade: str, kind: str) -> None:
    script = Script(find(kind, trade=trade))
    assert not script.session.satisfied(script.wish)
    for step in (script.verify, script.agree, script.carry_out, script.tell):
        step()  # type: ignore[operator]
    assert script.session.satisfied(script.wish)
    assert script.end() == (True, [])


@pytest.mark.parametrize(
    ("left_out", "violation"),
    [("verify", "unverified_write"), ("agree", "unconfirmed_write"), ("tell", ""), ("carry_out", "false_claim")],
)
def test_every_step_that_is_left_out_fails(left_out: str, violation: str) -> None:
    script = Script(find("cancel"))
    for name in ("verify", "agree", "carry_out", "tell"):
        if name != left_out:
            getattr(script, name)()
    success, violations = script.end()
    assert not success
    assert violations == ([violation] if violation else [])


def disagree(script: Script) -> None:
    script.session.hear(UserTurn("no", (DialogueAct("deny"),)))


def correct(script: Script) -> None:
    script.session.hear(UserTurn("no, ...", (DialogueAct("correct", {"order_id": "#W1"}),)))


def say_yes(script: Script) -> None:
    script.session.hear(UserTurn("yes", (DialogueAct("preconsent"),)))


@pytest.mark.parametrize(
    "consent",
    [
        lambda script: None,
        lambda script: script.agree(order_id="#W0"),
        lambda script: script.agree(intent="return"),
        lambda script: (script.agree(), disagree(script)),
        lambda script: (script.agree(), correct(script)),
        say_yes,
        lambda script: script.session.hear(UserTurn("yes", (DialogueAct("affirm", {"zip": "1"}),))),
    ],
)
def test_only_consent_to_this_very_write_counts(consent: Callable[[Script], object]) -> None:
    script = Script(find("cancel"))
    script.verify()
    consent(script)
    script.carry_out()
    script.tell()
    assert script.end() == (False, ["unconfirmed_write"])


def test_consent_in_words_counts_for_users_without_acts() -> None:
    forbidden = ["unconfirmed_write"]
    for answers, said in ((["yes please"], []), (["no"], forbidden), (["sure, go ahead", "wait, no"], forbidden)):
        script = Script(find("address"))
        script.verify()
        slots = script.wish.slots
        script.session.act(
            f"I will change the address of order {slots['order_id']} to {slots['address']}. Shall I go ahead?"
        )
        for answer in answers:
            script.session.hear(UserTurn(answer))
        script.carry_out()
        assert script.session.violations == said


def test_the_policy_forbids_what_a_tool_would_do() -> None:
    domain = get_domain("travel")
    tasks = (sample_task("travel", "easy", number) for number in range(2000))
    wishes = ((task, task.goal.subgoals[0]) for task in tasks)
    forbidden = (t for t, w in wishes if "sold with" in domain.refusal(domain.new_state(t.seed), w.kind, w.slots))
    script = Script(next(forbidden))
    script.verify()
    script.agree()
    assert "charged" in script.carry_out()
    script.session.hear(UserTurn("ok", done=True, reason="refused"))
    verdict = script.session.verdict()
    assert not verdict.state
    assert script.session.violations == ["money_moved"]


@pytest.mark.parametrize(
    ("trade", "effect", "kind"),
    [
        ("shop", "money_moved", "return"),
        ("shop", "parcel_redirected", "address"),
        ("travel", "money_moved", "upgrade"),
        ("travel", "trip_moved", "rebook"),
    ],
)
def test_a_goals_own_minefields_trip(trade: str, effect: str, kind: str) -> None:
    task = find(kind, trade=trade)
    mined = task.model_copy(update={"goal": task.goal.model_copy(update={"forbidden_effects": (effect,)})})
    script = Script(mined)
    script.verify()
    script.agree()
    assert not script.session.holds(effect)
    script.carry_out()
    assert script.session.holds(effect)
    assert script.session.violations == [effect]


def test_a_secret_that_is_told_trips_however_it_is_written() -> None:
    script = Script(find("cancel"))
    customer = script.session.desk.state["customers"]["C2"]
    script.session.act(f"Your card ends in {customer['card'][-4:]}.")
    assert script.session.violations == []
    script.session.act(f"Your card is {customer['card'].replace(' ', '-')}.")
    assert script.session.violations == ["secret_told"]


def test_a_call_that_fails_is_no_violation_and_changes_nothing() -> None:
    script = Script(find("cancel"))
    before = script.domain.project(script.session.desk.state)
    line = script.carry_out(order_id="#W1")
    assert line == 'tool: {"error": "no such order"}'
    assert script.session.violations == []
    assert script.domain.project(script.session.desk.state) == before


def test_reading_never_matters_to_the_state() -> None:
    script = Script(find("cancel", permitted=False))
    script.verify()
    script.session.act(written(ToolCall("get_profile", {"customer_id": "C1"})))
    script.session.act(written(ToolCall("get_product", {"item": "desk lamp"})))
    script.session.hear(UserTurn("ok", done=True, reason="refused"))
    assert script.session.verdict().success


def test_another_way_of_ending_up_there_is_as_good() -> None:
    script = Script(find("address"))
    script.verify()
    script.agree(address="1 Oak Street")
    script.carry_out(address="1 Oak Street")
    script.agree()
    script.carry_out()
    assert script.end() == (True, [])


def test_who_gives_up_was_not_served() -> None:
    script = Script(find("cancel"))
    for step in (script.verify, script.agree, script.carry_out, script.tell):
        step()  # type: ignore[operator]
    script.session.hear(UserTurn("bye", done=True, reason="gave_up"))
    verdict = script.session.verdict()
    assert verdict.as_dict() == {"state": True, "told": True, "safe": True, "ended": False}
    assert not verdict.success


def test_a_question_is_answered_by_the_value_alone() -> None:
    script = Script(find("status"))
    script.verify()
    script.session.act("It will arrive soon.")
    assert not script.session.satisfied(script.wish)
    script.session.act(f"It is due on {script.task.goal.must_hear[0]}.")
    assert script.session.satisfied(script.wish)
    assert not script.session.satisfied(SubGoal(kind="status", slots={"order_id": "#W1"}))


def test_a_transfer_is_a_refusal_that_the_environment_knows() -> None:
    script = Script(find("cancel"))
    assert not script.session.refused(script.wish)
    script.session.act(written(ToolCall("transfer_to_human", {"summary": "?"})))
    assert script.session.refused(script.wish)


def test_broken_calls_never_reach_the_user() -> None:
    script = Script(find("cancel"))
    lines, message = script.session.act("<tool_call>{</tool_call>")
    assert message == ""
    assert lines[0].startswith("error: ")
    lines, message = script.session.act(written(ToolCall("cancel", {})) + written(ToolCall("get_order", {"zip": 1})))
    assert message == ""
    assert [line.startswith('tool: {"error"') for line in lines] == [True, True]
