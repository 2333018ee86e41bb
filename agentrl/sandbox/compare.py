"""Is what a solution returned what the test expects? Both sides are exact builtins (see codec.py)."""

import json
import math
from typing import Any

from agentrl.sandbox import codec

_ABSOLUTE = 1e-9
_SEQUENCES, _SETS = (list, tuple), (set, frozenset)


def same(expected: Any, got: Any, *, tolerance: float = 1e-6, strict_sequences: bool = False) -> bool:
    """Whether `got` is as good as `expected`.

    - A bool equals only a bool: True is not 1, unlike in Python.
    - int and float compare by value; when one of them is a float, within the relative `tolerance` (and 1e-9 near 0).
      nan equals nan, which a test that expects it means.
    - A tuple and a list with the same elements are equal unless `strict_sequences`; so are a set and a frozenset.
    - Elements of sets and keys of dicts compare exactly, type included, but for int and float of the same value.
    """
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return _same_number(expected, got, tolerance)
    if isinstance(expected, complex) and isinstance(got, complex | int | float):
        got = complex(got)
        pairs = ((expected.real, got.real), (expected.imag, got.imag))
        return all(_same_number(left, right, tolerance) for left, right in pairs)
    if isinstance(expected, _SEQUENCES) and isinstance(got, _SEQUENCES):
        if len(expected) != len(got) or (strict_sequences and type(expected) is not type(got)):
            return False
        return all(
            same(left, right, tolerance=tolerance, strict_sequences=strict_sequences)
            for left, right in zip(expected, got, strict=True)
        )
    if isinstance(expected, _SETS) and isinstance(got, _SETS):
        return {_fingerprint(item) for item in expected} == {_fingerprint(item) for item in got}
    if isinstance(expected, dict) and isinstance(got, dict):
        return _same_dict(expected, got, tolerance, strict_sequences)
    return type(expected) is type(got) and expected == got


def _same_number(expected: float, got: float, tolerance: float) -> bool:
    if isinstance(expected, int) and isinstance(got, int):
        return expected == got
    try:
        if math.isnan(expected) or math.isnan(got):
            return math.isnan(expected) and math.isnan(got)
        return math.isclose(expected, got, rel_tol=tolerance, abs_tol=_ABSOLUTE if tolerance else 0.0)
    except OverflowError:  # an int beyond every float
        return expected == got


def _same_dict(expected: dict[Any, Any], got: dict[Any, Any], tolerance: float, strict_sequences: bool) -> bool:
    left = {_fingerprint(key): value for key, value in expected.items()}
    right = {_fingerprint(key): value for key, value in got.items()}
    return left.keys() == right.keys() and all(
        same(value, right[key], tolerance=tolerance, strict_sequences=strict_sequences) for key, value in left.items()
    )


def _fingerprint(value: Any) -> str:
    """A text that two hashable values share exactly when they are equal and of the same type (floats as ints)."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, _SETS):
        return "set:" + ",".join(sorted(_fingerprint(item) for item in value))
    if isinstance(value, tuple):
        return "tuple:" + json.dumps([_fingerprint(item) for item in value])
    return json.dumps(codec.encode(value))
