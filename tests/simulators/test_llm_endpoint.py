"""The client of chat completions: what it sends, what it takes, and what it says when something is wrong."""

import datetime
import math
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from llm_server import Answer, Reply, chat_server, says

from agentrl.errors import ConfigError, ContextError, EndpointError, InfrastructureError
from agentrl.simulators.completions import unquoted, without_thoughts
from agentrl.simulators.endpoint import Endpoint

CUT = " within max_tokens=512; raise it (3 attempts)."
HELLO = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi 你好"}]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def ask(base_url: str, **settings: Any) -> str:
    return Endpoint("m", base_url, **{"backoff": 0.001, "timeout": 5.0, "retries": 2, **settings}).chat(HELLO, seed=7)


def failure(answer: Answer, **settings: Any) -> str:
    """What the error says, without the address."""
    with chat_server(answer) as server:
        with pytest.raises(EndpointError) as caught:
            ask(server.base_url, **settings)
        return str(caught.value).removeprefix(f"{server.base_url}/chat/completions: ")


def always(reply: Reply) -> Answer:
    return lambda body, count: reply


def test_the_request_is_what_servers_expect() -> None:
    with chat_server(always(says("hello"))) as server:
        assert ask(server.base_url, api_key="k", extra={"top_p": 0.9}) == "hello"
        assert ask(server.base_url + "/") == "hello"
    assert server.paths == ["/v1/chat/completions"] * 2
    expected = {"model": "m", "messages": HELLO, "temperature": 0.7, "max_tokens": 512, "seed": 7, "top_p": 0.9}
    assert server.requests[0] == expected
    assert server.headers[0]["Authorization"] == "Bearer k"
    assert "Authorization" not in server.headers[1]


def test_the_key_may_come_from_the_environment_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    with chat_server(always(says("hello"))) as server:
        ask(server.base_url)
    assert server.headers[0]["Authorization"] == "Bearer sesame"
    assert "secret" not in repr(Endpoint("m", "http://h/v1", api_key="secret"))


@pytest.mark.parametrize(
    "first",
    [
        Reply(b"busy", 503),
        Reply(b"slow down", 429, {"Retry-After": "0"}),
        Reply(b"<html>gateway</html>"),
        Reply(None),
        says(None),
        Reply(b'{"choices": []}'),
    ],
)
def test_a_passing_failure_is_tried_again(first: Reply) -> None:
    with chat_server(lambda body, count: says("at last") if count == 2 else first) as server:
        assert ask(server.base_url) == "at last"
    assert len(server.requests) == 3
    assert server.requests[0] == server.requests[2]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b"boom", 500), "answered 500 Internal Server Error: boom (3 attempts)."),
        (Reply(b"", 503), "answered 503 Service Unavailable (3 attempts)."),
        (Reply(b"<html>\n no </html>"), "answered what is no JSON: <html> no </html> (3 attempts)."),
        (Reply(b'{"choices": [{"mess'), 'answered what is no JSON: {"choices": [{"mess (3 attempts).'),
        (Reply(b"[]"), "answered what is no chat completion: [] (3 attempts)."),
        (Reply(b'{"choices": []}'), 'answered without a choice: {"choices": []} (3 attempts).'),
        (Reply(b'{"error": "x"}'), "answered without a choice: x (3 attempts)."),
        (Reply(b'{"choices": [7]}'), 'answered without a text: {"choices": [7]} (3 attempts).'),
        (says(""), "answered with an empty text (3 attempts)."),
        (says("<think>hm", finish_reason="length"), f"answered with thoughts only{CUT}"),
        (says(None, finish_reason="length"), f"answered with thoughts only{CUT}"),
        (says("Hello, I would like", finish_reason="length"), f"did not finish its answer{CUT}"),
        (
            says("Hel", finish_reason="content_filter"),
            "broke its answer off (finish_reason=content_filter) (3 attempts).",
        ),
        (says("Hel", finish_reason="abort"), "broke its answer off (finish_reason=abort) (3 attempts)."),
        (
            Reply(b'{"error": "x", "choices": [{"message": {"content": "Hel"}}]}'),
            "answered with an error: x (3 attempts).",
        ),
    ],
)
def test_a_lasting_failure_says_what_came(reply: Reply, message: str) -> None:
    assert failure(always(reply)) == message


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "answered 400 Bad Request: no."),
        (401, "answered 401 Unauthorized: no. Check api_key (or the variable OPENAI_API_KEY)."),
        (404, "Check the model's name, and that base_url ends where /chat/completions is to follow (usually in /v1)."),
    ],
)
def test_what_cannot_get_better_is_not_tried_again(status: int, advice: str) -> None:
    with chat_server(always(Reply(b"no", status))) as server:
        with pytest.raises(EndpointError) as caught:
            ask(server.base_url)
        assert str(caught.value).endswith(advice)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "The model `n` does not exist.", "type": "NotFoundError", "code": 404}}',
        b'{"object": "error", "message": "The model `n` does not exist.", "type": "NotFoundError", "code": 404}',
        b'{"error": "The model `n` does not exist."}',
    ],
)
def test_the_message_in_an_error_is_told(body: bytes) -> None:
    assert failure(always(Reply(body, 404))).startswith("answered 404 Not Found: The model `n` does not exist. Check")


