"""What a provider refuses to answer, or a model answers at endless length, costs no dialogue: it is not FAILED."""

import json
import re
from typing import Any

import pytest
from llm_server import Reply, chat_server, says

from agentrl.errors import EndpointError
from agentrl.simulators import AgendaUser, Endpoint, HybridUser, LLMUser, Persona, User
from agentrl.simulators.example import DESK, DeskState, sample_task
from agentrl.simulators.guard import Bounds, guarded, problems
from agentrl.simulators.negation import negated
from agentrl.simulators.tongues import foreign
from agentrl.simulators.values import values_in

TASK = sample_task(3, Persona(id="p", display_name="Ana Silva", disclosure="upfront"))
BAD = "BADWORD. What is your order number?"
TOLD = {"error": {"message": "the prompt was filtered", "code": "content_filter"}}
GOOD = "Hello, I would like to return something."


def completion(reason: str = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}]}


REFUSALS = {
    "400": Reply(json.dumps(TOLD).encode(), 400),
    "403": Reply(json.dumps(TOLD).encode(), 403),
    "451": Reply(json.dumps(TOLD).encode(), 451),
    "an error beside an answer": Reply(json.dumps({**completion(content="Hel"), **TOLD}).encode()),
    "an error in place of an answer": Reply(json.dumps(TOLD).encode()),
    "a filtered answer": says("Hel", finish_reason="content_filter"),
    "a filtered answer without a text": Reply(json.dumps(completion("content_filter", content=None)).encode()),
    "a refusal": Reply(json.dumps(completion(content=None, refusal="I cannot help with that.")).encode()),
}


def answer(refusal: Reply, body: dict[str, Any]) -> Reply:
    asked = " ".join(message["content"] for message in body["messages"])
    return refusal if "BADWORD" in asked else says(GOOD)


@pytest.mark.parametrize("cls", [LLMUser, HybridUser])
@pytest.mark.parametrize("name", REFUSALS)
def test_an_agents_words_that_are_refused_make_no_failure(name: str, cls: type[LLMUser | HybridUser]) -> None:
    with chat_server(lambda body, count: answer(REFUSALS[name], body)) as server:
        user = cls(TASK, DESK, Endpoint("m", server.base_url, retries=1, backoff=0.001))
        user.open(DeskState())
        assert user.reply(BAD, DeskState()).text
        assert user.reply("How can I help you?", DeskState()).text


@pytest.mark.parametrize("cls", [LLMUser, HybridUser])
@pytest.mark.parametrize("name", REFUSALS)
def test_a_server_that_refuses_everything_is_a_failure(name: str, cls: type[LLMUser | HybridUser]) -> None:
    with chat_server(lambda body, count: REFUSALS[name]) as server, pytest.raises(EndpointError):
        cls(TASK, DESK, Endpoint("m", server.base_url, retries=0)).open(DeskState())


def test_half_an_emoji_is_replaced() -> None:
    with chat_server(lambda body, count: Reply(json.dumps(completion(content="Hello \ud83d")).encode())) as server:
        assert Endpoint("m", server.base_url).chat([{"role": "user", "content": "hi"}]) == "Hello ?"


@pytest.mark.timeout(60)  # each of these took hours, or would
@pytest.mark.parametrize("sign", ["#", "'", ".", "-", "_", "1", "1,", "a", "取"])
def test_the_guard_reads_rows_of_signs_in_one_pass(sign: str) -> None:
    row = sign * (1400 // len(sign))
    for text in (f"I do not {row} a b c d e f cancel", f"not{row} a b c d e f g cancel", f"don't {row} cancel"):
        (wish,) = re.finditer("cancel", text)
        near = text.startswith("don't") and not {*sign} & {".", ","}  # one word away, in the same clause
        assert negated(text, wish) == near
        assert bool(foreign(text, "en", (), DESK)) == (sign == "取")
        assert bool(values_in(text, DESK, strict=True)) == (sign[0] == "1" and not text.startswith("not1,"))
        assert bool(problems(text, Bounds("en", ()), DESK)) == (sign in ("取", "1", "#"))  # "###" is a template's mark


def test_pages_of_text_are_sent_back_unread() -> None:
    asked: list[str] = []

    def ask(complaint: str) -> str:
        asked.append(complaint)
        return "." * 100_000

    def check(text: str) -> list[str]:
        raise AssertionError("it is read")

    assert guarded(ask, check, lambda: "template")[0] == "template"
    assert asked == ["", *["longer than 1500 characters"] * 2]


def test_the_stand_in_knows_the_wish() -> None:
    """What is said for a model that is refused each time is the grammar's."""
    user: User = AgendaUser(TASK, DESK)
    with chat_server(lambda body, count: answer(REFUSALS["a refusal"], body)) as server:
        hybrid = HybridUser(TASK, DESK, Endpoint("m", server.base_url, retries=0))
        assert user.open(DeskState()).acts == hybrid.open(DeskState()).acts
        assert user.reply(BAD, DeskState()).text == hybrid.reply(BAD, DeskState()).text
