"""What may cross between a solution and its grader, and how values are compared."""

import collections
import enum
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.sandbox.graders import codec
from agentrl.sandbox.graders.compare import Rules, same

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.complex_numbers()
    | st.integers(min_value=10**400, max_value=10**500)
)
hashables = st.recursive(
    scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5
)
values = st.recursive(
    scalars | st.sets(hashables, max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(hashables, inner, max_size=4),
    max_leaves=20,
)
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["int", "float", "set", "dict", "complex", "bytes", "tuple", "x"]), inner, max_size=2
        )
    ),
    max_leaves=12,
)


def types_of(value: Any) -> Any:
    """The types of a value and of all that it holds."""
    if isinstance(value, list | tuple):
        return type(value), [types_of(item) for item in value]
    if isinstance(value, dict):
        return dict, [(types_of(key), types_of(item)) for key, item in value.items()]
    return type(value)


@settings(max_examples=200, deadline=None)
@given(values)
def test_values_survive_the_round_trip_with_their_types(value: Any) -> None:
    back = codec.decode(codec.from_bytes(codec.to_bytes(codec.encode(value))))
    assert types_of(back) == types_of(value)
    assert repr(back) == repr(value) or same(value, back, Rules(0, 0, True))


@settings(max_examples=200, deadline=None)
@given(trees)
def test_whatever_is_sent_decodes_to_builtins_or_is_refused(tree: Any) -> None:
    try:
        value = codec.decode(codec.from_bytes(codec.to_bytes(tree)))
    except codec.CodecError:
        return
    codec.encode(value)


class SlyInt(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class SlyObject:
    def __eq__(self, other: object) -> bool:
        return True

    __class__ = int  # type: ignore[assignment]
    __hash__ = object.__hash__


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    "value",
    [
        SlyInt(3),
        SlyObject(),
        Colour.RED,
        object(),
        int,
        len,
        range(3),
        iter([]),
        bytearray(),
        [SlyInt(3)],
        {1: object()},
    ],
)
def test_nothing_but_exact_builtins_is_encoded(value: Any) -> None:
    with pytest.raises(codec.CodecError):
        codec.encode(value)


@pytest.mark.parametrize("kind", [collections.Counter, collections.OrderedDict])
def test_dictionaries_of_the_standard_library_become_plain(kind: Any) -> None:
    back = codec.decode(codec.encode(kind({"a": 1})))
    assert back == {"a": 1}
    assert type(back) is dict


def test_deep_cyclic_and_large_values_are_refused() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(codec.CodecError, match="nested"):
        codec.encode(cycle)
    with pytest.raises(codec.CodecError, match="larger"):
        codec.to_bytes("x" * (codec.MAX_BYTES + 1))


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b"\xff\xfe",
        b"{",
        b'{"int": "zz"}',
        b'{"set": [[1]]}',
        b'{"dict": [1]}',
        b'{"x": 1}',
        b"{}",
        b"1" * 5000,
    ],
)
def test_malformed_messages_are_refused(text: bytes) -> None:
    with pytest.raises(codec.CodecError):
        codec.decode(codec.from_bytes(text))


def test_colliding_hashes_are_bounded() -> None:
    crowd = {"set": [{"int": hex(n * (2**61 - 1))} for n in range(codec.MAX_COLLISIONS + 1)]}
    with pytest.raises(codec.CodecError, match="share one hash"):
        codec.decode(crowd)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (3, 3),
        (2.0, 2),
        (0.1 + 0.2, 0.3),
        (math.nan, math.nan),
        ([1, (2, 3)], (1, [2, 3])),
        ({1, 2}, frozenset({2, 1})),
        ({1: [0.30000000000000004]}, {1: [0.3]}),
        (10**400, 10**400),
        (0.0, -0.0),
        ("a", "a"),
        (1 + 2j, 1 + 2j),
    ],
)
def test_good_answers(expected: Any, got: Any) -> None:
    assert same(expected, got)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1, True),
        (True, 1),
        (0, False),
        ([1], [True]),
        ({1}, {True}),
        ({1: 2}, {True: 2}),
        (0, None),
        ("1", 1),
        (1, math.nan),
        (math.inf, -math.inf),
        (10**400, 1.0),
        ([1, 2], {1, 2}),
        ([1, 2], [1, 2, 3]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ("a", b"a"),
        (0.3, 0.301),
        ({(1, 2)}, {(1, 3)}),
    ],
)
def test_bad_answers(expected: Any, got: Any) -> None:
    assert not same(expected, got)


def test_strict_sequences_tell_tuples_from_lists() -> None:
    assert not same((1,), [1], Rules(strict_sequences=True))
    assert same([(1,)], [(1,)], Rules(strict_sequences=True))


@settings(deadline=None)
@given(values)
def test_every_value_is_the_same_as_itself(value: Any) -> None:
    assert same(value, codec.decode(codec.encode(value)), Rules(0, 0, True))
