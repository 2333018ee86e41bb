"""The stream between the trainer and the container: out of any bytes come messages or ProtocolError, nothing else."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.sandbox.docker import frames
from agentrl.sandbox.docker.frames import Kind, ProtocolError

TO_TRAINER = frozenset((Kind.READY, Kind.RESULT, Kind.FAILED, Kind.DATA, Kind.CREDIT, Kind.END, Kind.GONE))
QUICK = settings(max_examples=200, deadline=None)


def portions(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places)]


@QUICK
@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(sorted(TO_TRAINER)), st.binary(max_size=300))),
    st.lists(st.integers(0, 10_000)),
)
def test_messages_come_out_as_they_went_in_however_the_stream_is_cut(
    messages: list[tuple[int, Kind, bytes]], cuts: list[int]
) -> None:
    splitter = frames.Splitter(TO_TRAINER)
    stream = b"".join(b"".join(frames.cut(*message)) for message in messages)
    found = [message for part in portions(stream, cuts) for message in splitter.feed(part)]
    assert [(run, kind, bytes(data)) for run, kind, data in found] == messages


@pytest.mark.parametrize("size", [0, 1, frames.MOST_FRAME, frames.MOST_FRAME + 1, 3 * frames.MOST_FRAME, 1 << 20])
def test_long_messages_are_cut_and_joined_while_others_come_in_between(size: int) -> None:
    long, splitter, found = bytes(range(256)) * (size // 256) + b"x" * (size % 256), frames.Splitter(TO_TRAINER), []
    for frame in frames.cut(7, Kind.RESULT, long):
        assert len(frame) <= frames.MOST_FRAME + frames.HEAD.size
        found += [*splitter.feed(frame), *splitter.feed(b"".join(frames.cut(8, Kind.DATA, b"between")))]
    assert [(run, kind) for run, kind, _ in found].count((7, Kind.RESULT)) == 1
    assert next(bytes(data) for run, _, data in found if run == 7) == long


@QUICK
@given(st.binary(max_size=400), st.lists(st.integers(0, 400)))
def test_garbage_is_no_message_or_a_protocol_error(data: bytes, cuts: list[int]) -> None:
    splitter = frames.Splitter(TO_TRAINER)
    try:
        found = [message for part in portions(data, cuts) for message in splitter.feed(part)]
    except ProtocolError:
        return
    assert all(kind in TO_TRAINER and len(message) <= len(data) for _, kind, message in found)


def head(run: int, kind: int, size: int) -> bytes:
    return frames.HEAD.pack(run, kind, size)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (head(1, 99, 0), "unknown kind"),
        (head(1, Kind.RUN, 0), "unknown kind"),
        (head(1, Kind.RESULT, frames.MOST_FRAME + 1), "the most is"),
        (head(1, Kind.RESULT, 2**32 - 1), "the most is"),
        (head(1, Kind.RESULT | frames.MORE, 1) + b"x" + head(1, Kind.DATA, 1) + b"y", "in the middle"),
        (head(1, Kind.RESULT | frames.MORE, 0), "empty frames"),
    ],
)
def test_what_breaks_the_rules_is_a_protocol_error(stream: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        list(frames.Splitter(TO_TRAINER).feed(stream))


def test_a_message_without_an_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_MESSAGE", 5)
    splitter = frames.Splitter(TO_TRAINER)
    part = head(1, Kind.RESULT | frames.MORE, 3) + b"xxx"
    assert not list(splitter.feed(part))
    with pytest.raises(ProtocolError, match="without an end"):
        list(splitter.feed(part))


def test_a_message_that_is_too_long_is_refused_before_a_byte_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_MESSAGE", 5)
    with pytest.raises(ValueError, match="may have 5 bytes, not 6"):
        next(frames.cut(1, Kind.RUN, b"123456"))


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@QUICK
@given(st.dictionaries(st.text().filter(lambda key: key != "parts"), JSON, max_size=4), st.lists(st.binary()))
def test_a_header_and_its_parts_come_back(header: dict[str, object], parts: list[bytes]) -> None:
    assert frames.unpack(frames.pack(header, parts)) == (header, parts)


@QUICK
@given(st.binary(max_size=200))
def test_garbage_has_no_header(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        frames.unpack(data)


@pytest.mark.parametrize(
    "sizes", ["[-1, 4]", "[1.5]", "[true, 2]", "[1e99]", "{}", "null", '"3"', "[4]", "[2]", "[[3]]", "[1, 1]"]
)
def test_parts_that_do_not_add_up_are_refused(sizes: str) -> None:
    text = b'{"parts": ' + sizes.encode() + b"}"
    with pytest.raises(ProtocolError):
        frames.unpack(len(text).to_bytes(4, "big") + text + b"abc")


def test_deep_nesting_is_a_protocol_error() -> None:
    text = b"[" * 100_000
    with pytest.raises(ProtocolError):
        frames.unpack(len(text).to_bytes(4, "big") + text)


def test_messages_that_are_begun_and_never_ended_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_HELD", 1000)
    joiner = frames.Joiner(frozenset({Kind.RUN}))
    for run in range(10):
        joiner.add(run, Kind.RUN | frames.MORE, b"x" * 100)
    with pytest.raises(ProtocolError, match="begun and not ended"):
        joiner.add(10, Kind.RUN | frames.MORE, b"x")
