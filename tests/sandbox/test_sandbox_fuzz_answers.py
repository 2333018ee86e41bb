"""Whatever bytes come from a solution: no value but plain data, no error but the documented one, no false pass."""

import contextlib
import json
import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.sandbox import CallTest, ExecResult, Status, grade_calls
from agentrl.sandbox.graders import codec
from agentrl.sandbox.graders.compare import same

PROFILE = settings(max_examples=150, deadline=None, derandomize=True)
LARGE = settings(max_examples=5000, deadline=None, derandomize=True)
PLAIN = (type(None), bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict)
TAGS = ("int", "float", "bytes", "complex", "dict", "tuple", "set", "frozenset", "same", "x", "")

json_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
hex_texts = st.sampled_from(["0x", "-0x1", "ff", "0xZ", "nan", "-inf", "1e999", "1_0", " 12 "])
trees = st.recursive(
    json_scalars | hex_texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(TAGS), inner, max_size=2),
    max_leaves=15,
)
hashables = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
values = st.recursive(
    hashables | st.complex_numbers() | st.integers(min_value=1 << 60, max_value=1 << 900),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.sets(hashables, max_size=4)
        | st.dictionaries(hashables, inner, max_size=4)
    ),
    max_leaves=15,
)


def is_plain(value: Any) -> bool:
    """Whether it holds exact builtins and nothing else."""
    if type(value) not in PLAIN:
        return False
    items = [*value.keys(), *value.values()] if type(value) is dict else value
    return type(value) not in (list, tuple, set, frozenset, dict) or all(map(is_plain, items))


def twin(left: Any, right: Any) -> bool:
    """Equal in value and type, all the way down; nan is nan, and -0.0 is not 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(twin, left, right))
    if isinstance(left, dict):
        return len(left) == len(right) and all(map(twin, left, right)) and all(map(twin, left.values(), right.values()))
    return repr(left) == repr(right) or (isinstance(left, set | frozenset) and same(left, right))


def check_tree(tree: Any) -> None:
    try:
        value = codec.decode(tree)
    except codec.CodecError:
        return
    assert is_plain(value)
    assert is_plain(codec.decode(codec.encode(value)))


def check_bytes(text: bytes) -> None:
    try:
        check_tree(codec.from_bytes(text))
    except codec.CodecError:
        return


def check_round_trip(value: Any) -> None:
    back = codec.decode(codec.from_bytes(codec.to_bytes(codec.encode(value))))
    assert is_plain(back)
    assert twin(value, back)


test_any_structure_decodes_to_plain_data_or_is_refused = PROFILE(given(trees)(check_tree))
test_any_bytes_decode_to_plain_data_or_are_refused = PROFILE(given(st.binary(max_size=200))(check_bytes))
test_plain_data_survives_the_round_trip_to_the_letter = PROFILE(given(values)(check_round_trip))
test_more_structures = pytest.mark.slow(LARGE(given(trees)(check_tree)))
test_more_bytes = pytest.mark.slow(LARGE(given(st.binary(max_size=2000))(check_bytes)))
test_more_round_trips = pytest.mark.slow(LARGE(given(values)(check_round_trip)))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"tuple": [' * 5000, '{"int": "0x' + "f" * 900_000 + '"}', '"' * 9])
def test_deep_and_long_texts_are_refused_or_read(text: str) -> None:
    check_bytes(text.encode())


class Puppet:
    """A sandbox whose program is a thread of the test. It says what it is given to say, whatever it is asked.

    Bytes it sends at once. A message waits for a question, whose number it bears: the driver's own way to answer.
    """

    tier = "namespaces"

    def __init__(self, parts: list[bytes | dict[str, Any]]) -> None:
        self.parts = parts

    def run(self, program: str, *, channel: socket.socket | None = None, **unused: Any) -> ExecResult:
        """Play the solution's process, at its worst."""
        assert channel is not None
        with contextlib.suppress(OSError), channel.dup() as own:
            own.settimeout(1)
            own.sendall(codec.frame(codec.to_bytes({"loaded": ["add"]})))
            for part in self.parts:
                own.sendall(part if isinstance(part, bytes) else codec.frame(_answer(own, part)))
        return ExecResult(Status.OK, "", "", 0, 0.0, 0.0, 0.0, self.tier, False, "")

    def place(self) -> contextlib.AbstractContextManager[None]:
        """There is always a place."""
        return contextlib.nullcontext()


def _answer(own: socket.socket, message: dict[str, Any]) -> bytes:
    size = int.from_bytes(own.recv(4, socket.MSG_WAITALL), "big")
    question = codec.from_bytes(own.recv(size, socket.MSG_WAITALL)) if size else {}
    return json.dumps({"number": question.get("number"), **message}).encode()


