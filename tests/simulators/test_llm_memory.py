"""What a user's model is shown of a conversation, however much an agent writes."""

from collections.abc import Callable, Sequence

import pytest
from llm_server import Reply, chat_server, says

from agentrl.errors import ContextError
from agentrl.simulators import Endpoint, HybridUser, Persona, PolicyUser
from agentrl.simulators.endpoint import Message
from agentrl.simulators.example import DESK, DeskState, sample_task
from agentrl.simulators.memory import LONGEST_READ, Memory, read_part

FLOOD = "so " * 9_000
PLAIN = Persona(id="p", display_name="Ana Silva", patience=40)


def fits(limit: int, shown: list[Sequence[Message]]) -> Callable[[Sequence[Message], int], str]:
    """A model whose context holds so many characters."""

    def respond(messages: Sequence[Message], seed: int) -> str:
        if sum(len(message["content"]) for message in messages) > limit:
            raise ContextError("too long")
        shown.append(list(messages))
        return "Hello"

    return respond


def test_a_message_is_read_up_to_a_limit() -> None:
    assert read_part("short") == "short"
    assert read_part(FLOOD) == FLOOD[:LONGEST_READ] + " [...]"
    assert read_part(read_part(FLOOD)) == read_part(FLOOD)


def test_the_oldest_turns_are_forgotten_in_pairs() -> None:
    shown: list[Sequence[Message]] = []
    memory = Memory("system", "begin")
    for turn in range(20):
        memory.say(f"answer {turn}")
        memory.hear(f"{turn} {FLOOD}")
        memory.ask(fits(10**9, shown), 0)
    assert len(memory.heard) == 21
    last = shown[-1]
    assert sum(len(message["content"]) for message in last) < 25_000
    assert [message["role"] for message in last] == ["system", *["user", "assistant"] * ((len(last) - 2) // 2), "user"]
    assert last[-1]["content"].startswith("19 so")
    assert last[-2]["content"] == "answer 19"


@pytest.mark.parametrize("limit", [20_000, 5_000, 1_000])
def test_what_does_not_fit_is_forgotten_and_then_cut(limit: int) -> None:
    shown: list[Sequence[Message]] = []
    memory = Memory("system", "begin")
    for _ in range(6):
        memory.say("answer")
        memory.hear(FLOOD)
        assert memory.ask(fits(limit, shown), 0, "note") == "Hello"
        assert shown[-1][-1]["content"].endswith("\n\nnote")
        assert shown[-1][1]["role"] == "user"


def test_a_context_that_holds_nothing_is_told() -> None:
    memory = Memory("system " * 100, "begin")
    memory.say("hi")
    memory.hear(FLOOD)
    with pytest.raises(ContextError):
        memory.ask(fits(500, []), 0)


def test_a_flood_is_no_failure_of_a_user_who_speaks_freely() -> None:
    user = PolicyUser(sample_task(3, PLAIN), DESK, fits(4_000, []))
    user.open(DeskState())
    for number in range(12):
        assert user.reply(f"{number} {FLOOD}", DeskState()).text == "Hello"


def test_a_flood_is_no_failure_of_a_user_who_is_worded() -> None:
    def answer(body: dict[str, list[Message]], count: int) -> Reply:
        if sum(len(message["content"]) for message in body["messages"]) > 3_000:
            return Reply(b"{}", 400)
        return says(str(body["messages"][-1]["content"]).rsplit("other words:\n", maxsplit=1)[-1])

    with chat_server(answer) as server:
        user = HybridUser(sample_task(3, PLAIN), DESK, Endpoint("m", server.base_url, retries=0))
        user.open(DeskState())
        turn = user.reply(f"What is your zip code? {FLOOD}", DeskState())
    assert turn.text
    assert turn.guard == ()
