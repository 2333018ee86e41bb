"""Values of exact builtin types as JSON, for what crosses between a solution and its grader.

An object with its own `__eq__`, a subclass of int, a function: none of them can cross. What arrives was built by this
module out of plain builtins, whatever the other side sent. The bounds keep a hostile sender from costing time.
"""

import collections
import json
import math
import os
import struct
from collections.abc import Callable, Iterable
from typing import Any

MAX_BYTES = 1 << 20
"""Most bytes of an answer of the solution."""
MAX_QUESTION_BYTES = 64 << 20
"""Most bytes of what a test asks."""
MAX_DEPTH = 100
MAX_COLLISIONS = 64
"""Most elements of one set or dict that share a hash: collisions made on purpose cost the square of their number."""
_EXACT_IN_JSON = 1 << 53
_TAGS = {tuple: "tuple", set: "set", frozenset: "frozenset"}
_BUILDERS = {"tuple": tuple, "set": set, "frozenset": frozenset}
# These compare equal to the builtin that they become; the conversion happens on the sender's side and trusts nothing.
DICTIONARIES = (dict, collections.Counter, collections.OrderedDict, collections.defaultdict)


Outside = Callable[[Any], Any]
"""Encoding: the structure for a value that is not plain data, or None. Decoding: the value of an unknown tag's pair."""


class CodecError(ValueError):
    """The value, or the text that should hold one, cannot cross."""


def encode(value: Any, depth: int = 0, outside: Outside | None = None) -> Any:
    """`value` as a structure for JSON. Raises CodecError for any type that is not exactly a builtin data type.

    `outside`, if given, sees every value but None, bool, int, float and str first, and may name it by a tag of its own.
    """
    if depth > MAX_DEPTH:
        raise CodecError(f"nested deeper than {MAX_DEPTH}")
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -_EXACT_IN_JSON < value < _EXACT_IN_JSON else {"int": hex(value)}
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if outside is not None and (named := outside(value)) is not None:
        return named
    if kind is list:
        return [encode(item, depth + 1, outside) for item in value]
    return _encode_tagged(value, kind, depth + 1, outside)


def _encode_tagged(value: Any, kind: type, depth: int, outside: Outside | None) -> Any:
    if kind in _TAGS:
        return {_TAGS[kind]: [encode(item, depth, outside) for item in value]}
    if kind in DICTIONARIES:
        pairs = dict.items(value)
        return {"dict": [[encode(key, depth, outside), encode(item, depth, outside)] for key, item in pairs]}
    if kind is complex:
        return {"complex": [encode(value.real), encode(value.imag)]}
    if kind is bytes:
        return {"bytes": value.hex()}
    raise CodecError(f"a value of type {kind.__name__} cannot be passed; only builtin data can")


def decode(data: Any, outside: Outside | None = None) -> Any:
    """The value that `encode` was given. Raises CodecError for a structure that `encode` cannot have made.

    `outside`, if given, makes the value of a pair (tag, content) whose tag is none of this module's.
    """
    try:
        return _decode(data, 0, outside)
    except CodecError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise CodecError(f"malformed value: {error}") from None


def _decode(data: Any, depth: int, outside: Outside | None) -> Any:
    if depth > MAX_DEPTH:
        raise CodecError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(data, list):
        return [_decode(item, depth + 1, outside) for item in data]
    if not isinstance(data, dict):
        return data
    ((tag, content),) = data.items()
    if tag == "int":
        return int(content, 16)
    if tag == "float":
        return float(content)
    if tag == "bytes":
        return bytes.fromhex(content)
    if tag == "complex":
        real, imaginary = (_decode(part, depth + 1, outside) for part in content)
        return complex(real, imaginary)
    if tag == "dict":
        pairs = [(_decode(key, depth + 1, outside), _decode(item, depth + 1, outside)) for key, item in content]
        _check_hashes(key for key, _ in pairs)
        return dict(pairs)
    if outside is not None and tag not in _BUILDERS:
        return outside((tag, content))
    items = [_decode(item, depth + 1, outside) for item in content]
    if tag != "tuple":
        _check_hashes(items)
    return _BUILDERS[tag](items)


def _check_hashes(items: Iterable[Any]) -> None:
    most = max(collections.Counter(map(hash, items)).values(), default=0)
    if most > MAX_COLLISIONS:
        raise CodecError(f"{most} elements share one hash")


def containers(value: Any) -> list[Any]:
    """All lists, dicts and sets in plain data, outermost first: what a function that got the data can change in place.

    The order depends on the structure alone, so that it is the same for `value` and for its decoded copy.
    """
    kind = type(value)
    mapping = kind in DICTIONARIES
    found = [value] if mapping or kind in (list, set) else []
    for item in value.values() if mapping else value if kind in (list, tuple) else ():
        found += containers(item)
    return found


def to_bytes(data: Any, most: int = MAX_BYTES) -> bytes:
    """JSON text as UTF-8, lone surrogates kept. Raises CodecError when it is longer than `most`."""
    text = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(text) > most:
        raise CodecError(f"larger than {most} bytes")
    return text


def from_bytes(text: bytes) -> Any:
    """Read what `to_bytes` wrote. Raises CodecError when it is no JSON."""
    try:
        return json.loads(text.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise CodecError(f"malformed message: {error}") from None


def fresh_number() -> int:
    """A number that a question bears and its answer repeats: who has not read the question cannot know it."""
    return int.from_bytes(os.urandom(6), "big")


def frame(text: bytes) -> bytes:
    """A message with its length before it, for streams."""
    return struct.pack(">I", len(text)) + text
