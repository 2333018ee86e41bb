"""Values of exact builtin types as JSON, for what crosses between a solution and its grader.

An object with its own `__eq__`, a subclass of int, a function: none of them can cross. What arrives was built by this
module out of plain builtins, whatever the other side sent. The bounds keep a hostile sender from costing time.
"""

import collections
import json
import math
import struct
from collections.abc import Iterator
from typing import Any

MAX_BYTES = 1 << 20
MAX_DEPTH = 100
MAX_HASHED = 20_000
"""Most elements of one set or dict: their hashes may collide on purpose, which costs the square."""
_EXACT_IN_JSON = 1 << 53
_TAGS = {tuple: "tuple", set: "set", frozenset: "frozenset"}
_BUILDERS = {"tuple": tuple, "set": set, "frozenset": frozenset}
# These compare equal to the builtin that they become; the conversion happens on the sender's side and trusts nothing.
_DICTIONARIES = (dict, collections.Counter, collections.OrderedDict, collections.defaultdict)


class CodecError(ValueError):
    """The value, or the text that should hold one, cannot cross."""


def encode(value: Any, depth: int = 0) -> Any:
    """`value` as a structure for JSON. Raises CodecError for any type that is not exactly a builtin data type."""
    if depth > MAX_DEPTH:
        raise CodecError(f"nested deeper than {MAX_DEPTH}")
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -_EXACT_IN_JSON < value < _EXACT_IN_JSON else {"int": hex(value)}
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is list:
        return [encode(item, depth + 1) for item in value]
    return _encode_tagged(value, kind, depth)


def _encode_tagged(value: Any, kind: type, depth: int) -> Any:
    if kind in _TAGS:
        return {_TAGS[kind]: [encode(item, depth + 1) for item in value]}
    if kind in _DICTIONARIES:
        return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in dict.items(value)]}
    if kind is complex:
        return {"complex": [encode(value.real), encode(value.imag)]}
    if kind is bytes:
        return {"bytes": value.hex()}
    raise CodecError(f"a value of type {kind.__name__} cannot be passed; only builtin data can")


def decode(data: Any) -> Any:
    """The value that `encode` was given. Raises CodecError for a structure that `encode` cannot have made."""
    try:
        return _decode(data, 0)
    except CodecError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise CodecError(f"malformed value: {error}") from None


def _decode(data: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise CodecError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(data, list):
        return [_decode(item, depth + 1) for item in data]
    if not isinstance(data, dict):
        return data
    ((tag, content),) = data.items()
    if tag == "int":
        return int(content, 16)
    if tag == "float":
        return float(content)
    if tag == "bytes":
        return bytes.fromhex(content)
    if len(content) > MAX_HASHED and tag != "tuple":
        raise CodecError(f"a {tag} with more than {MAX_HASHED} elements")
    if tag == "complex":
        real, imaginary = (_decode(part, depth + 1) for part in content)
        return complex(real, imaginary)
    if tag == "dict":
        return {_decode(key, depth + 1): _decode(item, depth + 1) for key, item in content}
    return _BUILDERS[tag](_decode(item, depth + 1) for item in content)


def to_bytes(data: Any) -> bytes:
    """JSON text as UTF-8, lone surrogates kept. Raises CodecError when it is longer than `MAX_BYTES`."""
    text = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(text) > MAX_BYTES:
        raise CodecError(f"larger than {MAX_BYTES} bytes")
    return text


def from_bytes(text: bytes) -> Any:
    """Read what `to_bytes` wrote. Raises CodecError when it is no JSON."""
    try:
        return json.loads(text.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise CodecError(f"malformed message: {error}") from None


def frame(text: bytes) -> bytes:
    """A message with its length before it, for streams."""
    return struct.pack(">I", len(text)) + text


def frames(stream: bytes) -> Iterator[bytes]:
    """The complete messages of a stream; a rest that is cut off, or a length out of bounds, ends them."""
    place = 0
    while place + 4 <= len(stream):
        (size,) = struct.unpack_from(">I", stream, place)
        if size > MAX_BYTES or place + 4 + size > len(stream):
            return
        yield stream[place + 4 : place + 4 + size]
        place += 4 + size