def test_an_answer_that_is_no_use_is_asked_for_with_another_seed() -> None:
    answers = [Reply(b"busy", 503), says("cut off", finish_reason="length"), says("", finish_reason="stop")]
    with chat_server(lambda body, count: [*answers, says("whole")][count]) as server:
        assert ask(server.base_url, retries=3) == "whole"
    assert [body["seed"] for body in server.requests] == [7, 7, 9, 10]


def test_a_check_says_how_it_went_and_is_soon_over() -> None:
    with chat_server(always(says("hello"))) as server:
        line = Endpoint("m", server.base_url).check()
    assert re.fullmatch(rf"m at {server.base_url} answered a greeting in \d+\.\d\d s", line)
    with chat_server(always(Reply(b"no", 500))) as server, pytest.raises(EndpointError, match=r"\(2 attempts\)"):
        Endpoint("m", server.base_url, retries=9, backoff=0.001).check()


def test_a_proxy_is_not_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with chat_server(always(says("hello"))) as server:
        assert ask(server.base_url) == "hello"


def test_one_client_serves_many_threads_and_who_waits_blocks_nobody() -> None:
    failing = {f"t{i}": 2 for i in range(8)}
    lock = threading.Lock()

    def answer(body: dict[str, Any], count: int) -> Reply:
        name = body["messages"][0]["content"]
        with lock:
            left = failing.get(name, 0)
            failing[name] = left - 1
        return Reply(b"busy", 503) if left > 0 else says(name)

    with chat_server(answer) as server:
        client = Endpoint("m", server.base_url, backoff=0.3)

        def timed(name: str) -> tuple[str, float]:
            began = time.monotonic()
            return client.chat([{"role": "user", "content": name}]), time.monotonic() - began

        with ThreadPoolExecutor(32) as pool:
            told = list(pool.map(timed, [*failing, *(f"u{i}" for i in range(24))]))
    assert [text for text, _ in told] == [*(f"t{i}" for i in range(8)), *(f"u{i}" for i in range(24))]
    assert max(seconds for _, seconds in told[8:]) < min(seconds for _, seconds in told[:8])


def test_a_server_that_does_not_answer_is_left() -> None:
    began = time.monotonic()
    message = failure(always(Reply(b"", delay=2.0)), timeout=0.1, retries=1)
    assert message == "did not answer within 0.1 s (2 attempts)."
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("reply", [Reply(b" " * 99, drip=0.01), Reply(drip=0.05)])  # body, headers
def test_a_server_that_keeps_bytes_back_gets_no_more_time(reply: Reply) -> None:
    began = time.monotonic()
    assert failure(always(reply), timeout=0.3, retries=0) == "did not answer within 0.3 s."
    assert time.monotonic() - began < 1.0


def test_brackets_without_end_are_no_json() -> None:
    assert failure(always(Reply(b"[" * 200_000))).startswith("answered what is no JSON: [[[[")
    assert failure(always(Reply(b"[" * 200_000, 400))).startswith("answered 400 Bad Request: [[[[")


def test_a_key_is_stripped_and_one_that_no_header_can_carry_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sesame\n")
    with chat_server(always(says("hello"))) as server:
        assert ask(server.base_url) == "hello"
        assert server.headers[0]["Authorization"] == "Bearer sesame"
        for wrong in ("two\nlines", "schlüssel"):
            with pytest.raises(EndpointError, match="the key") as caught:
                ask(server.base_url, api_key=wrong)
            assert wrong not in str(caught.value)


