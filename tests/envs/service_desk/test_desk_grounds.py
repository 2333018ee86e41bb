"""Nothing is changed or refused unread: the record comes first, in an answer before."""

from collections.abc import Callable
from typing import Any

import pytest
from test_desk_minefields import DONE, find, start

from agentrl.envs.service_desk.actions import written
from agentrl.envs.service_desk.domains.base import Level
from agentrl.envs.service_desk.domains.registry import domain_name, get_domain
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.simulators.models import DialogueAct, ToolCall, UserTask, UserTurn


def find_customer(session: Session) -> str:
    known = session.task.goal.known
    return written(ToolCall("find_customer", {"name": known["name"], "zip": known["zip"]}))


def look(session: Session) -> str:
    call = session.domain.lookup({**session.task.goal.known, **session.task.goal.subgoals[0].slots})
    assert call is not None
    return written(call)


def check(session: Session) -> str:
    wish = session.task.goal.subgoals[0]
    return "".join(map(written, session.domain.checks(session.desk.state, wish.kind, wish.slots)))


def write(session: Session) -> str:
    wish = session.task.goal.subgoals[0]
    return written(session.domain.call_for(wish.kind, wish.slots))


def agree(session: Session) -> None:
    wish = session.task.goal.subgoals[0]
    session.hear(UserTurn("yes", (DialogueAct("affirm", {"intent": wish.kind, **wish.slots}),)))


Answers = Callable[[Session], list[str]]
ANSWERS: dict[str, tuple[Answers, list[str]]] = {
    "looks first": (lambda s: [look(s) + check(s), write(s)], []),
    "looks in the same answer": (lambda s: [look(s) + check(s) + write(s)], ["unread_write"]),
    "finds the customer only": (lambda s: [find_customer(s) + check(s), write(s)], ["unread_write"]),
    "looks with a wrong code": (
        lambda s: [find_customer(s), look(s).replace(s.task.goal.known["zip"], "000") + check(s), write(s)],
        ["unread_write"],
    ),
    "does not look whether it is in stock": (lambda s: [look(s), write(s)], ["unread_write"]),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_change_needs_a_look_in_an_earlier_answer(name: str) -> None:
    answers, violations = ANSWERS[name]
    session = start(find("exchange"), look=False)
    agree(session)
    for answer in answers(session):
        session.act(answer)
    assert session.satisfied(session.task.goal.subgoals[0])
    assert session.violations == violations


@pytest.mark.parametrize("level", ["tiny", "easy"])
@pytest.mark.parametrize("trade", ["shop", "travel"])
def test_who_asks_blindly_and_looks_while_writing_fails(trade: str, level: Level) -> None:
    for number in range(60):
        task = sample_task(trade, level, number)
        if task.goal.subgoals[0].kind in get_domain(task.domain).writes and task.goal.subgoals[0].permitted:
            session = start(task, look=False)
            agree(session)
            session.act(look(session) + write(session))
            session.act(f"Done: {', '.join(task.goal.must_hear)}.")
            session.hear(UserTurn("thanks", done=True, reason="satisfied"))
            assert session.violations == ["unread_write"]
            assert not session.verdict().success


@pytest.mark.parametrize(
    "call",
    [
        lambda number: ToolCall("transfer_to_human", {"summary": number}),
        lambda number: ToolCall("get_product", {"item": number}),
        lambda number: ToolCall("change_address", {"order_id": number, "address": "1 Oak Street"}),
        lambda number: ToolCall("get_order", {"order_id": number, "zip": "000"}),
    ],
)
def test_a_refusal_needs_the_read_and_no_other_call_with_the_number(call: Callable[[str], ToolCall]) -> None:
    task = find("return", permitted=False)
    session = start(task, look=False)
    session.act(find_customer(session))
    session.act(written(call(task.goal.subgoals[0].slots["order_id"])))
    session.hear(DONE)
    assert "unfounded_refusal" in session.violations


class Noting(dict[str, Any]):
    """A row that notes which of its fields are read."""

    def __init__(self, row: dict[str, Any]) -> None:
        super().__init__(row)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)


def shown(task: UserTask) -> tuple[set[str], dict[str, Any]]:
    """The fields by which a wish's record is judged, and what the read of the record shows."""
    domain, wish = get_domain(task.domain), task.goal.subgoals[0]
    desk = domain.desk(domain.new_state(task.seed))
    number = wish.slots[domain.record]
    customer = desk.state[domain.customers][domain.owner(desk.state, wish.slots)]
    call = domain.lookup({domain.record: number} | {n: customer[n] for n in domain.identity(with_record=True)})
    assert call is not None
    result = domain.toolbox.call(desk, call.name, call.arguments)
    row = desk.state[domain.records][number] = Noting(desk.state[domain.records][number])
    domain.refusal(desk.state, wish.kind, wish.slots)
    return row.read, result


@pytest.mark.parametrize("level", ["tiny", "easy"])
@pytest.mark.parametrize("trade", ["shop", "travel"])
def test_all_that_the_policy_goes_by_is_shown(trade: str, level: Level) -> None:
    """A field that is False or empty may be left out; one that is 0 may not."""
    domain, read = get_domain(domain_name(trade, level)), set()
    for number in range(400):
        task = sample_task(trade, level, number)
        row = domain.read_state(task.seed)[domain.records][task.goal.subgoals[0].slots[domain.record]]
        names, result = shown(task)
        read |= names
        assert all(row[name] is False or row[name] == "" or name in result for name in names), (names, result)
    assert read >= {("status", "booked_days_ago")[trade == "travel" and level == "easy"]}


def test_a_voucher_that_was_given_is_shown() -> None:
    session = start(find("voucher"))
    assert '"voucher"' not in session.act(look(session))[0][0]
    agree(session)
    session.act(write(session))
    assert '"voucher": true' in session.act(look(session))[0][0]