EXPECTED = 123456789
TESTS = [CallTest((1, 2), EXPECTED), CallTest((3, 4), EXPECTED)]
answers = st.sampled_from(
    [
        {"value": EXPECTED},
        {"value": EXPECTED + 1},
        {"value": True},
        {"value": {"float": str(EXPECTED) + "1"}},
        {"value": {"int": hex(EXPECTED)}},
        {"value": {"int": hex(EXPECTED + 1)}},
        {"value": [EXPECTED]},
        {"value": {"tuple": [EXPECTED]}},
        {"value": str(EXPECTED)},
        {"value": {"complex": [EXPECTED, 1]}},
        {"value": EXPECTED, "number": 7},
        {"value": EXPECTED, "number": None},
        {"passed": True, "got": str(EXPECTED)},
        {"loaded": True, "passed": True},
        {"raised": {"builtin": ["ValueError"]}, "values": EXPECTED},
        {"Value": EXPECTED},
    ]
)
parts = (
    st.binary(max_size=40)
    | answers
    | answers.map(lambda message: codec.frame(codec.to_bytes(message)))
    | trees.map(lambda tree: {"value": tree})
    | st.dictionaries(st.sampled_from(("value", "number", "error", "refused", "raised", "x")), trees, max_size=3)
    | st.integers(0, (1 << 32) - 1).map(lambda size: size.to_bytes(4, "big"))
)


def is_right(part: bytes | dict[str, Any]) -> bool:
    """Whether this part is an honest right answer: a message, with the question's number, of the expected value."""
    if isinstance(part, bytes) or "number" in part or "value" not in part:
        return False
    try:
        return same(EXPECTED, codec.decode(json.loads(json.dumps(part["value"]))))
    except codec.CodecError:
        return False


def check_no_false_pass(said: list[bytes | dict[str, Any]]) -> None:
    report = grade_calls(Puppet(said), "", "add", TESTS)  # type: ignore[arg-type]
    assert len(report.outcomes) == 2
    assert sum(outcome.passed for outcome in report.outcomes) <= sum(map(is_right, said))


HUGE = 10**400
NAN, INFINITY = float("nan"), float("inf")
ODD = (None, True, 0, HUGE, -HUGE, -0.0, 1e308, NAN, -INFINITY, 1j, complex(0, NAN), "", "\ud800", b"", b"\xff")
NESTED = ([HUGE], [1j], (), (1e308,), set(), {HUGE}, frozenset([1j, NAN]), {}, {1: HUGE}, {1: 1j}, {HUGE: 1.0}, [{()}])
any_values = values | st.sampled_from(ODD + NESTED)


def check_any_expected(expected: Any, got: Any, unordered: bool) -> None:
    """The grader never raises, takes the expected value itself, and says of any other what `same` says."""
    unordered = unordered and isinstance(expected, list | tuple)
    test = CallTest((), expected, unordered=unordered)
    encoded: list[bytes | dict[str, Any]] = [{"value": codec.encode(value)} for value in (expected, got)]
    report = grade_calls(Puppet(encoded), "", "add", [test, test])  # type: ignore[arg-type]
    assert [outcome.passed for outcome in report.outcomes] == [True, test.met_by(got)]
    assert not test.met_by(got) or unordered or same(expected, got)


@pytest.mark.parametrize("expected", ODD + NESTED, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("unordered", [False, True])
def test_every_kind_of_value_is_compared_with_every_other(expected: Any, unordered: bool) -> None:
    for got in ODD + NESTED:
        check_any_expected(expected, got, unordered)


expectations = given(any_values, any_values, st.booleans())
test_an_answer_is_compared_with_any_expected_value = PROFILE(expectations(check_any_expected))
test_more_answers_are_compared = pytest.mark.slow(LARGE(expectations(check_any_expected)))

conversations = st.lists(parts, max_size=4)
SMALL = settings(max_examples=100, deadline=None, derandomize=True)
test_nothing_that_a_solution_says_is_a_false_pass = SMALL(given(conversations)(check_no_false_pass))
test_nothing_more_that_it_says_is_a_false_pass = pytest.mark.slow(LARGE(given(conversations)(check_no_false_pass)))


def test_the_puppet_passes_with_right_answers() -> None:
    assert grade_calls(Puppet([{"value": EXPECTED}, {"value": EXPECTED}]), "", "add", TESTS).all_passed  # type: ignore[arg-type]


def test_an_answer_without_the_number_of_its_question_does_not_count() -> None:
    said: list[bytes | dict[str, Any]] = [{"value": EXPECTED, "number": 0}, {"value": EXPECTED}]
    assert grade_calls(Puppet(said), "", "add", TESTS).passed_share == 0  # type: ignore[arg-type]