def test_a_closed_port_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InfrastructureError) as caught:
        ask(f"http://127.0.0.1:{port}/v1", retries=1)
    expected = f"http://127.0.0.1:{port}/v1/chat/completions: cannot be reached: Connection refused; "
    assert str(caught.value) == expected + "is the server running? (2 attempts)."


def test_a_connection_that_breaks_off_is_named() -> None:
    message = failure(always(Reply(None)), retries=0)
    assert message.startswith(("broke off: ", "cannot be reached: "))


def test_a_long_answer_is_shown_in_part() -> None:
    assert failure(always(Reply(b"x" * 5000, 400))) == f"answered 400 Bad Request: {'x' * 200}...."


@pytest.mark.parametrize(
    "wrong",
    [
        *({"timeout": 0}, {"timeout": math.inf}, {"timeout": 1e12}, {"backoff": math.nan}, {"temperature": "hot"}),
        *({"retries": -1}, {"retries": 1.5}, {"retries": True}, {"max_tokens": 0}, {"max_tokens": 1.5}),
        *({"extra": 3}, {"extra": {"day": datetime.date(2020, 1, 1)}}, {"extra": {"top_p": math.inf}}),
    ],
)
def test_a_setting_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Endpoint("m", "http://h/v1", **wrong)


def test_a_model_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="model=None"):
        Endpoint(None, "http://h/v1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "base_url",
    [
        *("", "localhost:8000", "ftp://x/v1", "http://", "http://[::1/v1", "http://a..b/v1", f"http://{'a' * 70}/v1"),
        *(
            "http://h:port/v1",
            "http://h:99999/v1",
            "http://h/é",
            "http://exa mple/v1",
            "http://h/v1 ",
            "http://h/v1?x=1",
        ),
        *("http://me:secret@h/v1", None),
    ],
)
def test_what_is_no_address_is_refused(base_url: str) -> None:
    with pytest.raises(ConfigError, match="is no address"):
        Endpoint("m", base_url)


@pytest.mark.parametrize("base_url", ["http://[::1]:8000/v1", "https://api.example.com/v1/", "http://10.0.0.1"])
def test_addresses_are_taken(base_url: str) -> None:
    assert Endpoint("m", base_url).url == base_url.rstrip("/") + "/chat/completions"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_key_is_sent_nowhere_else(status: int) -> None:
    with chat_server(always(says("from elsewhere"))) as other:
        moved = Reply(b"", status, {"Location": f"{other.base_url}/chat/completions"})
        told = failure(always(moved), api_key="sesame")
    assert f"answered {status}" in told
    assert f"Requests are not sent on to {other.base_url}/chat/completions; give the right base_url" in told
    assert other.headers == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b'{"error": {"message": "This model\'s maximum context length is 8192 tokens"}}', 400),
        Reply(b"", 413),
        Reply(b'{"error": {"message": "the request exceeds the available context size"}}', 500),
        Reply(b'{"error": {"message": "maximum context length exceeded"}, "choices": []}'),
    ],
)
def test_what_does_not_fit_is_an_error_of_its_own(reply: Reply) -> None:
    with chat_server(always(reply)) as server, pytest.raises(ContextError):
        ask(server.base_url)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>a\nb</think>\n\nYes.", "Yes."),
        ("thought first</think>Yes.", "Yes."),
        ("<think>never closed", ""),
        ("a <think>x</think> b <think>y</think> c", "a  b  c"),
        ("<thinking>x</thinking>ok", "ok"),
        ("<THINK>x</THINK>ok", "ok"),
        ("<reasoning>x</reasoning>ok", "ok"),
        ("<seed:think>x</seed:think>ok", "ok"),
        ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>ok<|return|>", "ok"),
        ("<|channel|>analysis<|message|>never finished", ""),
        ("plain", "plain"),
    ],
)
def test_thoughts_are_dropped(text: str, said: str) -> None:
    assert without_thoughts(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"Yes, please."', "Yes, please."),
        (" “好的” ", "好的"),
        ('He said "ok"', 'He said "ok"'),
        ('"Ok," he said, "fine"', '"Ok," he said, "fine"'),
        ('""', ""),
        ('"', '"'),
    ],
)
def test_quotation_marks_around_a_text_are_dropped_and_others_stay(text: str, said: str) -> None:
    assert unquoted(text) == said
