"""Is what a solution returned what the test expects? Both sides are exact builtins (see codec.py)."""

import collections
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentrl.sandbox.graders import codec

_SEQUENCES, _SETS = (list, tuple), (set, frozenset)
_DIGITS = (6, 9, 12)
_MOST_WORK = 10_000_000
"""Most characters that pairing may compare: a second of the trainer's time or so."""

Order = tuple[str, list[list[float]]]
"""Sorts elements so that those that are equal but for rounding come to the same place: see `order_of`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How exact an answer must be.

    - A bool equals only a bool: True is not 1, unlike in Python.
    - An expected int is met by an int or a float of exactly that value; an expected float by any number within
      `rel_tol` (relative) or `abs_tol` of it. nan equals nan, which a test that expects it means.
    - A tuple and a list with the same elements are equal unless `strict_sequences`; so are a set and a frozenset.
    - Elements of sets and keys of dicts compare exactly, type included, but for int and float of the same value.
    """

    rel_tol: float = 1e-6
    abs_tol: float = 1e-9
    strict_sequences: bool = False


DEFAULT_RULES = Rules()


def same(expected: Any, got: Any, rules: Rules = DEFAULT_RULES) -> bool:
    """Whether `got` is as good as `expected` under the rules."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return _same_number(expected, got, rules)
    if isinstance(expected, complex) and isinstance(got, complex | int | float):
        # An int has parts, too; as a complex it could be too large.
        pairs = ((expected.real, got.real), (expected.imag, got.imag))
        return all(_same_number(left, right, rules) for left, right in pairs)
    if isinstance(expected, _SEQUENCES) and isinstance(got, _SEQUENCES):
        return _alike(expected, got, rules) and all(
            same(left, right, rules) for left, right in zip(expected, got, strict=True)
        )
    if isinstance(expected, _SETS) and isinstance(got, _SETS):
        return {_fingerprint(item) for item in expected} == {_fingerprint(item) for item in got}
    if isinstance(expected, dict) and isinstance(got, dict):
        return _same_dict(expected, got, rules)
    return type(expected) is type(got) and expected == got


def same_unordered(expected: Any, got: Any, rules: Rules = DEFAULT_RULES) -> bool:
    """Whether two sequences hold the same elements, each as often, in any order. Elements compare by `same`."""
    if not isinstance(got, _SEQUENCES) or not _alike(expected, got, rules):
        return False
    return paired(expected, got, _fingerprint, _order, lambda left, right: same(left, right, rules))


def paired(
    expected: Any,
    got: Any,
    text: Callable[[Any], str],
    order: Callable[[Any], Order],
    meets: Callable[[Any, Any], bool],
) -> bool:
    """Whether each expected element has one of its own in `got`, of the same length.

    Elements with the same text pair up first, then those at the same place in `order`; each one left takes the first
    that `meets` it. So keep tolerances below the distances between elements. Where too many are left to try all pairs
    in a second or so, the answer is no.
    """
    left, right = (sorted(rest, key=order) for rest in _without_common(expected, got, text))
    rest = [pair for pair in zip(left, right, strict=True) if not meets(*pair)]
    others = [other for _, other in rest]
    if len(rest) * sum(len(text(other)) for other in others) > _MOST_WORK:
        return False
    for item, _ in rest:
        place = next((place for place, other in enumerate(others) if meets(item, other)), None)
        if place is None:
            return False
        del others[place]
    return True


def order_of(rest: str, numbers: list[float]) -> Order:
    """The key of an element: what of it is no number, its numbers rounded ever less, and its numbers as they are.

    A tiny error in the first number must not decide over the second.
    """
    sortable = [-math.inf if math.isnan(number) else number for number in numbers]
    return rest, [*([float(f"{number:.{digits}g}") for number in sortable] for digits in _DIGITS), sortable]


def _order(value: Any) -> Order:
    numbers: list[float] = []
    return order_of(json.dumps(_without_numbers(value, numbers)), numbers)


def _without_numbers(value: Any, numbers: list[float]) -> Any:
    """A structure for JSON in which numbers that may be inexact are None; they are added to `numbers`."""
    if isinstance(value, complex):
        numbers += [value.real, value.imag]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            numbers.append(float(value))
        except OverflowError:
            numbers.append(math.inf if value > 0 else -math.inf)
    elif isinstance(value, _SEQUENCES):
        return [_without_numbers(item, numbers) for item in value]
    elif isinstance(value, dict):
        named = {_fingerprint(key): item for key, item in value.items()}
        return [[name, _without_numbers(named[name], numbers)] for name in sorted(named)]
    else:
        return _canonical(value)
    return None


def _alike(expected: Any, got: Any, rules: Rules) -> bool:
    return len(expected) == len(got) and not (rules.strict_sequences and type(expected) is not type(got))


def _without_common(expected: Any, got: Any, text: Callable[[Any], str]) -> tuple[list[Any], list[Any]]:
    """Both without the elements that they have in common to the letter."""
    texts = [[text(item) for item in items] for items in (expected, got)]
    common = collections.Counter(texts[0]) & collections.Counter(texts[1])
    rest: tuple[list[Any], list[Any]] = ([], [])
    for items, names, kept in zip((expected, got), texts, rest, strict=True):
        spent = common.copy()
        for item, name in zip(items, names, strict=True):
            if spent[name]:
                spent[name] -= 1
            else:
                kept.append(item)
    return rest


def _same_number(expected: float, got: float, rules: Rules) -> bool:
    if isinstance(expected, int):
        return expected == got
    try:
        if math.isnan(expected) or math.isnan(got):
            return math.isnan(expected) and math.isnan(got)
        return math.isclose(expected, got, rel_tol=rules.rel_tol, abs_tol=rules.abs_tol)
    except OverflowError:  # an int beyond every float
        return expected == got


def _same_dict(expected: dict[Any, Any], got: dict[Any, Any], rules: Rules) -> bool:
    left = {_fingerprint(key): value for key, value in expected.items()}
    right = {_fingerprint(key): value for key, value in got.items()}
    return left.keys() == right.keys() and all(same(value, right[key], rules) for key, value in left.items())


def _fingerprint(value: Any) -> str:
    """A text that two values share exactly when they are equal and of the same type (whole floats count as ints)."""
    return json.dumps(_canonical(value))


def _canonical(value: Any) -> Any:
    """A structure for JSON without the order of sets and dicts. Quoted once, at the end: quotes in quotes double."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, _SETS):
        return {"set": sorted(map(_canonical, value), key=json.dumps)}
    if isinstance(value, _SEQUENCES):
        return {type(value).__name__: [_canonical(item) for item in value]}
    if isinstance(value, dict):
        pairs = ([_canonical(key), _canonical(item)] for key, item in value.items())
        return {"dict": sorted(pairs, key=json.dumps)}
    return codec.encode(value)
